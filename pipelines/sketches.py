"""The sketches of parts of a run: a small file each, named by the manifest of its unit, and all of them as one."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from filters.sketch import merged
from pipelines import storage
from pipelines.inputs import WORK
from pipelines.manifest import FileRecord

TABLE = "sketch"  # of the file records
FOLDER = f"{WORK}/sketches"


def write(root: str, unit: str, part: str, sketch: Mapping[str, Any]) -> FileRecord:
    """Write the sketch of a part of a unit; part is what tells it from the unit's other parts.

    The file's name holds a hash of part and content: equal sketches of two parts are two files.
    """
    data = json.dumps({**sketch, "part": part}, sort_keys=True).encode()
    digest = hashlib.sha256(data).hexdigest()
    path = f"{FOLDER}/{unit}-{digest[:16]}.json"
    storage.write_bytes(storage.join(root, path), data)
    return FileRecord(TABLE, path, 0, len(data), digest)


def read_all(root: str, files: Iterable[FileRecord], examples: int) -> dict[str, Any]:
    """The sketch of a whole run; one part is in memory at a time."""

    def parts() -> Iterator[Mapping[str, Any]]:
        for record in files:
            if record.table == TABLE:
                yield json.loads(storage.read_bytes(storage.join(root, record.path)))

    return merged(parts(), examples)
