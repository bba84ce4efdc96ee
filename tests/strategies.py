"""Strategies made for tests, named in recipes by dotted path."""

import os
import signal
import time
from collections.abc import Callable

from filters.contracts import Extractor, Judge, Rewriter, Scores, limit, strategy
from filters.document import Document, Drop, Fault, RawPage
from filters.rules import Rule


@strategy
class Body(Extractor):
    """The body as text."""

    def open(self) -> Callable[[RawPage], Document | Drop]:
        return lambda page: Document(
            page.id, page.body.decode("utf-8", "replace"), page.url, page.notes, page.source, page.offset, page.date
        )


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
    """Does harm on texts that hold a word: kill, stall, raise, panic, none, or the document before.

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


class Undecorated(Rewriter):
    """A strategy that is not one: its author forgot @strategy."""

    def open(self) -> Callable[[Document], Document | Drop]:
        return lambda document: document


class _Panic(BaseException):
    pass


__all__ = ["Body", "Characters", "Misspelt", "Slow", "Trouble", "Undecorated", "Upper"]
