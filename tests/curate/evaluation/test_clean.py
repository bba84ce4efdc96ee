"""What strategies find in texts that should hold none of it."""

import gzip
import json

import pytest
from typer.testing import CliRunner

from curate.commands.application import app
from curate.evaluation.clean import Unreadable, measure, texts
from curate.evaluation.command import EvaluationError, Request, evaluate
from filters import make


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.txt").write_text("문의는 010-1234-5678, hong@example.com으로.\n본문이다.\n", encoding="utf-8")
    (tmp_path / "b.html").write_text("<html><body><p>아 시발 진짜 010-1234-5679</p></body></html>", encoding="utf-8")
    with gzip.open(tmp_path / "c.jsonl.gz", "wt", encoding="utf-8") as rows:
        rows.write(json.dumps({"text": "깨끗한 글이다 ㅋㅋㅋㅋㅋㅋㅋ"}) + "\n")
    return tmp_path


def test_counts_by_kind_and_masked_samples(folder):
    rows = evaluate(Request("pii", (), ("pii/patterns",), clean=(str(folder),), language="ko"))
    assert {row["found"]: row["hits"] for row in rows} == {"phone": 2, "email": 1, "all": 3}
    assert {row["texts"] for row in rows} == {3}
    size = sum(len(document.text.encode()) for document in texts([str(folder)]))
    by_kind = {row["found"]: row for row in rows}
    assert by_kind["phone"]["per_mb"] == pytest.approx(2e6 / size, rel=1e-3)
    assert by_kind["email"]["samples"] == ["문의는 <PHONE>, [xxxx@xxxxxxx.xxx]으로. 본문이다."]
    shown = json.dumps(rows, ensure_ascii=False)
    assert "5678" not in shown
    assert "hong" not in shown


def test_word_lists_and_cleanups(folder):
    (row,) = evaluate(Request("toxicity", (), ("toxicity/wordlist",), clean=(str(folder),), language="ko"))
    assert (row["found"], row["hits"]) == ("시발", 1)
    assert "[시발]" in row["samples"][0]
    assert "5679" not in row["samples"][0]
    (row,) = evaluate(Request("cleanup", (), ("cleanup/unicode",), clean=(str(folder),), language="ko"))
    assert row["hits"] >= 1
    assert "[" in row["samples"][0]


def test_judges_without_a_finder_count_documents(folder):
    measured = measure(make("quality/length", {"min_words": 1000}), texts([str(folder)]), "ko")
    assert [tally.documents for tally in measured.kinds.values()] == [3]


def test_nothing_found_is_one_row_of_zeros(tmp_path):
    (tmp_path / "a.txt").write_text("Nothing at all.\n")
    (row,) = measure(make("pii/patterns"), texts([str(tmp_path)]), "en").rows("pii/patterns")
    assert (row["found"], row["hits"], row["per_mb"], row["samples"]) == ("all", 0, 0.0, [])


def test_samples_are_the_same_every_time_and_no_more_than_asked_for(tmp_path):
    for number in range(50):
        (tmp_path / f"{number:02d}.txt").write_text(f"Mail to a{number}@example.com now, reader {number}.\n")
    first, second = (measure(make("pii/patterns"), texts([str(tmp_path)]), "en", most=5) for _ in range(2))
    assert first.kinds["email"].hits == 50
    assert len(first.kinds["email"].samples) == 5
    assert first.kinds == second.kinds


def test_what_is_wrong_is_said(tmp_path):
    with pytest.raises(EvaluationError, match="no such file or folder"):
        evaluate(Request("pii", (), clean=(str(tmp_path / "none"),)))
    with pytest.raises(EvaluationError, match="folders of clean texts with --clean"):
        evaluate(Request("toxicity", ()))
    with pytest.raises(EvaluationError, match="name folders with --clean"):
        evaluate(Request("cleanup", ()))
    with pytest.raises(Unreadable, match="no text in it"):
        list(texts([str(tmp_path)]))
    whole = gzip.compress(b"a text " * 99, mtime=0)
    for damaged in (b"no gzip", whole[:-9], whole[:12] + b"\xff" * 9):
        (tmp_path / "a.txt.gz").write_bytes(damaged)
        with pytest.raises(EvaluationError, match=r"a\.txt\.gz: a damaged or cut off gzip file"):
            evaluate(Request("cleanup", (), clean=(str(tmp_path),)))


def test_command_line(folder):
    done = CliRunner().invoke(
        app, ["evaluate", "pii", "--clean", str(folder), "--strategy", "pii/patterns", "--language", "ko"]
    )
    assert done.exit_code == 0
