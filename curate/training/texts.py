"""Texts to train on, from everything that a run reads rows of, and from what runs kept."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from curate.export.export import finished
from curate.rundir import UsageError
from curate.training.examples import DataError
from filters.text.unicode import settled
from pipelines import storage
from pipelines.reading import read
from pipelines.reading.events import Damaged, Rejected
from pipelines.reading.fields import USUAL, Fields
from pipelines.reading.units import InputError, Piece, expand


@dataclass(frozen=True)
class TextFile:
    """A file of texts: its path, and the field of its rows that holds the text."""

    path: str
    field: str = USUAL.text

    @property
    def name(self) -> str:
        """The file's name, without the folders it lies in."""
        return self.path.rpartition("/")[2]

    def texts(self) -> Iterator[str]:
        """The texts in the order of the file, settled as those of a run's documents; "" for a row without one.

        Raises DataError, which names the file and the place and never holds a text, for damage and for web pages.
        """
        try:
            for event in read(Piece(self.path), Fields(text=self.field)):
                if isinstance(event, Damaged):
                    said = f"{self.name}, {event.offset}: {event.reason} {event.detail}".strip()
                    if event.reason == "schema_error":
                        said += f" (the text is expected in the field {self.field!r})"
                    raise DataError(said)
                if isinstance(event, Rejected):
                    yield ""
                else:
                    if event.media_type != "text/plain":
                        raise DataError(
                            f"{self.name} holds web pages: extract their text first (curate run), and name the run"
                        )
                    yield settled(event.body.decode("utf-8", "replace"))
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read: {error.strerror or error}") from error


def text_files(given: Sequence[str], field: str = USUAL.text) -> list[TextFile]:
    """The files of inputs: paths, globs and folders as a run takes them, and directories of finished runs (their kept
    rows). Raises DataError for what is not there, and for a run that is not finished or does not add up.
    """
    found: list[TextFile] = []
    for one in given:
        root = os.path.expanduser(one).rstrip("/")
        try:
            if root and storage.exists(storage.join(root, "run.json")):
                finished(root)
                kept = storage.files(storage.join(root, "kept"), ".parquet")
                found += [TextFile(path) for path in kept]
            elif root and storage.exists(storage.join(root, "kept")):
                raise DataError(f"{one}: no run.json, so no finished run; --resume finishes one that was interrupted")
            else:
                found += [TextFile(path, field) for path in expand([one])]
        except (InputError, UsageError) as error:
            raise DataError(str(error)) from error
        except OSError as error:
            raise DataError(f"{one}: cannot be read: {error.strerror or error}") from error
    return list(dict.fromkeys(found))
