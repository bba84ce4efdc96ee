"""A step on an item, and a chain of steps: what happens to one page, and the books kept on it."""

import os
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from filters.contracts import (
    Buckets,
    CorpusJudge,
    CorpusRewriter,
    Duplicates,
    Extractor,
    FrozenMap,
    Judge,
    ResourceError,
    Rewriter,
    Scores,
    SettingsError,
    Strategy,
)
from filters.document import NOTE_TYPES, Document, Drop, Fault, NoteValue, RawPage
from filters.rules import Rule, decide, failing

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
        if hasattr(function, "close"):  # contracts.Closes
            function.close()


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


def fault_of(error: BaseException) -> tuple[str, str]:
    """Reason and detail of an error.

    Messages of foreign exceptions may quote the data, so the detail has their type and place in the code alone, and
    what the system says (no space left, too many open files).
    """
    if isinstance(error, Fault):
        return error.reason, error.detail
    # written for people, and of the installation or the settings, not of a document
    if isinstance(error, (ResourceError, SettingsError)):
        return f"error:{type(error).__name__}", str(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""
    system = f": {os.strerror(error.errno)}" if isinstance(error, OSError) and isinstance(error.errno, int) else ""
    return f"error:{type(error).__name__}", f"{type(error).__name__}{place}{system}"


def first_cause(error: BaseException) -> BaseException:
    """The first error of a chain, as Beam wraps what a DoFn raised; one that is written for people is taken before."""
    while not isinstance(error, ResourceError) and (error.__cause__ is not None or error.__context__ is not None):
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return error


def utf8_bytes(text: str) -> int:
    """The size of a text in bytes of UTF-8; raises UnicodeEncodeError for lone surrogates."""
    return len(text.encode())


@dataclass(slots=True)  # frozen takes three times as long to make, and this is made for every step of a document
class Applied:
    """What a step made of an item: a document, a drop, or a fault.

    document     the document as it is handed on, its edits taken off; None where it was dropped or failed
    drop         the judgement that removes it
    reason, detail  the fault, "" where there is none; detail never holds text of the document
    edits        characters changed, by rule
    scores       what a judge gave, whether its rules drop the document or not
    keys         what a corpus strategy gave: (keys, signature or None) of a judge, (values, pieces) of a rewriter
    """

    document: Document | None = None
    drop: Drop | None = None
    reason: str = ""
    detail: str = ""
    edits: Mapping[str, int] = FrozenMap()
    scores: Scores | None = None
    keys: tuple[Any, Any] | None = None


def read_pages(steps: Iterable[Step]) -> bool:
    """Whether one of the steps reads the pages of documents."""
    return any(step.strategy.reads_page for step in steps)


class OpenStep:
    """A step whose strategy is open, ready for apply().

    with_page  whether the documents that it hands on keep their pages, see read_pages()
    """

    def __init__(self, step: Step, with_page: bool = False) -> None:
        self.step = step
        self._with_page = with_page
        self.function = opened(step.strategy)
        self._run: Callable[[Any, bool], Applied] = self._runner()
        self._rules: dict[str, tuple[Rule, ...]] = {}

    def _runner(self) -> Callable[[Any, bool], Applied]:
        strategy = self.step.strategy
        if isinstance(strategy, Judge):
            self._judge = strategy
            return self._scored
        if isinstance(strategy, (Extractor, Rewriter)):
            return self._changed
        if isinstance(strategy, CorpusJudge):
            self._keys_of, self._width = _keys_of(strategy, self.function)
            return self._keyed
        if isinstance(strategy, CorpusRewriter):
            return self._spanned
        raise TypeError(f"{self.step.name}: {type(strategy).__name__} has no shape")

    def cpu_elsewhere(self) -> float:
        """CPU seconds that the function has spent in other processes so far (the extraction child)."""
        spent: float = self.function.cpu_seconds if hasattr(self.function, "cpu_seconds") else 0.0
        return spent

    def rules(self, language: str) -> tuple[Rule, ...]:
        """The rules of a judge for a language, looked up once."""
        if language not in self._rules:
            self._rules[language] = self._judge.rules(language)
        return self._rules[language]

    def _changed(self, item: RawPage | Document, decides: bool) -> Applied:
        return self._handed_on(item, self.function(item))

    def _handed_on(self, item: RawPage | Document, found: Any) -> Applied:
        """The result of an extractor or a rewriter, verified."""
        if isinstance(found, Document):
            if found is item:
                return Applied(found)
            if found.offset != item.offset or found.source != item.source:
                raise Fault("bad_result", f"{self._name} gave a document of another source or offset")
            if found.notes is not item.notes:
                self._check_notes(found.notes, item.notes, found.row_per_line)
            if item.carried and found.carried is not item.carried:
                found = found.carrying(item.carried)
            edits = found.edits
            if edits:
                found = found.with_text(found.text)
            if self._with_page:
                found = found.of_page(item.page if isinstance(item, Document) else item)
            if not isinstance(item, Document) or found.text is not item.text:
                found.derive(utf8_bytes)  # what cannot be encoded cannot be written
            return Applied(found, edits=edits)
        if isinstance(found, Drop):
            return Applied(None, found)
        raise self._bad_result(found, "Document or Drop")

    def _scored(self, document: Document, decides: bool) -> Applied:
        scores = self.function(document)
        if not isinstance(scores, Scores):
            raise self._bad_result(scores, "Scores")
        if scores.notes:
            self._check_notes(scores.notes, {})
            document = document.note(**scores.notes)
        # without a decision too: a rule whose signal is missing is a fault of every document
        language = str(document.notes.get("language", ""))
        rules = self._rules.get(language) or self.rules(language)
        if not decides:
            failing(rules, scores.signals, document.notes)
            return Applied(document, scores=scores)
        drop = decide(rules, scores.signals, document.notes)
        return Applied(document if drop is None else None, drop, scores=scores)

    def _keyed(self, document: Document, decides: bool) -> Applied:
        keys, signature = self._keys_of(document)
        if not isinstance(keys, np.ndarray) or keys.dtype != _UINT64 or keys.shape not in ((0,), (self._width,)):
            raise Fault("bad_result", f"{self._name} gave {_shape_of(keys)}, expected uint64 of shape ({self._width},)")
        return Applied(document, keys=(keys, signature))

    def _spanned(self, document: Document, decides: bool) -> Applied:
        values, pieces = self.function(document)
        for array, kinds in ((values, _VALUES), (pieces, _PIECES)):
            if not isinstance(array, np.ndarray) or array.ndim != 1 or array.dtype not in kinds:
                raise Fault("bad_result", f"{self._name} gave {_shape_of(array)}, expected keys and pieces of spans")
        return Applied(document, keys=(values, pieces))

    def _check_notes(
        self, notes: Mapping[str, NoteValue], before: Mapping[str, NoteValue], by_line: bool = False
    ) -> None:
        writes = self.step.strategy.writes
        for name, value in notes.items():
            if name in before and before[name] is value:
                continue
            kind = writes.get(name)
            if kind is None:
                raise Fault("bad_note", f"{self._name} wrote a note that it does not declare in writes: {name:.40}")
            # a value for each line of a document whose lines become rows
            for one in value if by_line and isinstance(value, tuple) else (value,):
                self._check_value(name, kind, one)

    def _check_value(self, name: str, kind: str, value: Any) -> None:
        wanted = NOTE_TYPES[kind]
        right = isinstance(value, (float, int) if wanted is float else wanted)
        if not right or (isinstance(value, bool) and wanted is not bool):
            raise Fault("bad_note", f"{self._name}: the note {name} must be {kind}, got {type(value).__name__}")
        if (isinstance(value, str) and not _encodes(value)) or (wanted is int and not _fits(value)):
            raise Fault("bad_note", f"{self._name}: the note {name} has a value that {kind} cannot hold")

    def _bad_result(self, found: Any, expected: str) -> Fault:
        return Fault("bad_result", f"{self._name} gave {type(found).__name__}, expected {expected}")

    @property
    def _name(self) -> str:
        return self.step.strategy_name


# dtypes rather than types: NumPy makes a dtype of a type for every comparison
_UINT64 = np.dtype(np.uint64)
_VALUES = (_UINT64, np.dtype(np.uint32))
_PIECES = (np.dtype(np.int32),)


def _fits(value: Any) -> bool:
    return -(1 << 63) <= value < 1 << 63


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shape_of(value: Any) -> str:
    return f"{value.dtype} of shape {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__


def _keys_of(strategy: CorpusJudge, function: Any) -> tuple[Callable[[Document], tuple[Any, Any]], int]:
    """The function from a document to (keys, signature or None), and the number of keys."""
    decision = strategy.decision()
    width = decision.width if isinstance(decision, (Duplicates, Buckets)) else 1
    if isinstance(decision, Duplicates) and decision.signed:
        return function.with_signature, width
    return (lambda document: (function(document), None)), width


def apply(step: OpenStep, item: RawPage | Document, *, decides: bool = True) -> Applied:
    """What a step makes of an item. Never raises for what is wrong with the item.

    decides  False: a judge's scores are obtained and its rules evaluated, and the document is handed on whatever they
             say, as an ablation needs it
    """
    return _applied(step._run, item, decides)


def apply_cut(step: OpenStep, document: Document, spans: Any) -> Applied:
    """What a corpus rewriter makes of a document of which spans are to be cut: int32, shape (s, 2), half-open."""
    return _applied(lambda item, cuts: step._handed_on(item, step.function.cut(item, cuts)), document, spans)


def _applied(run: Callable[[Any, Any], Applied], item: RawPage | Document, argument: Any) -> Applied:
    try:
        return run(item, argument)
    except (KeyboardInterrupt, SystemExit, GeneratorExit, ResourceError):
        raise  # a resource that is gone is gone for every item
    except BaseException as error:  # a panic of a native library is no Exception
        return Applied(None, None, *fault_of(error))


class Watcher(Protocol):
    """Sees what the steps of a chain do."""

    def applied(self, step: "OpenStep", item: RawPage | Document, found: Applied) -> None:
        """A judge scored an item, or a rewriter edited it."""


class Chain:
    """Runs a page or document through per-document steps until one drops it, fails on it, or none is left.

    watcher        sees what judges score and rewriters edit
    books          what each step did since the last reset
    cpu_elsewhere  CPU seconds that steps spent in other processes (the extraction child), as of the last reset
    """

    def __init__(self, steps: Sequence[Step], watcher: Watcher | None = None) -> None:
        for step in steps:
            if not isinstance(step.strategy, (Extractor, Rewriter, Judge)):
                raise TypeError(f"{step.name}: {type(step.strategy).__name__} is not a per-document strategy")
        self.steps = tuple(steps)
        self._watcher = watcher
        self.books: dict[str, StepBook] = {}
        self.cpu_elsewhere = 0.0
        with_page = read_pages(self.steps)
        self._open = [OpenStep(step, with_page) for step in self.steps]
        self._elsewhere = {step.step.name: step.cpu_elsewhere() for step in self._open}
        self.reset()

    def reset(self) -> dict[str, StepBook]:
        """Hand over the books kept since the last call and open new ones."""
        for step in self._open:
            name, spent = step.step.name, step.cpu_elsewhere()
            if name in self.books:
                self.books[name].cpu_seconds += spent - self._elsewhere[name]
                self.cpu_elsewhere += spent - self._elsewhere[name]
            self._elsewhere[name] = spent
        books, self.books = self.books, {step.name: StepBook() for step in self.steps}
        return books

    def run(self, item: RawPage | Document) -> Outcome:
        """The outcome for one item. Never raises for what is wrong with the item."""
        return self.run_all((item,))[0]

    def run_all(
        self, items: Sequence[RawPage | Document], begin: Callable[[RawPage | Document], None] | None = None
    ) -> list[Outcome]:
        """The outcomes for items, in their order. Never raises for what is wrong with one of them.

        begin  is told of an item whenever a step begins with it

        A step takes all items before the next step begins: its tables and code are then in the processor's caches
        for all but the first of them. A page by itself finds them cold in every step.
        """
        outcomes: list[Any] = list(items)  # of each item what it is so far, and where it ends
        sizes = list(map(_size, items))
        left: Sequence[int] = range(len(items))
        watcher = self._watcher
        for step in self._open:
            book = self.books[step.step.name]
            started, before = time.thread_time(), left
            left = []
            for number in before:
                current, size = outcomes[number], sizes[number]
                if begin is not None:
                    begin(current)
                applied = apply(step, current)
                if watcher is not None and (applied.edits or applied.scores is not None):
                    watcher.applied(step, current, applied)
                book.documents_in += 1
                book.bytes_in += size
                document = applied.document
                if document is not None:
                    if applied.edits:
                        book.edits.update(applied.edits)
                    if not isinstance(current, Document) or document.text is not current.text:
                        sizes[number] = size = document.derive(utf8_bytes)
                    book.kept += 1
                    book.bytes_kept += size
                    outcomes[number] = document
                    left.append(number)
                elif applied.drop is not None:
                    book.dropped += 1
                    book.dropped_by_rule[applied.drop.rule] += 1
                    gone = _document_of(current)
                    if applied.scores is not None and applied.scores.notes:  # the language for which it is dropped
                        gone = gone.note(**applied.scores.notes)
                    outcomes[number] = Dropped(gone, step.step.name, step.step.strategy_name, applied.drop)
                else:
                    book.failed += 1
                    book.failed_by_reason[applied.reason] += 1
                    key = current.source, current.offset, current.id, current.url
                    outcomes[number] = Failed(*key, step.step.name, applied.reason, applied.detail)
            book.cpu_seconds += time.thread_time() - started
        for number in left:
            outcomes[number] = _document_of(outcomes[number])
        return outcomes


def _size(item: RawPage | Document) -> int:
    return len(item.body) if isinstance(item, RawPage) else len(item.text.encode("utf-8", "surrogatepass"))


def _document_of(item: RawPage | Document) -> Document:
    """What leaves the chain: a document, without its page, so that what waits to be written does not hold that too."""
    return item.of_page(None) if isinstance(item, Document) else item.document("")


def notes_written(steps: Iterable[Step]) -> dict[str, str]:
    """The notes that these steps write, with their Arrow types, in the order of the steps."""
    return {name: kind for step in steps for name, kind in step.strategy.writes.items()}
