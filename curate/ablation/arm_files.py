"""What each arm does with every page, as files without texts: arms/, dropped/ and failed/NAME.parquet."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curate.ablation.decide import DecidedArm
from curate.ablation.scored import DROPPED, FAILED, KEPT, Part, Scored
from pipelines import storage
from pipelines.inputs import READ

_KEY = [("id", pa.string()), ("url", pa.string()), ("source", pa.string()), ("offset", pa.int64())]
_FOLDERS = {
    "arms": (KEPT, pa.schema(_KEY)),
    "dropped": (DROPPED, pa.schema([*_KEY, ("stage", pa.string()), ("rule", pa.string())])),
    "failed": (FAILED, pa.schema([*_KEY, ("stage", pa.string()), ("reason", pa.string())])),
}
_ARMS_AT_ONCE = 8  # three open files each
_GROUP_ROWS = 20_000


def write_arms(root: str, scored: Scored, arms: Sequence[DecidedArm]) -> None:
    """Which pages each arm keeps, drops and fails on. The pages are read part by part, for several arms at once."""
    for group in sorted({arm.group for arm in arms}):
        here = [arm for arm in arms if arm.group == group]
        for start in range(0, len(here), _ARMS_AT_ONCE):
            with contextlib.ExitStack() as stack:
                files = [
                    _Rows(stack.enter_context(_writer(root, folder, arm.arm, schema)), arm, how, schema)
                    for arm in here[start : start + _ARMS_AT_ONCE]
                    for folder, (how, schema) in _FOLDERS.items()
                ]
                for part, pages in scored.groups[group].columns("id", "url", "source", "offset"):
                    for file in files:
                        file.add(part, pages)
                for file in files:
                    file.flush()


@contextlib.contextmanager
def _writer(root: str, folder: str, arm: str, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    path = storage.join(root, folder, f"{arm}.parquet")
    with (
        storage.writing(path) as file,
        pq.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True) as writer,
    ):
        yield writer


class _Rows:
    """The rows of one file."""

    def __init__(self, writer: pq.ParquetWriter, arm: DecidedArm, how: int, schema: pa.Schema) -> None:
        self._writer, self._arm, self._how, self._schema = writer, arm, how, schema
        # left_at of the reader is -1
        self._stages = pa.array([*(stage.stage for stage in arm.stages), READ], pa.string())
        self._rules = pa.array([*arm.rules, ""], pa.string())
        self._waiting: list[Any] = []
        self._rows = 0

    def add(self, part: Part, pages: pa.Table) -> None:
        """Take those of the pages of a part that belong here."""
        span = slice(part.start, part.start + part.rows)
        places = np.flatnonzero(self._arm.how[span] == self._how)
        if not len(places):
            return
        columns = [column.fill_null("") if column.type == pa.string() else column for column in pages.take(places)]
        if len(self._schema) > len(columns):
            stages = self._arm.left_at[span][places].astype(np.int64) % len(self._stages)
            rules = self._arm.rule[span][places].astype(np.int64) % len(self._rules)
            columns += [self._stages.take(pa.array(stages)), self._rules.take(pa.array(rules))]
        self._waiting.append(pa.table(columns, schema=self._schema))
        self._rows += len(places)
        if self._rows >= _GROUP_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
        self._waiting, self._rows = [], 0
