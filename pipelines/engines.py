"""Beam options by engine, and running a pipeline on one."""

import argparse
import contextlib
import functools
import io
import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, SetupOptions, StandardOptions
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.runner import create_runner

from filters.chain import fault_of, first_cause
from pipelines import engine_workers
from pipelines.engine_words import reason_in


class EngineError(Exception):
    """The engine's options are wrong, or the engine gave up; the message says which and why."""


class TemplateWritten(Exception):
    """The options ask for the template of a job, and not for the job. location: where it was written."""

    def __init__(self, location: str) -> None:
        super().__init__(f"a template was written: {location}")
        self.location = location


def run_in_process(build: Callable[[beam.Pipeline], None], options: Sequence[str] = ()) -> None:
    """Run a pipeline on the direct runner in this process.

    FnApiRunner is named because DirectRunner first tries to fetch a Prism binary from the network. Of options that name
    another runner only those of the file systems matter here.
    """
    elsewhere = names_runner(options)
    own = () if elsewhere else tuple(options)
    check_options(own)
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=_ViewedOnce(list(own)))
    if elsewhere:
        open_file_systems(options, checked=False)
    with _own_labels():
        build(pipeline)
    with _quiet():
        pipeline.run().wait_until_finish()


class _ViewedOnce(PipelineOptions):
    """Options that keep their views: Beam asks for about 150 of them a pipeline, and builds a parser for each."""

    def view_as(self, cls: type[Any]) -> Any:
        views = self.__dict__.setdefault("_views", {})
        if cls not in views:
            views[cls] = super().view_as(cls)
        return views[cls]


@contextlib.contextmanager
def _own_labels() -> Iterator[None]:
    """Keep the names of transforms in a notebook too, where Beam would import its interactive runner (and pandas, which
    may not be there) to put the number of the cell before them."""
    theirs = beam.pipeline.alter_label_if_ipython
    beam.pipeline.alter_label_if_ipython = lambda transform, pvalueish: None
    try:
        yield
    finally:
        beam.pipeline.alter_label_if_ipython = theirs


def names_runner(options: Sequence[str]) -> bool:
    """Whether Beam options name a runner, which then gets the whole recipe as one graph."""
    return any(option == "--runner" or option.startswith("--runner=") for option in options)


def names_template(options: Sequence[str]) -> bool:
    """Whether Beam options ask for the template of a job."""
    return bool(PipelineOptions(list(options)).view_as(GoogleCloudOptions).template_location)


# DirectRunner would first try to fetch a Prism binary from the network, and may hang there.
_DIRECT = ("fnapirunner", "directrunner", "direct")


def run_on_engine(build: Callable[[beam.Pipeline], None], options: Sequence[str]) -> None:
    """Run a pipeline on the runner that the options name.

    Raises EngineError for options Beam does not know, and TemplateWritten where nothing runs yet.
    """
    parsed = parse_options(options)
    # Strategies of third parties are pickled by reference; what a main module defines has to travel.
    parsed.view_as(SetupOptions).save_main_session = False
    name = parsed.view_as(StandardOptions).runner or ""
    runner = followed_to_its_end(_runner(name))
    told = not isinstance(runner, FnApiRunner)
    try:
        with _quiet():
            pipeline = beam.Pipeline(runner=runner, options=parsed)
    except Exception as error:
        raise EngineError(f"{name} {_gave_up(error, told)}") from None
    with _own_labels():
        build(pipeline)  # an error here is the recipe's, not the engine's
    try:
        with _quiet(), engine_workers.watched(runner, parsed) as run:
            result = run(pipeline)
    except engine_workers.WorkerLost as error:
        raise EngineError(f"{name} gave up: {error}") from None
    except Exception as error:
        raise EngineError(f"{name} {_gave_up(error, told)}") from None
    template = parsed.view_as(GoogleCloudOptions).template_location
    if template:
        raise TemplateWritten(template)
    try:
        with _quiet():
            state = result.wait_until_finish()
    except Exception as error:
        raise EngineError(f"{name} {_gave_up(error)}") from None
    if state is not None and str(state) not in ("DONE",):
        raise EngineError(f"{name} ended in state {state}")


def _gave_up(error: Exception, told: bool = False) -> str:
    """Why an engine gave up, or does not start (told: nothing of the input has been read then)."""
    # the text of an error of gRPC begins with the name of a class; its details are what the server says
    details = getattr(error, "details", None)
    text = str(details() if callable(details) else error)
    said = text.strip().splitlines()
    if told and said and not _in_a_worker(error):
        return f"does not start: {said[0]:.300}"
    reason = reason_in(text, own_words=not _in_a_worker(error))
    return f"gave up: {reason or ': '.join(fault_of(first_cause(error)))}"


def _in_a_worker(error: BaseException | None) -> bool:
    """Whether an error comes out of a bundle: some runners run the whole pipeline when they are asked to start it."""
    while error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        if "Traceback" in str(error) or any("/apache_beam/runners/worker/" in frame.filename for frame in frames):
            return True
        error = error.__cause__ or error.__context__
    return False


def _runner(name: str) -> Any:
    if name.rpartition(".")[2].lower() in _DIRECT:
        return FnApiRunner()
    try:
        return create_runner(name)
    except (ValueError, ImportError, AttributeError) as error:
        raise EngineError(f"runner {name!r}: {error}") from error


def followed_to_its_end(runner: Any) -> Any:
    """The runner, which follows a job for as long as it takes.

    Beam's client of a job server gives up after --job_server_timeout (300 s) on the stream of a job's states too, where
    the server calls a job what it called its preparation, as Prism does.
    """
    if hasattr(runner, "create_job_service_handle"):  # PortableRunner, which is not imported for this alone
        make = runner.create_job_service_handle

        def handle(*arguments: Any) -> Any:
            found = make(*arguments)
            run = found.run

            def patiently(preparation: str) -> Any:
                found.timeout = None
                return run(preparation)

            found.run = patiently
            return found

        runner.create_job_service_handle = handle
    return runner


def parse_options(options: Sequence[str]) -> PipelineOptions:
    """Beam options from the command line; raises EngineError for those that Beam does not know."""
    check_options(tuple(options))
    return PipelineOptions(list(options))


@functools.lru_cache(maxsize=16)  # every unit of a run has the same
def check_options(options: tuple[str, ...]) -> None:
    """Raise EngineError for options that Beam does not know, or that their runner refuses."""
    try:
        with contextlib.redirect_stderr(io.StringIO()) as said, _quiet():
            parsed = PipelineOptions(list(options))
            _, unknown = option_parser().parse_known_args(list(options))
            runner = parsed.view_as(StandardOptions).runner
    except SystemExit:
        raise EngineError(said.getvalue().strip().rpartition("\n")[2] or "options that Beam cannot read") from None
    except Exception as error:  # some options parse their own values, and raise what comes of it
        raise EngineError(f"Beam cannot read them: {error}") from None
    for option in unknown:
        if option.startswith("-"):
            raise EngineError(f"Beam does not know the option {option}")
        raise EngineError(f"{option!r} does not belong to any option")
    if runner:
        with _quiet():
            validator = PipelineOptionsValidator(parsed, _runner(runner))
            wrong = _wrong_locations(validator, parsed) or validator.validate()
        if wrong:
            raise EngineError(f"{runner}: {' '.join(wrong)}")


def _wrong_locations(validator: Any, parsed: PipelineOptions) -> list[str]:
    """What is wrong with the locations for Dataflow's files, where Beam would silently make a bucket of its own."""
    cloud = parsed.view_as(GoogleCloudOptions)
    given = [name for name in ("temp_location", "staging_location") if getattr(cloud, name)]
    if not validator.is_service_runner():
        return []
    return [error for name in given for error in validator.validate_gcs_path(cloud, name)]


def option_parser() -> argparse.ArgumentParser:
    """The parser of all options Beam knows. Beam hands it out for runners to add theirs, and keeps it otherwise."""
    parsers: list[argparse.ArgumentParser] = []
    PipelineOptions([]).get_all_options(add_extra_args_fn=parsers.append)
    return parsers[0]


def open_file_systems(options: Sequence[str], checked: bool = True) -> None:
    """Hand options (S3 endpoints, HDFS hosts, Google Cloud projects) to Beam's file systems in this process.

    A pipeline does this by itself when it is made; whoever lists or opens files before that calls this first.
    checked  whether EngineError is raised for options Beam does not know; workers get those that the driver checked
    """
    FileSystems.set_options(parse_options(options) if checked else PipelineOptions(list(options)))


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
