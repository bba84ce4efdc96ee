"""Which rows of a run are shown: those nearest their threshold first, others by a hash of their key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.rowkeys import RowKeys
from curate.rundir import UsageError
from curate.showing.directory import Output
from pipelines import storage

Group = tuple[str, str]  # stage, and rule or reason
_COLUMNS = ("stage", "rule", "reason", "value", "threshold", "source", "offset")


@dataclass
class _Best:
    """The rows of one group that are shown so far: distance, key, file and row number, in the order of being shown."""

    distance: np.ndarray
    key: np.ndarray
    file: np.ndarray
    row: np.ndarray

    def merged(self, other: "_Best", most: int) -> "_Best":
        arrays = [np.concatenate(pair) for pair in zip(self._arrays(), other._arrays(), strict=True)]
        order = np.lexsort((arrays[1], arrays[0]))[:most]
        return _Best(*(array[order] for array in arrays))

    def _arrays(self) -> tuple[np.ndarray, ...]:
        return self.distance, self.key, self.file, self.row


def choose(output: Output, table: str, most: Callable[[Group], int]) -> dict[Group, list[dict[str, Any]]]:
    """Rows of a table by group, at most so many of each (most(group); 0: none), the same ones whatever the files.

    Of rows with a value and a threshold those come first whose value is nearest, as a share of the threshold; equal
    ones, and rows without, in the order of a hash of (source, offset). The rows of kept/ are one group ("", "").
    Memory: the rows that are shown and one batch.
    """
    best: dict[Group, _Best] = {}
    files: dict[str, int] = {}
    keys = RowKeys()
    for path, first, batch in output.batches(table, _COLUMNS):
        number = files.setdefault(path, len(files))
        names = batch.schema.names
        rule = "rule" if "rule" in names else "reason"
        if "stage" in names:
            groups = list(zip(batch["stage"].to_pylist(), batch[rule].to_pylist(), strict=True))
        else:
            groups = [("", "")] * batch.num_rows
        distance = _distance(batch) if "value" in names else np.full(batch.num_rows, np.inf)
        key = keys.of(batch)
        codes: dict[Group, int] = {}
        coded = np.array([codes.setdefault(group, len(codes)) for group in groups], dtype=np.int64)
        for group, code in codes.items():
            if limit := most(group):
                rows = np.flatnonzero(coded == code)
                found = _Best(distance[rows], key[rows], np.full(len(rows), number), first + rows)
                empty = _Best(*(array[:0] for array in (distance, key, found.file, found.row)))
                best[group] = best.get(group, empty).merged(found, limit)
    paths = list(files)
    wanted: dict[str, set[int]] = {}
    for found in best.values():
        for file, row in zip(found.file.tolist(), found.row.tolist(), strict=True):
            wanted.setdefault(paths[file], set()).add(row)
    rows_of = {path: rows_at(path, rows) for path, rows in wanted.items()}
    return {
        group: [rows_of[paths[file]][row] for file, row in zip(found.file.tolist(), found.row.tolist(), strict=True)]
        for group, found in sorted(best.items())
    }


def _distance(batch: pa.RecordBatch) -> np.ndarray:
    value = np.asarray(batch["value"].to_numpy(zero_copy_only=False), dtype=np.float64)
    threshold = np.asarray(batch["threshold"].to_numpy(zero_copy_only=False), dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.abs(value - threshold) / np.where(threshold == 0, 1.0, np.abs(threshold))
    return np.where(np.isnan(distance), np.inf, distance)


def rows_at(path: str, wanted: set[int]) -> Mapping[int, dict[str, Any]]:
    """Some rows of a file, by number. Raises UsageError for a file that is damaged."""
    try:
        return _rows_at(path, wanted)
    except (pa.ArrowException, OSError) as error:
        raise UsageError(f"{path}: is damaged or cannot be read") from error


def _rows_at(path: str, wanted: set[int]) -> Mapping[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    with storage.reading(path) as file:
        parquet = pq.ParquetFile(file, page_checksum_verification=True)
        first = 0
        for group in range(parquet.metadata.num_row_groups):
            rows = parquet.metadata.row_group(group).num_rows
            here = sorted(row for row in wanted if first <= row < first + rows)
            if here:
                table = parquet.read_row_group(group, use_threads=False)
                taken = table.take(pa.array([row - first for row in here])).to_pylist()
                found.update(zip(here, taken, strict=True))
            first += rows
    return found


def with_id(output: Output, id: str, most: int = 20) -> list[tuple[str, dict[str, Any]]]:
    """(table, row) of the rows with an id, or of a document of which kept/ has pieces (id#0, id#1, …): one row for each
    document."""
    found: dict[tuple[str, int], tuple[str, dict[str, Any]]] = {}
    for table in ("kept", "dropped", "failed"):
        places: dict[str, set[int]] = {}
        for path, first, batch in output.batches(table, ["id"]):
            equal = pc.equal(batch["id"], id)
            if table == "kept":
                equal = pc.or_(equal, pc.starts_with(batch["id"], f"{id}#"))
            equals = np.flatnonzero(equal.fill_null(False).to_numpy(zero_copy_only=False)) + first
            if len(equals):
                places.setdefault(path, set()).update(equals.tolist()[:most])
        for path, rows in places.items():
            for row in rows_at(path, rows).values():
                if row["id"] != id and not row["id"][len(id) + 1 :].isdigit():
                    continue
                found.setdefault((row["source"], row["offset"]), (table, row))
    return list(found.values())[:most]


def duplicates_of(output: Output, id: str) -> dict[str, int]:
    """How many documents each corpus stage dropped because this one was kept."""
    found: dict[str, int] = {}
    for _, _, batch in output.batches("dropped", ["kept_id", "stage"]):
        for stage in batch["stage"].filter(pc.equal(batch["kept_id"], id)).to_pylist():
            found[stage] = found.get(stage, 0) + 1
    return found
