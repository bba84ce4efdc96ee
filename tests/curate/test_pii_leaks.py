"""No value in a text leaves a run or an ablation: all files, streams and logs are searched. Ids and addresses do."""

import gzip
import json
import logging

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.report.page import render_html, render_markdown, run_report
from curate.rundir import UsageError
from filters.document import Document
from filters.snippets import Concealer
from tests.curate.ablation.tools import run_ablation
from tests.curate.running_tools import go, recipe, rows, write_rows
from tests.pipelines.reading.archives import http, member, page, record

PLANTED = [
    "secret-canary-7f3a@example.com",
    "010-9999-8888",
    "900101-1234568",
    "4111-1111-1111-1111",
    "canary-password",
]
# One line each: what comes before the value (a label, where the value needs one), the value, and what comes after it.
KINDS = [
    ("메일 ", "canary.one@example.com", "으로"), ("mail ", "canary-two@mail.example.org", ", thanks"),
    ("mail ", "canary3 (at) example.com", " now"), ("mail ", "canary4[at]example[dot]com", " now"),
    ("", "canary5%40example.com", " is the login"), ("메일은 ", "카나리.6@example.com", "입니다") ,
    ("전화 ", "010-9876-1101", "번"), ("전화 ", "010 9876 1102", " 로"), ("전화 ", "01098761103", "으로"),
    ("전화 ", "+82 10-9876-1104", "이고"), ("전화 ", "02-987-1105", "번"), ("전화 ", "(02) 987-1106", "번"),
    ("call ", "415-555-0137", " today"), ("phone: ", "+1 415 555 0138", " ok"), ("call ", "(415) 555-0139", " soon"),
    ("전화 ", "070-9876-1107", "번"), ("전화 ", "031-987-1108", "번"), ("전화 ", "０１０-９８７６-１１０９", "번"),
    ("host ", "203.119.55.171", " answered"), ("server at ", "185.199.110.153:8080", " answered"),
    ("host ", "2001:4860:4860:0:0:0:0:8844", " answered"), ("host ", "2607:f8b0:4004:c07::71", " answered"),
    ("card ", "4111-1111-1111-1111", " was"), ("card ", "4012 8888 8888 1881", " was"),
    ("card ", "5555555555554444", ""),
    ("카드 ", "378282246310005", "번"), ("IBAN ", "DE89370400440532013000", " is"),
    ("IBAN ", "GB29 NWBK 6016 1331 9268 19", " is"), ("ssn ", "536-90-4399", " is"), ("SSN: ", "078-05-1121", " is"),
    ("at ", "https://hong:canary-pass-31@example.org/", " it is"), ("from ", "@canary_mention32", " today"),
    ("주민번호 ", "900101-1234568", "입니다"), ("주민등록번호 ", "850315-2345674", "입니다"),
    ("외국인등록번호 ", "900101-5234568", "입니다"), ("사업자등록번호 ", "124-81-00998", "입니다"),
    ("운전면허번호 ", "11-04-123456-78", "입니다"), ("여권번호 ", "M12345678", "입니다"),
    ("계좌번호 ", "110-234-567890", "입니다"), ("차량번호 ", "123가4568", "입니다"),
]  # fmt: skip
KEY = "canary key of more than sixteen bytes"
FILLER = "This line says nothing of anybody and is long enough to be kept. "


def _everything(folder):
    """All bytes of all files, with Parquet's columns decoded: its pages are compressed."""
    found = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for path in folder.rglob("*.parquet"):
        found += json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False, default=str).encode()
    return found


def _searched(folder, capfd, caplog):
    """All that a run left behind and said, and its report, with each value that must not be in it looked for."""
    if (folder / "run.json").exists():
        done = json.loads((folder / "run.json").read_text("utf-8"))
        report = run_report(done, json.loads((folder / "examples.json").read_text("utf-8")))
        (folder / "report.html").write_text(render_html(report), "utf-8")
        (folder / "report.md").write_text(render_markdown(report), "utf-8")
    streams = capfd.readouterr()
    found = _everything(folder) + f"{streams.out}{streams.err}{caplog.text}".encode()
    for value in (*PLANTED, KEY):
        assert value.encode() not in found, value
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
    assert FILLER.strip().encode() in _searched(tmp_path / "out", capfd, caplog)
    if action == "drop":
        (dropped,) = [row for row in rows(tmp_path / "out", "dropped") if row["stage"] == "pii/patterns"]
        assert dropped["rule"] == "drop_above"
        assert (float(dropped["value"]), float(dropped["threshold"])) == (100, 5)


def _hidden(value):
    """What tells a value: without what was around it, which is no personal data."""
    return (
        value.removeprefix("https://hong:").removesuffix("@example.org/").removesuffix(":8080").removeprefix("카나리")
    )


def test_all_40_kinds_are_found_by_the_scrubbing_that_examples_count_on():
    assert len(KINDS) == 40
    concealer = Concealer()
    for before, value, after in KINDS:
        shown = concealer.excerpt(Document("id", f"{FILLER}{before}{value}{after}.", notes={"language": "ko"}))
        assert _hidden(value) not in shown, (value, shown)


def test_no_example_of_a_run_holds_any_of_40_kinds(tmp_path, capfd, caplog):
    """Documents of each kind are dropped by a judge, changed, deduplicated, and kept without being scrubbed."""
    lines = [f"{before}{value}{after}" for before, value, after in KINDS]
    texts = []
    for number, line in enumerate(lines):
        texts += [
            f"{line}. short",
            f"{FILLER}{line}.  #tag{number} {FILLER}\n같은 줄.",
            f"{line}\n{FILLER * 2}{number}",
        ]
        texts += [f"{line}\n{FILLER * 2}{number}", f"{FILLER} {line}. {FILLER * 3}", f"{FILLER} {line}! {FILLER * 3}"]
    stages = [
        "tests.strategies.Body",
        {"tests.strategies.Characters": {"least": 60}},
        "cleanup/klue",
        {"cleanup/urls": {"semantics": "dclm"}},
        "dedup/exact",
        "dedup/minhash",
        "dedup/lines",
        {"pii/patterns": {"types": ["mention"]}},
    ]
    chosen = recipe(*stages, output={"examples": 20})
    with caplog.at_level(logging.DEBUG):
        result = go(chosen, [write_rows(tmp_path / "in.jsonl", texts)], tmp_path / "out")
    examples = (tmp_path / "out" / "examples.json").read_text("utf-8")
    page = render_html(run_report(result, json.loads(examples)))
    streams = capfd.readouterr()
    assert {"dropped", "changed", "duplicates", "kept"} <= {
        name for name, found in json.loads(examples).items() if found
    }
    kept = sorted(path for path in (tmp_path / "out").iterdir() if path.name not in ("kept", "keys"))
    written = "".join(path.read_text("utf-8") for path in kept if path.is_file())
    for _, value, _ in KINDS:
        for said in (examples, json.dumps(json.loads(examples), ensure_ascii=False), page, written, streams.out,
                     streams.err, caplog.text):  # fmt: skip
            assert _hidden(value) not in said, value


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


def test_dropped_texts_and_what_the_whole_corpus_decides(tmp_path, capfd, caplog):
    texts = [f"{text}\n{FILLER}" for text in _texts() * 2]
    stages = [
        "tests.strategies.Body",
        {"tests.strategies.Characters": {"least": 240}},
        "dedup/exact",
        "dedup/lines",
        "pii/patterns",
        {"tests.strategies.Trouble": {"kind": "raise"}},
    ]
    with caplog.at_level(logging.DEBUG):
        result = go(
            recipe(*stages, output={"dropped_text": True}), [write_rows(tmp_path / "in.jsonl", texts)], tmp_path / "out"
        )
    assert (result["conserved"], result["dropped"] > 2, result["failed"]) == (True, True, 1)
    assert {row["stage"] for row in rows(tmp_path / "out", "dropped")} >= {"dedup/exact", "tests.strategies.Characters"}
    assert any(row["text"] and "<EMAIL>" in row["text"] for row in rows(tmp_path / "out", "dropped"))
    _searched(tmp_path / "out", capfd, caplog)


def _damaged_files(folder):
    """Files that begin with values, or have them where names should be: each is told of in failed/."""
    folder.mkdir()
    values = [*PLANTED[:4], f"https://hong:{PLANTED[4]}@example.org/"]
    names = [f"{value} is a column" for value in values] + values
    for number, value in enumerate(values):
        line = f"{value},{value}\n".encode()
        good = record(http(page(number)))
        written = {
            "begins": line * 50,
            "begins.jsonl": line * 5,
            "begins.gz": gzip.compress(line * 50),
            "begins.warc": line + good,
            "before.warc.gz": line + member(good) * 2,
            "inside.warc.gz": member(line + good),
            "keys.jsonl": json.dumps({value: value}).encode() + b"\n",
            "numbers.jsonl": json.dumps({"text": [value], "url": 5}).encode() + b"\n",
            "text.jsonl": b'{"text": "' + value.encode() + b'\\x \xff"}\n{"text": "' + value.encode(),
        }
        for name, data in written.items():
            (folder / f"{number}-{name}").write_bytes(data)
    pq.write_table(pa.table({name: ["a"] for name in names}), folder / "header.parquet")
    pq.write_table(pa.table({"text": [1], **{name: ["a"] for name in names}}), folder / "numbers.parquet")
    pq.write_table(pa.table([["a"], ["b"]], names=["text", "text"]), folder / "twice.parquet")
    binary = pa.array([value.encode() + b"\xff" for value in values], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": binary}), folder / "binary.parquet")
    cut = folder / "cut.parquet"
    pq.write_table(pa.table({"text": values * 100}), cut, compression="none", use_dictionary=False)
    cut.write_bytes(cut.read_bytes()[:-20])
    return sorted(folder.iterdir())


def test_beginnings_of_files_and_names_of_columns(tmp_path, capfd, caplog):
    files = _damaged_files(tmp_path / "in")
    with caplog.at_level(logging.DEBUG):
        result = go(recipe("tests.strategies.Body", "pii/patterns"), files, tmp_path / "out")
    reasons = {row["reason"] for row in rows(tmp_path / "out", "failed")}
    expected = {"not_a_warc", "schema_error", "bad_unicode", "json_error", "parquet_unreadable", "warc_garbage_skipped"}
    assert result["conserved"] and expected <= reasons
    told = {row["source"].rpartition("/")[2] for row in rows(tmp_path / "out", "failed")}
    assert told == {path.name for path in files}
    _searched(tmp_path / "out", capfd, caplog)


def test_no_report_of_an_ablation_holds_a_value(tmp_path, capfd, caplog):
    stages = ["tests.strategies.Body", {"tests.strategies.Characters": {"least": 190}}]
    data = {
        "recipe": {"name": "base", "stages": stages},
        "arms": {
            "scrubbed": {"after": {"tests.strategies.Characters": {"pii/patterns": {"action": "drop"}}}},
            "longer": {"tests.strategies.Characters": {"least": 1000}},
            "lines": {"after": {"tests.strategies.Body": "dedup/lines"}},
        },
    }
    texts = [f"{number} {text}" for number, text in enumerate(_texts() * 3)]
    with caplog.at_level(logging.DEBUG):
        report = run_ablation(data, [write_rows(tmp_path / "in.jsonl", texts)], tmp_path / "out")
    assert "<EMAIL>" in json.dumps(report)  # there are samples, and they are scrubbed
    found = _searched(tmp_path / "out", capfd, caplog)
    assert b"&lt;EMAIL&gt;" in found or b"<EMAIL>" in found


def test_ids_addresses_and_fields_that_go_along_are_left_as_they_are(tmp_path):
    """What docs/pii.md does not promise, and what it says can be done."""
    given = {"id": PLANTED[0], "url": f"https://a:b@example.org/{PLANTED[2]}", "phone": PLANTED[1], "text": FILLER}
    (tmp_path / "in.jsonl").write_text(json.dumps(given) + "\n")

    def kept(name, fields):
        chosen = recipe("tests.strategies.Body", "pii/patterns", rows=fields)
        assert go(chosen, [tmp_path / "in.jsonl"], tmp_path / name)["kept"] == 1
        (row,) = rows(tmp_path / name, "kept")
        return row

    row = kept("as-they-are", {"carry": ["phone"]})
    assert (row["id"], row["url"], row["phone"]) == (PLANTED[0], f"https://example.org/{PLANTED[2]}", PLANTED[1])
    row = kept("left-out", {"id": "none", "url": "none"})
    assert row["id"].startswith("sha256:") and row["url"] == ""
    found = _everything(tmp_path / "left-out")
    assert not any(value.encode() in found for value in PLANTED)


def test_a_missing_key_stops_a_run_before_it_reads(tmp_path, monkeypatch):
    monkeypatch.delenv("PII_TEST_KEY", raising=False)
    chosen = recipe("tests.strategies.Body", {"pii/patterns": {"action": "hash", "key_env": "PII_TEST_KEY"}})
    with pytest.raises(Exception, match="PII_TEST_KEY") as raised:
        go(chosen, [write_rows(tmp_path / "in.jsonl", _texts())], tmp_path / "out")
    assert type(raised.value).__name__ in ("ResourceError", UsageError.__name__)
    assert not list((tmp_path / "out").glob("kept/*"))
