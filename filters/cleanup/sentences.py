"""Judges of sentences: a splitter and any per-document judges, and what they reject is cut out."""

import dataclasses
import itertools
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import pydantic
import re2
from pydantic import Field

from filters.contracts import FrozenMap, Judge, Rewriter, Strategy, strategy
from filters.document import Document, Drop
from filters.needs import need
from filters.nested import filled_in, judge_of
from filters.rules import Rule, decide
from filters.text.patterns import Span
from filters.text.unicode import repair

EMPTY, CODE = "no_sentences", "code_block"
_MARKS = frozenset(">*+•·▪■□○●◦▶▷◆◇-([0123456789")
# A bullet, the number of an item or a note: what says where a sentence stands. A digit behind it makes it a date.
_MARK = re2.compile(
    r"^(?:[>*+•·▪■□○●◦▶▷◆◇-][ \t\x{a0}\x{3000}]+)*"
    r"(?:(?:[0-9]{1,3}[.)]|\([0-9]{1,3}\)|\[[0-9]{1,3}\]|[가나다라마바사아자차카타파하][.)])"
    r"[ \t\x{a0}\x{3000}]+([^0-9]))?"
)


@strategy
class Sentences(Rewriter):
    """Splits into sentences, drops those that any judge rejects, and can make each one a row of its own.

    A sentence is judged as a document of its own, with the notes of its document. The text keeps its layout; with
    emit: sentences it becomes one sentence a line, without the bullet or number it may come after, and the writer makes
    each line a row id#k. A document of which nothing is left is dropped once, with the rule and the value of the first
    sentence rejected.
    """

    splitter: Literal["rules", "kiwi"] = Field(
        "rules", description="rules: Korean and English, no model; kiwi: the package kiwipiepy, Korean"
    )
    judges: tuple[FrozenMap[str, Any], ...] = Field(
        (), description="judges of a sentence, each a map from the name of one strategy to its settings"
    )
    emit: Literal["documents", "sentences"] = Field(
        "documents", description="sentences: each sentence becomes a row of its own (id#k)"
    )
    code: Literal["keep", "drop"] = Field(
        "keep", description="drop: remove sentences in blocks and lines of code, under the rule code_block"
    )
    wrapped: bool = Field(False, description="lines are wrapped at a fixed width: only empty lines end a paragraph")

    reads: ClassVar[tuple[str, ...]] = ("language",)
    writes: ClassVar[Mapping[str, str]] = {"sentences_dropped": "int64"}

    @pydantic.field_validator("judges", mode="before")
    @classmethod
    def _fill_in(cls, judges: Any) -> Any:
        """Judges by name, with every default filled in: plain data that prints, hashes and builds again."""
        if isinstance(judges, (str, Mapping, Strategy)):
            judges = [judges]
        if not isinstance(judges, (list, tuple)):
            return judges
        return tuple(FrozenMap([filled_in(entry)]) for entry in judges)

    def made(self) -> tuple[tuple[str, Judge], ...]:
        """The judges with their names."""
        return tuple((name, judge_of(name, settings)) for entry in self.judges for name, settings in entry.items())

    def check(self) -> None:
        """The splitter's package and all that the judges need must be there."""
        if self.splitter == "kiwi":
            need("kiwipiepy", "cleanup/sentences: splitter kiwi")
        for _, judge in self.made():
            judge.check()

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the judges, and of the splitter."""
        own: tuple[str, ...] = ()
        if self.splitter == "kiwi" and languages and "ko" not in languages:
            own = ("cleanup/sentences: the splitter kiwi is made for Korean, which is not among the languages kept",)
        return (*own, *(line for _, judge in self.made() for line in judge.warnings(languages)))

    def made_for(self) -> frozenset[str] | None:
        """The languages that every judge is made for."""
        found = [languages for _, judge in self.made() if (languages := judge.made_for()) is not None]
        return frozenset.intersection(*found) if found else None

    def resources(self) -> Mapping[str, str]:
        """Those of the judges, by judge and setting; the splitter's version, where it is a package."""
        found = {f"{name}.{key}": value for name, judge in self.made() for key, value in judge.resources().items()}
        if self.splitter == "kiwi":
            from importlib import metadata

            found["splitter"] = "kiwipiepy " + metadata.version("kiwipiepy")
        return found

    def open(self) -> Callable[[Document], Document | Drop]:
        """The function. Edits count the characters dropped by rule; the note sentences_dropped counts sentences."""
        from filters.chain import opened
        from filters.text.code import FENCED, LINES, code_spans
        from filters.text.sentences import split

        cut = split if self.splitter == "rules" else _kiwi()
        lines_go = self.code == "drop"
        named = self.made()
        names = [rule.name for _, judge in named for rule in judge.rules()]
        judges = [(opened(judge), _Rules(name, judge, len(set(names)) < len(names))) for name, judge in named]

        def rewrite(document: Document) -> Document | Drop:
            text = repair(document.text)
            spans = cut(_unwrapped(text) if self.wrapped else text)
            language = str(document.notes.get("language", ""))
            edits: dict[str, int] = {}
            kept: list[Span] = []
            first: Drop | None = None
            code = (document.derive(code_spans) if text is document.text else code_spans(text)) if lines_go else None
            for number, (start, end) in enumerate(spans):
                if code is not None and code.touches(start, end) in (FENCED, LINES):
                    first = first or Drop(CODE, 1, 0)
                    edits[CODE] = edits.get(CODE, 0) + end - start
                    continue
                sentence = Document(f"{document.id}#{number}", text[start:end], document.url, document.notes)
                rejected = ""
                for score, rules in judges:
                    scores = score(sentence)
                    notes = {**document.notes, **scores.notes} if scores.notes else document.notes
                    drop = decide(rules[language], scores.signals, notes)
                    if drop is not None:
                        rejected = drop.rule
                        first = first or drop
                        break
                if rejected:
                    edits[rejected] = edits.get(rejected, 0) + end - start
                else:
                    kept.append((start, end))
            if not kept:
                return first or Drop(EMPTY, 0, 1)
            if self.emit == "sentences":
                lines = (_without_mark(text[start:end]) for start, end in kept)
                joined = "\n".join(" ".join(line.split()) if self.wrapped else line for line in lines)
                result = document.with_text(joined, edits).by_line()
            elif len(kept) == len(spans):
                result = document.with_text(text, edits)
            else:
                result = document.with_text(_without(text, spans, kept), edits)
            return result.note(sentences_dropped=len(spans) - len(kept))

        return rewrite


class _Rules(dict[str, tuple[Rule, ...]]):
    """The rules of a judge by language, looked up once; named after the judge too where names would clash."""

    def __init__(self, name: str, judge: Judge, clash: bool) -> None:
        super().__init__()
        self._name, self._judge, self._clash = name, judge, clash

    def __missing__(self, language: str) -> tuple[Rule, ...]:
        rules = self._judge.rules(language)
        if self._clash:
            rules = tuple(dataclasses.replace(rule, name=f"{self._name}.{rule.name}") for rule in rules)
        self[language] = rules
        return rules


# What begins a block of its own: items of lists, quotations, headings, tables, rules and fences of Markdown.
_BLOCK = re2.compile(r"\s*(?:[*+•·▪■□○●▶-]\s|[0-9]{1,3}[.)]\s|[가-하][.)]\s|[>#|]|```|~~~|---|===)")


def _unwrapped(text: str) -> str:
    """The text, every character at its place, with the line feeds between two lines of a paragraph as blanks. Items of
    lists and other blocks begin a paragraph, and what is a heading or a row of a table ends one."""
    lines = text.split("\n")
    pieces = [lines[0]]
    for before, line in itertools.pairwise(lines):
        joins = before.strip() and line.strip() and not _BLOCK.match(line) and before.lstrip()[0] not in "#|"
        pieces += [" " if joins else "\n", line]
    return "".join(pieces)


def _without_mark(sentence: str) -> str:
    if sentence[0] not in _MARKS and sentence[1:2] not in (".", ")"):
        return sentence
    match = _MARK.match(sentence)
    return sentence[match.start(1) if match[1] else match.end() :]


def _without(text: str, spans: list[Span], kept: list[Span]) -> str:
    """The kept sentences with the gaps after them; of a line nothing is left of, nothing stays."""
    stays = set(kept)
    ends = [*itertools.islice((start for start, _ in spans), 1, None), len(text)]
    pieces = [text[: spans[0][0]]]
    for span, gap_end in zip(spans, ends, strict=True):
        gap = text[span[1] : gap_end]
        if span in stays:
            pieces += [text[span[0] : span[1]], gap]
        elif "\n" in gap and not pieces[-1].endswith("\n") and any(piece for piece in pieces):
            # the end of a line that goes on before: its line feeds stay
            pieces[-1] = pieces[-1].rstrip(" \t\u00a0\u3000")
            pieces.append(gap)
    return "".join(pieces).rstrip(" \t\n\u00a0\u3000") + text[len(text.rstrip()) :]


def _kiwi() -> Callable[[str], list[Span]]:
    kiwi = need("kiwipiepy", "cleanup/sentences: splitter kiwi").Kiwi(num_workers=1)

    def sentences(text: str) -> list[Span]:
        spans, position = [], 0
        for line in text.split("\n"):
            if line.strip():
                spans += [(position + part.start, position + part.end) for part in kiwi.split_into_sents(line)]
            position += len(line) + 1
        return spans

    return sentences
