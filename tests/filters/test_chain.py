"""A page through steps: every outcome, the books, and that texts never get into reasons."""

import dataclasses
import errno
import pickle

import numpy as np
import pytest

from filters import make
from filters.chain import Chain, Dropped, Failed, OpenStep, Step, apply, close_all, fault_of, first_cause, opened
from filters.contracts import Extractor, strategy
from filters.document import Document, RawPage
from tests.strategies import Body, Characters, Explained, FirstWord, Misspelt, Noted, Trouble, Upper


def _page(text: str, offset: int = 0) -> RawPage:
    return RawPage(f"id-{offset}", "http://a.example/", text.encode(), source="a.warc", offset=offset)


def _chain(*strategies):
    return Chain([Step(f"step/{n}", type(s).__name__, s) for n, s in enumerate(strategies)])


def test_a_kept_page_is_a_document_and_every_step_books_it():
    chain = _chain(Body(), Characters(least=1), Upper())
    kept = chain.run(_page("abc"))
    assert isinstance(kept, Document)
    assert (kept.text, kept.source, kept.offset) == ("ABC", "a.warc", 0)
    assert dict(kept.edits) == {}
    books = chain.reset()
    assert [(b.documents_in, b.kept, b.bytes_kept) for b in books.values()] == [(1, 1, 3)] * 3
    assert books["step/2"].edits == {"upper": 3}
    assert all(book.documents_in == 0 for book in chain.books.values())


def test_a_judge_names_every_rule_that_failed():
    chain = _chain(Body(), Characters(least=5, most=2))
    dropped = chain.run(_page("abc"))
    assert isinstance(dropped, Dropped)
    assert (dropped.stage, dropped.drop.rule, dropped.drop.value, dropped.drop.threshold) == (
        "step/1", "too_short", 3.0, 5,
    )  # fmt: skip
    assert [(f.rule, f.value, f.threshold) for f in dropped.drop.also_failed] == [("too_long", 3.0, 2)]
    assert chain.books["step/1"].dropped_by_rule == {"too_short": 1}


def test_a_judge_sees_the_page_whatever_was_rewritten_and_it_does_not_leave_the_chain(monkeypatch):
    seen = []

    class Watcher:
        def applied(self, step, item, found):
            seen.append(item.page)

    chain = Chain([Step(f"s{n}", "s", s) for n, s in enumerate((Explained(), Upper(), Characters()))], Watcher())
    page = _page("abc")
    chain.run(page)
    assert seen[-1] is None  # no step reads it, so that it is not held
    monkeypatch.setattr(Characters, "reads_page", True)
    chain = Chain([Step(f"s{n}", "s", s) for n, s in enumerate((Explained(), Upper(), Characters()))], Watcher())
    kept = chain.run(page)
    assert page in seen and seen[-1] is page
    assert kept.page is None and pickle.loads(pickle.dumps(kept.of_page(page))).page is None
    dropped = _chain(Body(), Characters(least=9)).run(page)
    assert dropped.document.page is None


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("raise", "error:ValueError"),
        ("fault", "a_reason"),
        ("panic", "error:_Panic"),
        ("none", "bad_result"),
        ("before", "bad_result"),
    ],
)
def test_a_fault_is_a_failed_row_without_text_and_neighbours_survive(kind, reason):
    chain = _chain(Body(), Trouble(kind=kind))
    assert isinstance(chain.run(_page("well", 6)), Document)
    failed = chain.run(_page("TROUBLE 960121-1234567", 7))
    assert isinstance(failed, Failed)
    assert (failed.reason, failed.source, failed.offset, failed.stage) == (reason, "a.warc", 7, "step/1")
    assert "960121" not in repr(failed)
    assert isinstance(chain.run(_page("well")), Document)
    assert chain.books["step/1"].failed == 1


def test_a_step_takes_all_items_before_the_next_begins_and_each_ends_as_it_would_alone():
    strategies = Body(), Characters(least=4), Trouble(kind="fault"), Upper()
    texts = ("first", "few", "TROUBLE", "", "a last one")
    pages = [_page(text, number) for number, text in enumerate(texts)]
    alone, together = _chain(*strategies), _chain(*strategies)
    begun = []
    outcomes = together.run_all(pages, lambda item: begun.append((type(item), item.offset)))
    assert outcomes == [alone.run(page) for page in pages]
    assert [type(outcome) for outcome in outcomes] == [Document, Dropped, Failed, Dropped, Document]
    assert begun == [
        *((RawPage, offset) for offset in range(5)),
        *((Document, offset) for offset in (0, 1, 2, 3, 4)),
        *((Document, offset) for offset in (0, 2, 4)),
        *((Document, offset) for offset in (0, 4)),
    ]
    for one, other in zip(alone.reset().values(), together.reset().values(), strict=True):
        assert dataclasses.replace(one, cpu_seconds=0) == dataclasses.replace(other, cpu_seconds=0)
    assert together.run_all([]) == []


def test_lone_surrogates_fail_their_document_and_not_the_sink():
    chain = _chain(Characters())
    failed = chain.run(Document("1", "a\ud800b"))
    assert isinstance(failed, Document)  # an unchanged text is the reader's business
    chain = _chain(Upper())
    failed = chain.run(Document("1", "a\ud800b"))
    assert isinstance(failed, Failed)
    assert failed.reason == "error:UnicodeEncodeError"


def test_what_the_system_says_is_told_and_what_an_exception_says_is_not():
    reason, detail = fault_of(OSError(errno.ENOSPC, "a text", "a text"))
    assert reason == "error:OSError"
    assert "No space left" in detail
    assert "a text" not in detail
    assert "a text" not in fault_of(OSError("a text"))[1]


def test_what_opening_a_strategy_raises_is_the_first_cause():
    @dataclasses.dataclass(frozen=True)
    class Unopenable:
        def open(self):
            raise OSError(errno.EMFILE, "")

    with pytest.raises(OSError) as caught:
        opened(Unopenable())
    assert first_cause(caught.value) is caught.value


@pytest.mark.parametrize(
    ("note", "value"), [("s", "a"), ("s", ""), ("i", 0), ("i", -(2**63)), ("f", 1.5), ("f", 1), ("b", True)]
)
def test_a_note_of_its_declared_type_is_handed_on(note, value):
    kept = _chain(Body(), Noted(note, value)).run(_page("a"))
    assert isinstance(kept, Document)
    assert kept.notes == {note: value}


@pytest.mark.parametrize(
    ("note", "value"),
    [
        *(("s", 1), ("s", None), ("s", "\ud800"), ("i", 1.0), ("i", True), ("i", 2**63), ("i", "1")),
        *(("f", "high"), ("f", True), ("b", 1), ("b", "yes"), ("undeclared", 1)),
    ],
)
def test_a_note_of_another_type_fails_its_document(note, value):
    close_all()  # opened() takes True, 1 and 1.0 for the same setting
    failed = _chain(Body(), Noted(note, value)).run(_page("a"))
    assert isinstance(failed, Failed)
    assert failed.reason == "bad_note"
    assert note in failed.detail


def test_notes_that_were_there_before_are_not_judged_again():
    document = Document("1", "a", notes={"other": object()})  # type: ignore[dict-item]
    assert isinstance(_chain(Noted("s", "a")).run(document), Document)


def test_fields_that_go_along_survive_an_extractor_that_builds_its_document_by_hand():
    page = dataclasses.replace(_page("<p>a</p>"), carried={"license": "cc"})
    kept = _chain(Explained(), Upper()).run(page)
    assert isinstance(kept, Document)
    assert kept.carried == {"license": "cc"}


def test_scores_without_a_decision_hand_the_document_on():
    step = OpenStep(Step("judge", "judge", Characters(least=5)))
    document = Document("1", "abc")
    assert apply(step, document).drop is not None
    scored = apply(step, document, decides=False)
    assert (scored.document, scored.drop, scored.scores.signals) == (document, None, {"characters": 3.0})
    misspelt = OpenStep(Step("judge", "judge", Misspelt()))
    for decides in (True, False):
        assert apply(misspelt, document, decides=decides).reason == "signal_missing"


@pytest.mark.parametrize(
    ("strategy", "answer", "expected"),
    [
        (Characters(), None, "bad_result"),
        (Characters(), {"characters": 1.0}, "bad_result"),
        (Upper(), "a text", "bad_result"),
        (Body(), Document("1", "a", source="b.warc"), "bad_result"),
        (FirstWord(), np.array([1], dtype=np.int64), "bad_result"),
        (FirstWord(), np.array([1, 2], dtype=np.uint64), "bad_result"),
        (FirstWord(), [1], "bad_result"),
        (FirstWord(), np.array([1], dtype=np.uint64), ""),
        (FirstWord(), np.array([], dtype=np.uint64), ""),
        (make("dedup/lines"), (np.array([1], dtype=np.uint64), np.array([1], dtype=np.int64)), "bad_result"),
        (make("dedup/lines"), None, "error:TypeError"),
    ],
)
def test_what_is_not_a_result_of_its_shape_has_one_name(monkeypatch, strategy, answer, expected):
    step = OpenStep(Step("s", "s", strategy))
    monkeypatch.setattr(step, "function", lambda item: answer)
    if isinstance(strategy, FirstWord):
        monkeypatch.setattr(step, "_keys_of", lambda document: (answer, None))
    item = _page("a") if isinstance(strategy, Body) else Document("1", "a")
    assert apply(step, item).reason == expected


def test_seconds_spent_in_other_processes_are_booked_once():
    class Elsewhere:
        cpu_seconds = 1.0

        def __call__(self, page):
            self.cpu_seconds += 2.5
            return page.document("a")

    @strategy
    class Child(Extractor):
        def open(self):
            return Elsewhere()

    chain = _chain(Child())
    for number in range(2):
        chain.run(_page("a", number))
    book = chain.reset()["step/0"]
    assert 5 <= book.cpu_seconds < 5.5
    assert chain.cpu_elsewhere == 5
    chain.run(_page("a", 3))
    assert 2.5 <= chain.reset()["step/0"].cpu_seconds < 3
