"""Strategies made for tests, named in recipes by dotted path."""

import os
import re
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from filters.contracts import CorpusJudge, Duplicates, Extractor, Judge, Rewriter, Scores, limit, strategy
from filters.dedup.survivors import hash_of
from filters.document import Document, Drop, Fault, RawPage
from filters.rules import Rule
from pipelines import storage


@strategy
class Body(Extractor):
    """The body as text."""

    def open(self) -> Callable[[RawPage], Document | Drop]:
        return lambda page: Document(
            page.id, page.body.decode("utf-8", "replace"), page.url, page.notes, page.source, page.offset, page.date
        )


@strategy
class Explained(Extractor):
    """What stands between tags; built by hand, and its name holds that of another extractor."""

    def open(self) -> Callable[[RawPage], Document | Drop]:
        def extract(page: RawPage) -> Document | Drop:
            text = re.sub(r"<[^>]+>", " ", page.body.decode("utf-8", "replace"))
            return Document(page.id, text, page.url, page.notes, page.source, page.offset, page.date)

        return extract


@strategy
class Noted(Rewriter):
    """Writes notes of some type and value."""

    writes: ClassVar[Mapping[str, str]] = {"s": "string", "i": "int64", "f": "float64", "b": "bool"}
    note: str = "s"
    value: Any = ""

    def open(self) -> Callable[[Document], Document | Drop]:
        return lambda document: document.note(**{self.note: self.value})


@strategy
class NotedOtherwise(Noted):
    """Writes a note of the same name and another type."""

    writes: ClassVar[Mapping[str, str]] = {"s": "int64"}


@strategy
class Capitals(Rewriter):
    """Notes how many capital letters a text has."""

    writes: ClassVar[Mapping[str, str]] = {"capitals": "int64"}

    def open(self) -> Callable[[Document], Document | Drop]:
        return lambda document: document.note(capitals=sum(map(str.isupper, document.text)))


@strategy
class FirstWord(CorpusJudge):
    """Keeps one of the documents with the same first word; texts without a word stay."""

    def open(self) -> Callable[[Document], Any]:
        def keys(document: Document) -> Any:
            words = document.text.split(maxsplit=1)
            return np.array([hash_of(word.encode()) for word in words[:1]], dtype=np.uint64)

        return keys

    def decision(self) -> Duplicates:
        return Duplicates("same-first-word")


@strategy
class Characters(Judge):
    """Keeps texts of at least so many characters."""

    least: int = limit(0, ge=0, description="fewest characters")
    most: int | None = limit(None, description="most characters; null: any number")

    def open(self) -> Callable[[Document], Scores]:
        return lambda document: Scores({"characters": float(len(document.text))})

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        return (
            Rule("too_short", "characters", at_least=self.least),
            Rule("too_long", "characters", at_most=self.most),
        )


@strategy
class Deaf(Judge):
    """Has a setting that none of its rules reads, and one that is read for Korean only."""

    most: int = limit(9, description="nothing")
    korean: int = limit(9, description="most characters of a Korean text")

    def open(self) -> Callable[[Document], Scores]:
        return lambda document: Scores({"characters": float(len(document.text))})

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        return (Rule("too_long", "characters", at_most=self.korean if language == "ko" else 9),)


@strategy
class Listed(Judge):
    """Lists a threshold that is no setting."""

    thresholds: ClassVar[frozenset[str]] = frozenset({"leest"})

    def open(self) -> Callable[[Document], Scores]:
        return lambda document: Scores({"characters": float(len(document.text))})

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        return ()


@strategy
class ListedAndLimited(Characters):
    """Lists a threshold beside one that is declared."""

    thresholds: ClassVar[frozenset[str]] = frozenset({"least"})


@strategy
class Misspelt(Judge):
    """A rule that looks at a signal which is not given."""

    def open(self) -> Callable[[Document], Scores]:
        return lambda document: Scores({"characters": float(len(document.text))})

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        return (Rule("too_short", "charcters", at_least=1),)


@strategy
class Upper(Rewriter):
    """Upper case."""

    def open(self) -> Callable[[Document], Document | Drop]:
        return lambda document: document.with_text(document.text.upper(), {"upper": len(document.text)})


@strategy
class Trouble(Rewriter):
    """Does harm on texts that hold a word: kill, stall, raise, panic, none, before (the document before), or double
    (the document takes the place of the one before). "wait:PATH" waits until there is a file PATH, wherever it is.

    kind "once:PATH" kills where there is no file PATH, and makes it: a death that has nothing to do with the text.
    """

    word: str = "TROUBLE"
    kind: str = "raise"

    def open(self) -> Callable[[Document], Document | Drop]:
        before: list[Document] = []

        def rewrite(document: Document) -> Document | Drop:
            if self.word in document.text:
                if self.kind == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                if self.kind.startswith("once:") and not os.path.exists(self.kind[5:]):
                    open(self.kind[5:], "w").close()
                    os.kill(os.getpid(), signal.SIGKILL)
                if self.kind == "stall":
                    time.sleep(600)
                while self.kind.startswith("wait:") and not storage.exists(self.kind[5:]):
                    time.sleep(0.2)
                if self.kind == "raise":
                    raise ValueError(f"the text was {document.text}")
                if self.kind == "fault":
                    raise Fault("a_reason", "a detail")
                if self.kind == "panic":
                    raise _Panic("not an Exception")
                if self.kind == "none":
                    return None  # type: ignore[return-value]
                if self.kind == "before":
                    return before[-1]
                if self.kind == "double":
                    document.__dict__["offset"] = before[-1].offset
            before[:] = [document]
            return document

        return rewrite


@strategy
class Slow(Rewriter):
    """Takes its time."""

    milliseconds: float = 1

    def open(self) -> Callable[[Document], Document | Drop]:
        def rewrite(document: Document) -> Document | Drop:
            time.sleep(self.milliseconds / 1000)
            return document

        return rewrite


@strategy
class Waiting(Rewriter):
    """Waits until a file is there."""

    file: str = "go"

    def open(self) -> Callable[[Document], Document | Drop]:
        def rewrite(document: Document) -> Document | Drop:
            deadline = time.monotonic() + 120
            while not Path(self.file).exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            return document

        return rewrite


class Undecorated(Rewriter):
    """A strategy that is not one: its author forgot @strategy."""

    def open(self) -> Callable[[Document], Document | Drop]:
        return lambda document: document


class _Panic(BaseException):
    pass


__all__ = [
    "Body",
    "Characters",
    "Explained",
    "FirstWord",
    "Misspelt",
    "Noted",
    "Slow",
    "Trouble",
    "Undecorated",
    "Upper",
]
