"""Exact, URL and MinHash keys, the order of survivors, and decisions among the documents that are alive."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import filters
from filters.chain import opened
from filters.contracts import CorpusJudge, Strategy
from filters.dedup.clusters import below_top, kept_of_top, link
from filters.dedup.survivors import identity, rank, score_of, sortable
from filters.dedup.url import normalized
from filters.document import Document, Fault
from pipelines.corpus.forms import forms_of


def _record(step: Strategy, document: Document) -> bytes:
    return forms_of(step).key_record(document, opened(step)(document))


def decide(step: CorpusJudge, documents: list[Document], alive: list[bool] | None = None) -> dict[str, str]:
    """id dropped -> id kept."""
    among = forms_of(step).living([_record(step, document) for document in documents])
    living = None if alive is None else np.array(alive)
    lost, kept = among.losers(living, lambda rows: (documents[row] for row in rows))
    return {documents[a].id: documents[b].id for a, b in zip(lost.tolist(), kept.tolist(), strict=True)}


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("https://www.Example.org:443/a/b/", "http://example.org/a/b"),
        ("http://example.org/a?utm_source=x&b=2&ref=y", "http://example.org/a?b=2"),
        ("http://example.org/?b=2&a=1#top", "http://example.org?a=1&b=2"),
        ("http://user:word@example.org/%ea%b0%80", "http://example.org/%EA%B0%80"),
        ("http://example.org/가나", "http://example.org/%EA%B0%80%EB%82%98"),
        ("http://한국.kr/", "http://xn--3e0b707e.kr"),
        (" example.org/a ", "http://example.org/a"),
    ],
)
def test_addresses_of_the_same_page(a: str, b: str) -> None:
    ignored = ("utm_", "ref=", "feed=")
    assert normalized(a, ignored) == normalized(b, ignored)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("http://example.org/a", "http://example.org/A"),
        ("http://example.org/a?b=1", "http://example.org/a?b=2"),
        ("http://example.org:8080/", "http://example.org/"),
        ("http://example.org/a?reform=1", "http://example.org/a"),
        ("http://a.example.org/", "http://example.org/"),
    ],
)
def test_addresses_of_different_pages(a: str, b: str) -> None:
    ignored = ("utm_", "ref=", "feed=")
    assert normalized(a, ignored) != normalized(b, ignored)


@pytest.mark.parametrize("url", ["http://[::1", "http://a b", "//", "javascript:void(0)", "http://\udcff.org/", "?"])
def test_strange_addresses_do_not_fail(url: str) -> None:
    assert isinstance(normalized(url), str)


def test_documents_without_a_url_stay() -> None:
    assert decide(filters.make("dedup/url"), [Document("a", "x"), Document("b", "x")]) == {}


def test_exact_ignores_case_and_white_space_if_asked() -> None:
    pair = [Document("a", "한국어 Text  here\n"), Document("b", "한국어 text here")]
    assert decide(filters.make("dedup/exact"), pair) == {"b": "a"}
    assert decide(filters.make("dedup/exact", {"normalize": False}), pair) == {}


def test_ten_short_different_documents_survive() -> None:
    texts = ["a", "b", "", "", " ", "!!!", "???", "a b", "가", "가 나"]
    documents = [Document(str(number), text) for number, text in enumerate(texts)]
    assert decide(filters.make("dedup/minhash"), documents) == {}
    assert decide(filters.make("dedup/minhash-datasketch"), documents) == {}


def test_datasketch_signs_long_texts_in_parts_and_the_longest_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = filters.make("dedup/minhash-datasketch", {"max_characters": 2000})
    long = Document("long", " ".join(f"word{number}" for number in range(200)))
    whole = judge.open().with_signature(long)
    monkeypatch.setattr("filters.dedup.minhash_datasketch._BATCH", 7)
    assert [found.tolist() for found in judge.open().with_signature(long)] == [found.tolist() for found in whole]
    judge.open()(Document("as long", "x" * 2000))
    with pytest.raises(Fault, match="doc_too_long: 2001 characters, limit 2000"):
        judge.open()(Document("longer", "x" * 2001))


def test_short_equal_documents_are_duplicates() -> None:
    assert len(decide(filters.make("dedup/minhash"), [Document("a", "Yes, no!"), Document("b", "yes no")])) == 1


def test_korean_is_compared_by_characters() -> None:
    """One particle in every word differs, so that no 5-gram of words is shared."""
    text = "서울시는 오늘 시민들이 참여하는 새로운 환경 정책을 발표하고 내년부터 지원을 시작한다고 밝혔다 " * 3
    other = text.replace("시민들이", "시민들도").replace("정책을", "정책도")
    words = filters.make("dedup/minhash", {"unit": "words"})
    step = filters.make("dedup/minhash")
    plain = [Document("a", text), Document("b", other)]
    korean = [document.note(language="ko") for document in plain]
    shingles = [set(step.shingler()(document).tolist()) for document in korean]  # type: ignore[attr-defined]
    by_words = [set(words.shingler()(document).tolist()) for document in korean]  # type: ignore[attr-defined]
    assert len(shingles[0] & shingles[1]) / len(shingles[0] | shingles[1]) > 0.4
    assert len(by_words[0] & by_words[1]) / len(by_words[0] | by_words[1]) < 0.2
    assert _record(words, korean[0]) == _record(step, plain[0]) != _record(step, korean[0])


POLICIES = [
    ("longest", Document("x", "a  b c"), Document("y", "a b c")),
    ("newest", Document("x", "a b c", date="2024-05-01T00:00:00Z"), Document("y", "a b c", date="2023-01-01")),
    ("newest", Document("x", "a b c", date="2023-01-01"), Document("y", "a b c", date="yesterday")),
    ("first-url", Document("x", "a b c", "http://www.a.org/1"), Document("y", "a b c", "https://b.org/0")),
    ("first-url", Document("x", "a b c", "http://z.org"), Document("y", "a b c")),
    ({"best": "score"}, Document("x", "a b c", notes={"score": -1.0}), Document("y", "a b c", notes={"score": -2.0})),
    ({"best": "score"}, Document("x", "a b c", notes={"score": -1e300}), Document("y", "a b c")),
    ({"best": "score"}, Document("x", "a b c", notes={"score": 0}), Document("y", "a b c", notes={"score": "high"})),
]


@pytest.mark.parametrize(("policy", "best", "other"), POLICIES)
@pytest.mark.parametrize("swapped", [False, True])
def test_survivor_policies(policy: object, best: Document, other: Document, swapped: bool) -> None:
    step = filters.make("dedup/exact", {"survivor": policy})
    ids = ("y", "x") if swapped else ("x", "y")
    documents = [Document(ids[0], *_rest(best)), Document(ids[1], *_rest(other))]
    assert decide(step, documents) == {ids[1]: ids[0]}


def _rest(document: Document) -> tuple[object, ...]:
    return document.text, document.url, document.notes, document.source, document.offset, document.date


def test_unknown_policies_are_errors() -> None:
    with pytest.raises(filters.SettingsError, match="survivor"):
        filters.make("dedup/exact", {"survivor": "first"})
    with pytest.raises(filters.SettingsError, match="survivor"):
        filters.make("dedup/exact", {"survivor": {"worst": "score"}})


@settings(max_examples=100, deadline=None)
@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_sortable_bits(a: float, b: float) -> None:
    assert (sortable(a) < sortable(b)) == (a < b)
    assert score_of(sortable(a)) == a


def test_missing_scores_sort_last() -> None:
    assert sortable(float("nan")) < sortable(float("-inf"))


def test_order_depends_on_content_only() -> None:
    a = Document("id", "text", "u", source="one", offset=1)
    b = Document("id", "text", "u", source="two", offset=2)
    assert identity(a) == identity(b)
    assert rank("longest", a) == rank("longest", b)


def test_decisions_among_the_living() -> None:
    documents = [Document(name, text) for name, text in [("a", "x y  z"), ("b", "x y z"), ("c", "X  y  z"), ("d", "o")]]
    step = filters.make("dedup/exact")
    assert decide(step, documents) == {"a": "c", "b": "c"}
    assert decide(step, documents, [True, True, False, True]) == {"b": "a"}
    assert decide(step, documents, [False, True, False, True]) == {}


def test_chains_are_one_cluster_and_verify_cuts_them() -> None:
    words = [f"w{number}" for number in range(400)]
    documents = [Document(str(k), " ".join(words[k * 12 : k * 12 + 300])) for k in range(8)]
    step = filters.make("dedup/minhash", {"bands": 40, "rows": 4})
    assert len(decide(step, documents)) == 7
    strict = filters.make("dedup/minhash", {"bands": 40, "rows": 4, "verify": 0.97})
    assert decide(strict, documents) == {}


def test_a_key_that_all_share_costs_no_more() -> None:
    hot = np.zeros(200_000, dtype=np.uint64)
    assert len(np.unique(link([hot, hot], len(hot)))) == 1


def test_the_top_share_is_exact_with_ties_by_hash_of_the_id() -> None:
    generator = np.random.default_rng(5)
    score = np.array([sortable(float(value)) for value in generator.integers(0, 4, size=1000)], dtype=np.uint64)
    order = generator.integers(0, 1 << 63, size=(1000, 2), dtype=np.uint64)
    present = generator.random(1000) < 0.9
    lost, kept = below_top(score, order, present, 0.1)
    stays = np.setdiff1d(np.flatnonzero(present), lost)
    assert len(stays) == np.ceil(0.1 * present.sum())
    assert set(kept.tolist()) == {-1}
    last = max((-score_of(int(score[row])), order[row, 0]) for row in stays)
    assert all((-score_of(int(score[row])), order[row, 0]) > last for row in lost)


@pytest.mark.parametrize(
    ("count", "share", "kept"), [(100, 0.1, 10), (101, 0.1, 11), (3, 1.0, 3), (7, 0.0, 0), (0, 0.5, 0)]
)
def test_kept_of_top(count: int, share: float, kept: int) -> None:
    assert kept_of_top(count, share) == kept


def test_words_for_korean_are_warned_about() -> None:
    assert "ko" in filters.make("dedup/minhash", {"unit": "words"}).warnings(("en", "ko"))[0]
    assert filters.make("dedup/minhash", {"unit": "words"}).warnings(("en",)) == ()
    assert filters.make("dedup/minhash").warnings(("ko",)) == ()
