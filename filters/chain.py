"""A chain of opened per-document steps: what happens to one page, and the books kept on it."""

import os
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from filters.contracts import Extractor, Judge, ResourceError, Rewriter, Strategy
from filters.document import Document, Drop, Fault, RawPage
from filters.rules import Rule, decide

_OPENED: dict[Strategy, Any] = {}


def opened(strategy: Strategy) -> Any:
    """What strategy.open() returned, once a process for equal strategies: a model is held once."""
    if strategy not in _OPENED:
        _OPENED[strategy] = strategy.open()  # type: ignore[attr-defined]
    return _OPENED[strategy]


def close_all() -> None:
    """Close everything opened in this process (children, files)."""
    while _OPENED:
        _, function = _OPENED.popitem()
        close = getattr(function, "close", None)
        if close is not None:
            close()


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of a recipe: its name, the strategy's name in the table, and the strategy."""

    name: str
    strategy_name: str
    strategy: Strategy


@dataclass(frozen=True, slots=True)
class Dropped:
    """A document and the judgement that removed it. document holds the text as it was at that stage."""

    document: Document
    stage: str
    strategy: str
    drop: Drop


@dataclass(frozen=True, slots=True)
class Failed:
    """A document that could not be processed, and why. detail never holds text of the document."""

    source: str
    offset: int
    id: str
    url: str
    stage: str
    reason: str
    detail: str = ""


Outcome = Document | Dropped | Failed


@dataclass
class StepBook:
    """What a step did, summed: documents, bytes of UTF-8 text, CPU seconds, characters edited by rule."""

    documents_in: int = 0
    kept: int = 0
    dropped: int = 0
    failed: int = 0
    bytes_in: int = 0
    bytes_kept: int = 0
    cpu_seconds: float = 0.0
    dropped_by_rule: Counter[str] = field(default_factory=Counter)
    failed_by_reason: Counter[str] = field(default_factory=Counter)
    edits: Counter[str] = field(default_factory=Counter)

    def add(self, other: "StepBook") -> None:
        """Add what another book says."""
        self.documents_in += other.documents_in
        self.kept += other.kept
        self.dropped += other.dropped
        self.failed += other.failed
        self.bytes_in += other.bytes_in
        self.bytes_kept += other.bytes_kept
        self.cpu_seconds += other.cpu_seconds
        self.dropped_by_rule.update(other.dropped_by_rule)
        self.failed_by_reason.update(other.failed_by_reason)
        self.edits.update(other.edits)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {name: dict(value) if isinstance(value, Counter) else value for name, value in self.__dict__.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "StepBook":
        """The inverse of as_dict."""
        known: dict[str, Any] = {
            name: Counter(value) if isinstance(value, Mapping) else value for name, value in data.items()
        }
        return cls(**known)


def fault_of(error: BaseException) -> tuple[str, str]:
    """Reason and detail of an error. Messages of foreign exceptions may quote the data, so only the type and the
    place in the code are told, and what the system says (no space left, too many open files)."""
    if isinstance(error, Fault):
        return error.reason, error.detail
    if isinstance(error, ResourceError):  # written for people, and of the installation, not of a document
        return "error:ResourceError", str(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""
    system = f": {os.strerror(error.errno)}" if isinstance(error, OSError) and isinstance(error.errno, int) else ""
    return f"error:{type(error).__name__}", f"{type(error).__name__}{place}{system}"


def first_cause(error: BaseException) -> BaseException:
    """The first error of a chain, as Beam wraps what a DoFn raised; one that is written for people is taken before."""
    while not isinstance(error, ResourceError) and (error.__cause__ is not None or error.__context__ is not None):
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return error


class Chain:
    """Runs a page or document through steps until one drops it, fails on it, or none is left.

    books          what each step did since the last reset
    cpu_elsewhere  CPU seconds that steps spent in other processes (the extraction child), as of the last reset
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)
        self.books: dict[str, StepBook] = {}
        self.cpu_elsewhere = 0.0
        self._runs = [_run_of(step) for step in self.steps]
        self._elsewhere = {step.name: 0.0 for step in self.steps}
        for step in self.steps:
            self._elsewhere[step.name] = getattr(opened(step.strategy), "cpu_seconds", 0.0)
        self.reset()

    def reset(self) -> dict[str, StepBook]:
        """Hand over the books kept since the last call and open new ones."""
        for step in self.steps:
            spent = getattr(opened(step.strategy), "cpu_seconds", 0.0)
            if step.name in self.books:
                self.books[step.name].cpu_seconds += spent - self._elsewhere[step.name]
                self.cpu_elsewhere += spent - self._elsewhere[step.name]
            self._elsewhere[step.name] = spent
        books, self.books = self.books, {step.name: StepBook() for step in self.steps}
        return books

    def run(self, item: RawPage | Document) -> Outcome:
        """The outcome for one item. Never raises for what is wrong with the item."""
        clock = time.thread_time
        size = len(item.body) if isinstance(item, RawPage) else len(item.text.encode("utf-8", "surrogatepass"))
        current: Any = item
        started = clock()
        for step, run in zip(self.steps, self._runs, strict=True):
            book = self.books[step.name]
            book.documents_in += 1
            book.bytes_in += size
            try:
                result = run(current)
                if type(result) is Document:
                    if result is not current:
                        if result.edits:
                            book.edits.update(result.edits)
                            result = result.with_text(result.text)
                        if isinstance(current, RawPage) or result.text is not current.text:
                            size = len(result.text.encode())
                    current = result
                    book.kept += 1
                    book.bytes_kept += size
                elif type(result) is Drop:
                    book.dropped += 1
                    book.dropped_by_rule[result.rule] += 1
                    return Dropped(_document_of(current), step.name, step.strategy_name, result)
                else:
                    raise Fault("bad_result", f"{step.strategy_name} answered with {type(result).__name__}")
            except (KeyboardInterrupt, SystemExit, GeneratorExit):
                raise
            except BaseException as error:  # a panic of a native library is no Exception
                reason, detail = fault_of(error)
                book.failed += 1
                book.failed_by_reason[reason] += 1
                return Failed(item.source, item.offset, item.id, item.url, step.name, reason, detail)
            finally:
                now = clock()
                book.cpu_seconds += now - started
                started = now
        return current if isinstance(current, Document) else _document_of(current)


def _document_of(item: RawPage | Document) -> Document:
    if isinstance(item, Document):
        return item
    return Document(item.id, "", item.url, item.notes, item.source, item.offset, item.date)


def _run_of(step: Step) -> Callable[[Any], Any]:
    strategy = step.strategy
    function = opened(strategy)
    if isinstance(strategy, Judge):
        return _judge(strategy, function)
    if isinstance(strategy, (Extractor, Rewriter)):
        return function  # type: ignore[no-any-return]
    raise TypeError(f"{step.name} ({type(strategy).__name__}) is no per-document strategy")


def _judge(strategy: Judge, score: Callable[[Document], Any]) -> Callable[[Document], Document | Drop]:
    rules: dict[str, tuple[Rule, ...]] = {}

    def run(document: Document) -> Document | Drop:
        scores = score(document)
        if scores.notes:
            document = document.note(**scores.notes)
        language = str(document.notes.get("language", ""))
        if language not in rules:
            rules[language] = strategy.rules(language)
        return decide(rules[language], scores.signals, document.notes) or document

    return run


def notes_written(steps: Iterable[Step]) -> dict[str, str]:
    """The notes that these steps write, with their Arrow types, in the order of the steps."""
    return {name: kind for step in steps for name, kind in step.strategy.writes.items()}
