"""The evaluation of PII finders: figures that can be counted by hand, and input that is wrong."""

import gzip
import json
import math

import pytest

from curate.evaluation.pii import Labelled, evaluate, read_labelled


class Fixed:
    """Reports given spans by text."""

    def __init__(self, spans):
        self._spans = spans

    def finder(self):
        return lambda text, language="": self._spans.get(text, [])


def rows_of(spans, items, **options):
    return {(row.language, row.type): row for row in evaluate({"fixed": Fixed(spans)}, items, rounds=200, **options)}


def test_figures():
    items = [
        Labelled("one", (("email", 0, 3),)),
        Labelled("two", (("email", 0, 1), ("phone", 2, 3))),
        Labelled("three", ()),
        Labelled("four", (("email", 0, 2),)),
    ]
    spans = {
        "one": [("email", 0, 3)],
        "two": [("email", 0, 2), ("phone", 2, 3)],
        "three": [("phone", 0, 1), ("mention", 0, 1)],
    }
    rows = rows_of(spans, items)
    email, phone, both = rows["", "email"], rows["", "phone"], rows["", "all"]
    assert (email.gold, email.found, email.precision.value) == (3, 2, 0.5)
    assert email.recall.value == pytest.approx(1 / 3)
    assert email.f1.value == pytest.approx(0.4)
    assert (phone.gold, phone.found, phone.precision.value, phone.recall.value) == (1, 2, 0.5, 1.0)
    assert (both.gold, both.found, both.items) == (4, 4, 4)  # a mention is labelled nowhere, and not counted
    assert email.recall.low <= email.recall.value <= email.recall.high
    loose = rows_of(spans, items, match="overlap")
    assert loose["", "email"].recall.value == pytest.approx(2 / 3)
    assert loose["", "email"].precision.value == 1.0


def test_intervals_are_repeatable_and_need_data():
    items = [Labelled(str(number), (("email", 0, 1),)) for number in range(40)]
    spans = {str(number): [("email", 0, 1)] for number in range(20)}
    first, second = (rows_of(spans, items)["", "email"] for _ in range(2))
    assert first.recall == second.recall
    assert 0.3 < first.recall.low < 0.5 < first.recall.high < 0.7
    none = rows_of({}, items)["", "email"]
    assert math.isnan(none.precision.value)
    assert none.as_dict()["precision"] == {"value": None, "low": None, "high": None}
    assert (none.recall.value, none.f1.value) == (0.0, 0.0)


def test_languages_apart_and_types_of_an_item():
    items = [
        Labelled("k", (("phone", 0, 1),), "ko", frozenset({"phone"})),
        Labelled("e", (("email", 0, 1),), "en"),
    ]
    rows = rows_of({"k": [("phone", 0, 1), ("email", 0, 1)], "e": [("email", 0, 1)]}, items)
    assert set(rows) == {("en", "email"), ("en", "all"), ("ko", "phone"), ("ko", "all")}
    assert rows["ko", "all"].precision.value == 1.0  # nobody labelled e-mail addresses there


def test_read(tmp_path):
    row = {"text": "a@b.com x", "spans": [{"type": "EMAIL_ADDRESS", "start": 0, "end": 7}], "language": "ko"}
    other = {"text": "no", "spans": [], "types": ["NEW_TYPE"]}
    plain, zipped = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    data = "\n".join(json.dumps(line) for line in (row, other)).encode()
    plain.write_bytes(data + b"\n\n")
    zipped.write_bytes(gzip.compress(data))
    expected = [
        Labelled("a@b.com x", (("email", 0, 7),), "ko"),
        Labelled("no", (), "en", frozenset({"new_type"})),
    ]
    assert read_labelled(plain, "en") == expected
    assert read_labelled(zipped, "en") == expected


@pytest.mark.parametrize(
    "line",
    [
        '{"text": "secret-canary@example.com", "spans": [',
        '{"text": "secret-canary@example.com"}',
        '{"text": "secret-canary", "spans": [{"type": "X", "start": 0, "end": 99}]}',
        '{"text": "secret-canary", "spans": [{"type": "X", "start": true, "end": 2}]}',
        '{"text": null, "spans": [{"type": "X", "start": 0, "end": 2}]}',
        '["secret-canary"]',
    ],
)
def test_wrong_lines_are_named_and_not_quoted(tmp_path, line):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"text": "", "spans": []}\n' + line)
    with pytest.raises(ValueError, match="line 2") as raised:
        read_labelled(path)
    assert "canary" not in str(raised.value)


def test_patterns_on_synthetic_sentences(shared_data):
    from filters.pii.patterns import Patterns

    items = read_labelled(shared_data / "pii" / "presidio_synth.jsonl.gz", "en")
    rows = {row.type: row for row in evaluate({"patterns": Patterns()}, items, rounds=50)}
    assert rows["email"].recall.value >= 0.98
    assert rows["email"].precision.value >= 0.95
    assert set(rows) == {"email", "phone", "card", "iban", "ip", "us_ssn", "all"}
    assert rows["email"].ms_per_kb > 0
