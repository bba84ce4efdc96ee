"""A page through steps: every outcome, the books, and that texts never get into reasons."""

import dataclasses
import errno

import pytest

from filters.chain import Chain, Dropped, Failed, Step, fault_of, first_cause, opened
from filters.document import Document, RawPage
from tests.strategies import Body, Characters, Trouble, Upper


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


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("raise", "error:ValueError"), ("fault", "a_reason"), ("panic", "error:_Panic"), ("none", "bad_result")],
)
def test_a_fault_is_a_failed_row_without_text_and_neighbours_survive(kind, reason):
    chain = _chain(Body(), Trouble(kind=kind))
    failed = chain.run(_page("TROUBLE 960121-1234567", 7))
    assert isinstance(failed, Failed)
    assert (failed.reason, failed.source, failed.offset, failed.stage) == (reason, "a.warc", 7, "step/1")
    assert "960121" not in repr(failed)
    assert isinstance(chain.run(_page("well")), Document)
    assert chain.books["step/1"].failed == 1


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
