"""Runners whose workers share nothing with the driver but an object store: what a cluster is, on one machine."""

import os
import sys
from pathlib import Path
from typing import Any

from apache_beam.runners.portability.fn_api_runner import FnApiRunner, execution, translations
from apache_beam.transforms.environments import SubprocessSDKEnvironment

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def visible() -> str:
    """The folders an isolated worker sees besides the system: the interpreter and its packages."""
    wanted = {Path(sys.base_prefix), Path(sys.prefix), *map(Path, packages())}
    outer: list[Path] = []
    for folder in sorted(wanted):
        if folder.is_dir() and not any(folder.is_relative_to(path) for path in [*outer, Path("/usr")]):
            outer.append(folder)
    return ":".join(map(str, outer))


def packages() -> list[str]:
    """The folders of installed packages."""
    return [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]


class Isolated(FnApiRunner):
    """FnApiRunner with processes of another user as workers, each in namespaces of its own (see isolated.sh)."""

    def __init__(self) -> None:
        log = os.environ["CURATE_TEST_WORKER_LOG"]
        command = f"exec {HERE}/isolated.sh {sys.executable} -m tests.engines.worker 2>>{log}"
        super().__init__(default_environment=SubprocessSDKEnvironment.from_command_string(command))


class Unfused(Isolated):
    """The same, with no two transforms in one bundle and elements dealt to the workers in turn.

    Every engine is free to do either: Beam promises no fusion and no bundles.
    """

    def run_pipeline(self, pipeline: Any, options: Any) -> Any:
        fuse, deal = translations.Stage.can_fuse, execution.ListBuffer.partition

        def in_turn(buffer: Any, parts: int) -> Any:
            if parts > 1 and len(buffer._inputs) > 1 and not buffer._grouped_output:
                buffer._inputs = [b"".join(buffer._inputs)]
            return deal(buffer, parts)

        translations.Stage.can_fuse = lambda *_: False
        execution.ListBuffer.partition = in_turn
        try:
            return super().run_pipeline(pipeline, options)
        finally:
            translations.Stage.can_fuse, execution.ListBuffer.partition = fuse, deal
