"""Requests of `curate evaluate`: wrong ones, and what they take."""

import gzip
import json

import pytest

from curate.evaluation.command import Request, evaluate
from curate.evaluation.labelled import EvaluationError


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        ("quality/length: 5", "the settings of quality/length must be a map, got 5"),
        ("filters.contracts.Judge", "not a complete strategy"),
        ("quality/length: {min_wrods: 5}", "did you mean min_words"),
    ],
)
def test_wrong_strategies_are_named(tmp_path, strategy, said):
    (tmp_path / "data.jsonl").write_text('{"text": "a", "label": 1}\n')
    with pytest.raises(EvaluationError, match=said):
        evaluate(Request("quality", (str(tmp_path / "data.jsonl"),), (strategy,)))


def test_a_strategy_of_another_shape_is_refused(tmp_path):
    (tmp_path / "data.jsonl").write_text('{"text": "a", "lang": "en"}\n')
    with pytest.raises(EvaluationError, match="cleanup/urls cannot be evaluated as language: expected a Judge"):
        evaluate(Request("language", (str(tmp_path / "data.jsonl"),), ("cleanup/urls",)))


def test_an_extractor_by_dotted_path_is_measured_whatever_its_name(tmp_path):
    html = b"<html><body><p>One small harbour with nine boats.</p></body></html>"
    body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + html
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n"
        "WARC-Target-URI: http://a.example/\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    (tmp_path / "one.warc.gz").write_bytes(gzip.compress(head.encode() + body + b"\r\n\r\n"))
    gold = {
        "record_id": "<urn:uuid:00000000-0000-4000-8000-000000000001>",
        "text": "One small harbour with nine boats.",
    }
    (tmp_path / "gold.jsonl").write_text(json.dumps(gold) + "\n")
    data, archive = (str(tmp_path / "gold.jsonl"),), (str(tmp_path / "one.warc.gz"),)
    (row,) = evaluate(Request("extraction", data, ("tests.strategies.Explained",), archive))
    assert row["f1"]["value"] == 1
    (row,) = evaluate(Request("extraction", data, ("extraction/plain",), archive))
    assert row["dropped"] == 1


def test_the_label_of_languages(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "갯벌에서 일하는 사람들", "label": "ko", "lang": "en"}\n')
    for label, right in (("", 0), ("lang", 0), ("label", 1)):
        (row,) = evaluate(Request("language", (str(path),), ("language/script",), label=label))
        assert row["accuracy"]["value"] == right
