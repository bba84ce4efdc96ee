"""A run's directory as it is found: finished, or stopped halfway."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate import recipe as recipes
from curate.configuration import RecipeError
from curate.recipe import Recipe
from curate.rundir import TABLES, UsageError, removed_by_stage
from pipelines import manifest, storage
from pipelines.inputs import READ, WORK
from pipelines.manifest import FileRecord, ManifestError

ROWS = 10_000  # of a batch


@dataclass(frozen=True)
class Output:
    """What a run left in its directory.

    root         the directory
    result       what run.json holds; empty for a run that was stopped
    recipe       the filled recipe, as plain data
    fingerprint  of the recipe when the run began
    versions     of the libraries when the run began
    files        the files of kept/, dropped/ and failed/ that belong to the run
    """

    root: str
    result: Mapping[str, Any]
    recipe: Mapping[str, Any]
    fingerprint: str
    versions: Mapping[str, str]
    files: tuple[FileRecord, ...]

    @property
    def finished(self) -> bool:
        """Whether the run came to its end."""
        return bool(self.result)

    def paths(self, table: str) -> list[str]:
        """The files of a table, sorted. Raises UsageError where one is missing."""
        found = [storage.join(self.root, file.path) for file in self.files if file.table == table]
        for path in found:
            if not storage.exists(path):
                raise UsageError(f"{path}: is missing, and the run names it")
        return sorted(found)

    def batches(self, table: str, columns: Sequence[str]) -> Iterator[tuple[str, int, pa.RecordBatch]]:
        """(path, number of the first row, rows) of a table, a few thousand rows at a time."""
        for path in self.paths(table):
            first = 0
            try:
                with storage.reading(path) as file:
                    parquet = pq.ParquetFile(file, page_checksum_verification=True)
                    present = [name for name in columns if name in parquet.schema_arrow.names]
                    for batch in parquet.iter_batches(ROWS, columns=present, use_threads=False):
                        yield path, first, batch
                        first += batch.num_rows
            except (pa.ArrowException, OSError) as error:
                raise UsageError(f"{path}: is damaged or cannot be read") from error

    def stages(self) -> list[str]:
        """The names of all stages, the reader's first."""
        return [READ, *(name for name, _ in named_stages(self.recipe))]

    def check_stage(self, stage: str) -> None:
        """Raise UsageError unless there is a stage of this name."""
        if stage not in self.stages():
            raise UsageError(f"{self.root}: has no stage {stage} (it has: {', '.join(self.stages())})")

    def loaded(self) -> Recipe:
        """The recipe, ready to run. Raises UsageError where it cannot be loaded here."""
        try:
            return recipes.parse(dict(self.recipe), f"the recipe of {self.root}")
        except RecipeError as error:
            raise UsageError(str(error)) from error

    def removed(self) -> tuple[dict[str, Counter[str]], dict[str, Counter[str]]]:
        """How many documents were dropped, by stage and rule, and how many failed, by stage and reason."""
        if not self.finished:
            return removed_by_stage(self.root, self.files)
        stages = self.result["stages"]
        return (
            {entry["stage"]: Counter(entry["dropped_by_rule"]) for entry in stages if entry["dropped_by_rule"]},
            {entry["stage"]: Counter(entry["failed_by_reason"]) for entry in stages if entry["failed_by_reason"]},
        )

    def edited(self) -> dict[str, Counter[str]]:
        """How many characters were changed, by stage and rule; of a stopped run nothing is known."""
        stages = self.result.get("stages", ())
        found = {entry["stage"]: Counter(entry.get("characters_edited_by_rule", {})) for entry in stages}
        return {stage: rules for stage, rules in found.items() if rules}


def named_stages(recipe: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(name, settings with the strategy's name as "strategy") of each stage of a filled recipe."""
    found = []
    for step in recipe["stages"]:
        ((strategy, settings),) = step.items()
        named = {"strategy": strategy, **(settings or {})}
        found.append((named.get("as", strategy.replace(":", ".")), named))
    return found


def find(given: str | os.PathLike[str]) -> Output:
    """The run in a directory; raises UsageError where there is none."""
    root = os.path.expanduser(os.fspath(given))
    root = root.rstrip("/") or root
    if storage.is_local(root) and not os.path.isdir(root):
        raise UsageError(f"{root}: {'is a file, not the directory of a run' if os.path.exists(root) else 'not found'}")
    try:
        if storage.exists(storage.join(root, "run.json")):
            return _finished(root)
        if storage.exists(storage.join(root, WORK, "state.json")):
            return _stopped(root)
        ablation = storage.exists(storage.join(root, "report.json"))
    except (OSError, ValueError) as error:  # Beam knows no file system of this kind, or cannot reach it
        raise UsageError(f"{root}: cannot be opened: {str(error).splitlines()[0]}") from error
    if ablation:
        raise UsageError(f"{root}: holds an ablation, not a run; what its arms did is in {root}/report.html")
    raise UsageError(f"{root}: is not the directory of a run (it has no run.json)")


def _finished(root: str) -> Output:
    path = storage.join(root, "run.json")
    try:
        result = json.loads(storage.read_bytes(path))
        files = tuple(
            FileRecord(one["table"], one["path"], one["rows"], one["bytes"], one["sha256"]) for one in result["files"]
        )
        return Output(root, result, result["recipe"], result["fingerprint"], result["versions"], files)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{path}: damaged, or not the summary of a run") from error


def _stopped(root: str) -> Output:
    """A run without run.json: what the units that it finished wrote."""
    path = storage.join(root, WORK, "state.json")
    try:
        state = manifest.read_sealed(path)
        if not isinstance(state, dict) or "recipe" not in state:  # an ablation has arms
            raise UsageError(f"{root}: holds an ablation that was stopped, not a run")
        files: dict[str, FileRecord] = {}
        for found in storage.files(storage.join(root, WORK, "done"), ".json"):
            files |= {file.path: file for file in manifest.read(found).files if file.table in TABLES}
    except ManifestError as error:
        raise UsageError(str(error)) from error
    return Output(root, {}, state["recipe"], state["fingerprint"], state["versions"], tuple(files.values()))
