"""Repeated lines: pieces whose key stood before, in the corpus or in the document, are cut."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import AsSingleton, TaggedOutput

from filters.contracts import Lines
from pipelines import storage
from pipelines.corpus import keyfile
from pipelines.corpus.components import by_partition, partition, partitions_for, rows_by_part
from pipelines.corpus.cuts import CutForms, Cuts, places_of, table
from pipelines.corpus.forms import Spread
from pipelines.corpus.keyfile import KeyFile
from pipelines.corpus.shuffle import header, number_in, shuffled
from pipelines.manifest import Shard

LINES_IN_MEMORY = 8_000_000
_NONE = np.empty(0, dtype=np.uint64)
_LINE = np.dtype([("hash", "<u8"), ("id", "<u8"), ("rest", "<u8"), ("row", "<u4"), ("piece", "<u4")])


class _Forms(CutForms[Lines], shape=Lines):
    def further(self, counts: Mapping[str, int]) -> dict[str, Any]:
        return {name: counts.get(name, 0) for name in ("lines", "lines_kept", "lines_cut")}

    # --------------------------------------------------------------------------------------------- on this machine

    def find(self, shards: Sequence[Shard], cuts: Cuts, against: str | None, keep: str | None) -> dict[str, int]:
        files = [KeyFile(shard.keys) for shard in shards]
        earlier = self.earlier(against)
        total = sum(file.shape("values")[0] for file in [*files, *earlier])
        bits = max(0, int(np.ceil(np.log2(max(1, total / LINES_IN_MEMORY)))))
        places = places_of(files)
        starts = np.cumsum([0, *(shard.rows for shard in shards)])
        different = 0
        for part in range(1 << bits):
            hashes, row, piece, of_file = [], [], [], []
            for number, file in enumerate(files):
                values = file["values"]
                here = _in_part(values, part, bits)
                hashes.append(values[here])
                piece.append(file["pieces"][here])
                row.append(np.searchsorted(file["ends"], here, side="right"))
                of_file.append(np.full(len(here), number, dtype=np.int32))
            if not files:
                break
            old = [file["values"] for file in earlier]
            known = (
                np.unique(np.concatenate([values[_in_part(values, part, bits)] for values in old])) if old else _NONE
            )
            values, rows, pieces, owner = map(np.concatenate, (hashes, row, piece, of_file))
            copies = _copies(values, places[starts[owner] + rows], pieces, known)
            different += int(np.count_nonzero(~copies))
            if keep is not None:
                found = np.sort(values[~copies])
                head = {"rows": len(found), **self.key_settings()}
                keyfile.write(storage.join(keep, f"lines-{part:05d}.keys"), {"values": found}, head)
            for number in range(len(files)):
                chosen = copies & (owner == number)
                cuts.add(number, table(rows[chosen], pieces[chosen]))
        lines = sum(file.shape("values")[0] for file in files)
        return {"lines": lines, "lines_kept": different, "lines_cut": cuts.total}

    # --------------------------------------------------------------------------------------------- as Beam transforms

    def transforms(self, shards: Any, numbered: Any, spread: Spread) -> tuple[Any, Any]:
        size = AsSingleton(shards | "bytes" >> beam.Map(_bytes) | "all bytes" >> beam.CombineGlobally(sum))
        copies = (
            numbered
            | "keys" >> beam.FlatMap(_keys, size=size, key_bytes=spread.key_bytes)
            | "group keys" >> beam.GroupByKey()
            | "copies" >> beam.ParDo(_Copies()).with_outputs("counts", main="cuts")
        )
        return self.write(copies["cuts"], [copies["counts"]], numbered, spread.directory, 2)


def _in_part(values: np.ndarray, part: int, bits: int) -> np.ndarray:
    """Positions of the values whose highest `bits` bits are `part`."""
    if not bits:
        return np.arange(len(values))
    return np.flatnonzero(values >> np.uint64(64 - bits) == part)


def _copies(hashes: np.ndarray, place: np.ndarray, piece: np.ndarray, earlier: np.ndarray) -> np.ndarray:
    """Which lines are copies: not the first of equal hashes by (place, piece), or in `earlier` (sorted). Bool, (n,)."""
    rows = np.lexsort((piece, place, hashes))
    ordered = hashes[rows]
    copies = np.zeros(len(rows), dtype=bool)
    copies[rows[1:]] = ordered[1:] == ordered[:-1]
    if len(earlier):
        at = np.minimum(np.searchsorted(earlier, hashes), len(earlier) - 1)
        copies |= earlier[at] == hashes
    return copies


def _bytes(shard: Any) -> int:
    """At most how many bytes the packed lines of a shard are: a line takes 12 in its file of keys."""
    return shard.keys_bytes // 12 * _LINE.itemsize


def _keys(element: tuple[int, Any], size: int, key_bytes: int) -> Iterator[tuple[int, bytes]]:
    number, shard = element
    file = KeyFile(shard.keys)
    values, order = file["values"], file["order"]
    records = np.empty(len(values), dtype=_LINE)
    rows = np.repeat(np.arange(shard.rows), np.diff(file["ends"], prepend=0))
    records["hash"], records["row"], records["piece"] = values, rows, file["pieces"]
    if len(rows):
        records["id"], records["rest"] = order[rows, 0], order[rows, 1]
    for part, chosen in rows_by_part(partition(values, partitions_for(size, key_bytes))):
        blob = header(number) + records[chosen].tobytes()
        shuffled("keys", len(blob))
        yield part, blob


class _Copies(beam.DoFn):
    """Lines of a partition -> (number of the shard, packed (row, piece) of copies); counts go to "counts"."""

    def process(self, element: tuple[int, Iterable[bytes]]) -> Iterator[Any]:
        found, owner = [], []
        for blob in element[1]:
            found.append(np.frombuffer(blob, dtype=_LINE, offset=4))
            owner.append(np.full(len(found[-1]), number_in(blob), dtype=np.int64))
        records, owners = np.concatenate(found), np.concatenate(owner)
        rows = np.lexsort((records["row"], owners, records["rest"], records["id"]))
        place = np.empty(len(rows), dtype=np.int64)
        # all lines of a document share its place
        same = np.concatenate(
            [[False], (records["id"][rows[1:]] == records["id"][rows[:-1]])
             & (records["rest"][rows[1:]] == records["rest"][rows[:-1]])
             & (records["row"][rows[1:]] == records["row"][rows[:-1]])
             & (owners[rows[1:]] == owners[rows[:-1]])]
        )  # fmt: skip
        place[rows] = np.maximum.accumulate(np.where(same, 0, np.arange(len(rows))))
        copies = _copies(records["hash"], place, records["piece"], _NONE)
        cuts = np.stack([records["row"], records["piece"]], axis=1)[copies].astype(np.uint64)
        for number, sent in by_partition(cuts, owners[copies]):
            shuffled("cuts", len(sent))
            yield number, sent
        lost = int(np.count_nonzero(copies))
        yield TaggedOutput("counts", {"lines": len(copies), "lines_kept": len(copies) - lost, "lines_cut": lost})
