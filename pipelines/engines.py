"""Beam options by engine, and running a pipeline on one."""

import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions, StandardOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner


class EngineError(Exception):
    """The engine's options are wrong, or the engine gave up; the message says which and why."""


def run_in_process(build: Callable[[beam.Pipeline], None], options: Sequence[str] = ()) -> None:
    """Run a pipeline on the direct runner in this process.

    FnApiRunner is named because DirectRunner first tries to fetch a Prism binary from the network.
    """
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=_options(options))
    build(pipeline)
    with _quiet():
        pipeline.run().wait_until_finish()


def names_runner(options: Sequence[str]) -> bool:
    """Whether Beam options name a runner, which then gets the whole recipe as one graph."""
    return any(option == "--runner" or option.startswith("--runner=") for option in options)


def run_on_engine(build: Callable[[beam.Pipeline], None], options: Sequence[str]) -> None:
    """Run a pipeline on the runner that the options name. Raises EngineError for options Beam does not know."""
    parsed = _options(options)
    # Strategies of third parties are pickled by reference; what a main module defines has to travel.
    parsed.view_as(SetupOptions).save_main_session = False
    name = parsed.view_as(StandardOptions).runner or ""
    runner: Any = FnApiRunner() if name.rpartition(".")[2].lower() == "fnapirunner" else name
    try:
        pipeline = beam.Pipeline(runner=runner, options=parsed)
    except (ValueError, ImportError, AttributeError) as error:
        raise EngineError(f"runner {name!r}: {error}") from error
    build(pipeline)
    with _quiet():
        result = pipeline.run()
        state = result.wait_until_finish()
    if state is not None and str(state) not in ("DONE",):
        raise EngineError(f"{name} ended in state {state}")


def _options(options: Sequence[str]) -> PipelineOptions:
    parsed = PipelineOptions(list(options))
    known = set(parsed.get_all_options(drop_default=False))
    unknown = [
        option
        for option in options
        if option.startswith("--") and option[2:].partition("=")[0].removeprefix("no_") not in known
    ]
    if unknown:
        raise EngineError(f"Beam does not know the option {unknown[0]}")
    return parsed


@contextlib.contextmanager
def _quiet() -> Any:
    """Beam logs every stage it fuses, and the messages of exceptions, which may quote a document's text."""
    logger = logging.getLogger("apache_beam")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
