"""Nothing of a value leaves a run: kept, dropped, failed, run.json, reports, streams and logs are searched for it."""

import json
import logging

import pytest

from curate.rundir import UsageError
from tests.curate.running_tools import go, recipe, rows, write_rows

PLANTED = [
    "secret-canary-7f3a@example.com",
    "010-9999-8888",
    "900101-1234568",
    "4111-1111-1111-1111",
    "canary-password",
]
KEY = "canary key of more than sixteen bytes"
FILLER = "This line says nothing of anybody and is long enough to be kept. "


def _everything(folder):
    """All bytes of all files, with Parquet's columns decoded: its pages are compressed."""
    found = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for table in ("kept", "dropped", "failed"):
        found += json.dumps(rows(folder, table), ensure_ascii=False, default=str).encode()
    return found


def _texts():
    personal = (
        f"메일은 {PLANTED[0]}으로, 번호는{PLANTED[1]}이고 주민번호{PLANTED[2]}입니다. 카드{PLANTED[3]}번, "
        f"https://hong:{PLANTED[4]}@example.org/"
    )
    return [
        FILLER + personal,
        "short: " + personal,  # dropped by a judge, before it is scrubbed
        FILLER + " ".join([personal] * 20),  # dropped by pii where the action is drop
        FILLER + personal + " TROUBLE",  # a fault whose message quotes the text
        FILLER * 4,
    ]


@pytest.mark.parametrize("action", ["replace", "drop", "hash", "pseudonymise"])
def test_no_output_of_a_run_holds_a_value(tmp_path, monkeypatch, capfd, caplog, action):
    monkeypatch.setenv("PII_TEST_KEY", KEY)
    settings = {"action": action} | ({"key_env": "PII_TEST_KEY"} if action in ("hash", "pseudonymise") else {})
    chosen = recipe(
        "tests.strategies.Body",
        {"tests.strategies.Characters": {"least": 190}},
        {"tests.strategies.Trouble": {"kind": "raise"}},
        {"pii/patterns": settings},
    )
    with caplog.at_level(logging.DEBUG):
        result = go(chosen, [write_rows(tmp_path / "in.jsonl", _texts())], tmp_path / "out")
    assert result["conserved"]
    assert (result["kept"], result["dropped"], result["failed"]) == ((2, 2, 1) if action == "drop" else (3, 1, 1))
    streams = capfd.readouterr()
    searched = _everything(tmp_path / "out") + f"{streams.out}{streams.err}{caplog.text}".encode()
    assert FILLER.strip().encode() in searched
    for value in (*PLANTED, KEY):
        assert value.encode() not in searched, value
    if action == "drop":
        (dropped,) = [row for row in rows(tmp_path / "out", "dropped") if row["stage"] == "pii/patterns"]
        assert dropped["rule"] == "drop_above"
        assert (float(dropped["value"]), float(dropped["threshold"])) == (100, 5)


def test_a_damaged_row_with_values(tmp_path, shared_data, capfd, caplog):
    source = shared_data / "badinputs" / "f11_pii_in_failures.jsonl"
    chosen = recipe("tests.strategies.Body", "pii/patterns")
    with caplog.at_level(logging.DEBUG):
        result = go(chosen, [source], tmp_path / "out")
    assert (result["kept"], result["failed"]) == (3, 1)
    (failed,) = rows(tmp_path / "out", "failed")
    assert failed["reason"].startswith("json_error")
    streams = capfd.readouterr()
    searched = _everything(tmp_path / "out") + f"{streams.out}{streams.err}{caplog.text}".encode()
    assert b"canary" not in searched


def test_a_missing_key_stops_a_run_before_it_reads(tmp_path, monkeypatch):
    monkeypatch.delenv("PII_TEST_KEY", raising=False)
    chosen = recipe("tests.strategies.Body", {"pii/patterns": {"action": "hash", "key_env": "PII_TEST_KEY"}})
    with pytest.raises(Exception, match="PII_TEST_KEY") as raised:
        go(chosen, [write_rows(tmp_path / "in.jsonl", _texts())], tmp_path / "out")
    assert type(raised.value).__name__ in ("ResourceError", UsageError.__name__)
    assert not list((tmp_path / "out").glob("kept/*"))
