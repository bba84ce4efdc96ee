"""Length and compression: thresholds from both sides, odd texts, the plain definitions."""

import math
import zlib

import pytest

from filters.contracts import Judge
from filters.document import Document
from filters.quality.compression import Compression
from filters.quality.length import UNITS, Length
from filters.rules import decide, failing


def failed(judge: Judge, text: str) -> set[str]:
    return {rule.rule for rule in failing(judge.rules(), judge.open()(Document("1", text)).signals, {})}


def test_length_counts() -> None:
    signals = Length().open()(Document("1", "한글 문장, it's 1 line.\n\n— …\nx")).signals
    # white space separates eight pieces; punctuation alone is no word
    assert signals == {"words": 6, "characters": 26, "lines": 3, "bytes": 38}
    assert Length(words="whitespace").open()(Document("1", "한글 문장, … x")).signals["words"] == 4


@pytest.mark.parametrize("unit", UNITS)
def test_length_bounds_are_inclusive(unit: str) -> None:
    texts = ["a\n" * n if unit == "lines" else "a " * n if unit == "words" else "a" * n for n in (1, 2, 3, 4)]
    off = {"min_words": None, "max_words": None}
    judge = Length(**{**off, f"min_{unit}": 2, f"max_{unit}": 3})  # type: ignore[arg-type]
    assert [failed(judge, text) for text in texts] == [{f"min_{unit}"}, set(), set(), {f"max_{unit}"}]
    zero = Length(**{**off, f"max_{unit}": 0})  # type: ignore[arg-type]
    assert failed(zero, texts[0]) == {f"max_{unit}"} and failed(zero, "") == set()


def test_length_defaults() -> None:
    assert [failed(Length(), "word " * n) for n in (49, 50, 100_000, 100_001)] == [
        {"min_words"}, set(), set(), {"max_words"},
    ]  # fmt: skip
    assert Length(min_words=1).scoring_key() == Length().scoring_key() != Length(words="whitespace").scoring_key()


@pytest.mark.parametrize("text", ["", " ", "\n", "😀", "\x00", "\ud800", "a" * 5_000_000])
def test_odd_texts_get_an_answer(text: str) -> None:
    assert Length().open()(Document("1", text)).signals["characters"] == len(text)
    ratio = Compression().open()(Document("1", text)).signals["compression_ratio"]
    assert math.isnan(ratio) if not text else ratio > 0


def test_compression_is_bytes_over_zlib_bytes() -> None:
    text = "한글 문장과 words, " * 40
    raw = text.encode()
    found = Compression(window=None).open()(Document("1", text)).signals
    assert found == {"compression_ratio": len(raw) / len(zlib.compress(raw))}
    short = text[:100]
    assert Compression().open()(Document("1", short)).signals["compression_ratio"] == pytest.approx(
        len(short.encode()) / len(zlib.compress(short.encode()))
    )
    pieces = [raw[start : start + 1000] for start in range(0, len(raw), 1000)]
    assert Compression().open()(Document("1", text)).signals["compression_ratio"] == pytest.approx(
        len(raw) / sum(len(zlib.compress(piece)) for piece in pieces)
    )


def test_compression_thresholds_from_both_sides() -> None:
    text = "the same words again and again, " * 50
    ratio = Compression().open()(Document("1", text)).signals["compression_ratio"]
    below, above = math.nextafter(ratio, 0), math.nextafter(ratio, math.inf)
    assert [failed(Compression(max_ratio=limit), text) for limit in (below, ratio, above, None)] == [
        {"compression_ratio"}, set(), set(), set(),
    ]  # fmt: skip
    assert [failed(Compression(max_ratio=None, min_ratio=limit), text) for limit in (below, ratio, above)] == [
        set(), set(), {"incompressible"},
    ]  # fmt: skip
    assert failed(Compression(max_ratio=0), "a") == {"compression_ratio"}
    assert failed(Compression(), text) == {"compression_ratio"}
    assert decide(Compression().rules(), Compression().open()(Document("1", "")).signals, {}) is None
    assert failed(Compression(), "A sentence of ordinary prose does not repeat itself very much.") == set()
