"""The metric of extraction, against cases worked out by hand."""

import math

import pytest

from curate.evaluation.extraction import evaluate, score, score_page, shingles
from filters.contracts import Extractor, strategy
from filters.document import Document, Drop, Fault, RawPage


def test_shingles_are_a_multiset():
    assert shingles("a b, c d! a b c d") == {
        ("a", "b", "c", "d"): 2,
        ("b", "c", "d", "a"): 1,
        ("c", "d", "a", "b"): 1,
        ("d", "a", "b", "c"): 1,
    }
    assert shingles("하나 둘") == {("하나", "둘"): 1}
    assert not shingles(" .,! ")


def test_one_page():
    page = score_page("a b c d e", "a b c d x")
    assert (page.precision, page.recall, page.exact) == (0.5, 0.5, False)
    page = score_page("a b c d a b c d", "a b c d")  # five shingles, one of them right
    assert (page.precision, page.recall, page.exact) == (0.2, 1.0, False)
    page = score_page("a, b c", "a b c")
    assert (page.precision, page.recall, page.exact) == (1.0, 1.0, True)
    page = score_page("", "a b c d")
    assert math.isnan(page.precision)
    assert (page.recall, page.exact) == (0.0, False)
    page = score_page("a b c d", "")
    assert math.isnan(page.recall)
    assert page.precision == 0.0


def test_means_over_pages():
    found = score(["a b c d e", "", "p q r s"], ["a b c d x", "a b c d", "p q r s"], rounds=20)
    assert found.precision.value == pytest.approx((0.5 + 1) / 2)  # the page without text has none
    assert found.recall.value == pytest.approx((0.5 + 0 + 1) / 3)
    assert found.f1.value == pytest.approx(2 * 0.75 * 0.5 / 1.25)
    assert found.accuracy.value == pytest.approx(1 / 3)
    assert found.f1.low <= found.f1.value <= found.f1.high


def test_no_pages():
    assert score([], []).as_dict()["f1"]["value"] is None


@strategy
class Some(Extractor):
    """The body, a drop or a fault."""

    def open(self):
        def extract(page: RawPage) -> Document | Drop:
            if page.body == b"drop":
                return Drop("empty")
            if page.body == b"fault":
                raise Fault("extract_timeout")
            return Document(page.id, page.body.decode())

        return extract


def test_pages_without_a_document_count_as_empty():
    pages = [RawPage(str(number), body=body) for number, body in enumerate([b"a b c d", b"drop", b"fault"])]
    found = evaluate(Some(), pages, ["a b c d"] * 3, rounds=5)
    assert (found.pages, found.dropped, found.failed) == (3, 1, 1)
    assert found.recall.value == pytest.approx(1 / 3)
    assert found.precision.value == 1.0
    assert found.as_dict()["ms_per_page"] >= 0
