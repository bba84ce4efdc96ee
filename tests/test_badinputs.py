"""The battery of bad inputs, end to end: everything beside a fault survives, and the fault is one named row."""

import json
import re
import shutil
from pathlib import Path

import pytest

from curate.recipe import RecipeError, load
from curate.rundir import UsageError
from curate.running import check
from tests.curate.running_tools import adds_up, go, recipe, rows

GROUPS = "abcdefh"
STAGES = (
    {"extraction/resiliparse": {"main_content": False, "timeout": 4}},  # the slowest good page takes 1.3 s
    {"language/fasttext": {"keep": []}},
    "cleanup/unicode",
    {"pii/patterns": {"action": "replace"}},
)


@pytest.fixture(scope="session")
def manifest(shared_data):
    found = json.loads((shared_data / "badinputs" / "manifest.json").read_text(encoding="utf-8"))
    return {entry["file"]: entry for entry in found["files"]}


@pytest.fixture(scope="session")
def outcome(manifest, shared_data, tmp_path_factory):
    """One run over all files of all groups but the configurations: kept, dropped and failed rows by file."""
    output = tmp_path_factory.mktemp("bad") / "out"
    inputs = [shared_data / "badinputs" / name for name in manifest if name[0] in GROUPS]
    result = go(recipe(*STAGES), inputs, output, workers=2)
    tables: dict[str, dict[str, list]] = {}
    for table in ("kept", "dropped", "failed"):
        for row in rows(output, table):
            name = row["source"].rpartition("/")[2]
            tables.setdefault(name, {"kept": [], "dropped": [], "failed": []})[table].append(row)
    return result, tables, output


def test_the_run_adds_up(outcome):
    result, _, output = outcome
    assert adds_up(result)
    assert not list(Path(output).parent.glob("pwned*"))


def test_no_value_of_a_failing_row_is_anywhere(outcome):
    for path in Path(outcome[2]).rglob("*"):
        if path.is_file():
            assert b"secret-canary-7f3a" not in path.read_bytes(), path.name
    for row in outcome[1]["f11_pii_in_failures.jsonl"]["failed"]:
        assert "canary" not in str(row)


def _names():
    from tests.conftest import SHARED_DATA

    path = SHARED_DATA / "badinputs" / "manifest.json"
    if not path.is_file():
        return []
    return [entry["file"] for entry in json.loads(path.read_text(encoding="utf-8"))["files"]]


@pytest.mark.parametrize("name", [name for name in _names() if name[0] in GROUPS])
def test_outcome(name, manifest, outcome):
    expected = manifest[name]["expected"]
    found = outcome[1].get(name, {"kept": [], "dropped": [], "failed": []})
    key = "id" if name[0] in "fh" else "url"
    kept = {row[key]: row for row in found["kept"]}
    for wanted in expected["must_survive"]:
        assert wanted in kept, f"{wanted} is lost; {found['failed']} {[d['rule'] for d in found['dropped']]}"
    reasons = [row["reason"] for row in found["failed"]]
    lenient = "also_ok" in expected
    for dead in expected["dead_letters"]:
        if lenient and dead["reason"] not in reasons:
            continue
        assert dead["reason"] in reasons, (dead, found["failed"])
        if "offset" in dead:
            offsets = [row["offset"] for row in found["failed"] if row["reason"] == dead["reason"]]
            assert dead["offset"] in offsets
        if "line" in dead:
            assert dead["line"] in [row["offset"] for row in found["failed"] if row["reason"] == dead["reason"]]
    if not lenient:
        assert len(reasons) == len(expected["dead_letters"]), found["failed"]
    texts = [row["text"] for row in found["kept"] if "ok.example" not in row["url"]]
    for wanted in expected.get("text_must_contain", []):
        if not lenient or texts:
            assert any(wanted in text for text in texts), (wanted, [text[:200] for text in texts])
    for text in [row["text"] for row in found["kept"]]:
        text.encode()
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", text)
        if "text_must_not_match" in expected:
            assert not re.search(expected["text_must_not_match"], text)
        for value in expected.get("text_must_not_contain", []):
            assert value not in text
    for row in (*found["kept"], *found["dropped"], *found["failed"]):
        assert not re.search("[\x00-\x1f\x7f]", row["url"] or "")


def test_languages_of_rows(outcome):
    by_id = {row["id"]: row for row in outcome[1]["f06_newline_langid.jsonl"]["kept"]}
    assert by_id["nl"]["language"] == "ko"
    assert "\n" in by_id["nl"]["text"]
    controls = {"ok-0", "ok-1", "ok-2"}
    others = [row for row in outcome[1]["f07_no_evidence_langid.jsonl"]["kept"] if row["id"] not in controls]
    assert others
    assert {row["language"] for row in others} == {"und"}


def test_short_different_documents_are_no_duplicates(shared_data, tmp_path):
    path = shared_data / "badinputs" / "f08_short_docs_no_shingles.jsonl"
    go(recipe("extraction/plain", "dedup/exact", "dedup/minhash"), [path], tmp_path / "out")
    ids = {row["id"] for row in rows(tmp_path / "out", "kept")}
    assert {f"s{n}" for n in range(10)} <= ids


@pytest.mark.parametrize("stage", ["dedup/minhash", pytest.param("dedup/exact", marks=pytest.mark.long)])
def test_five_thousand_identical_documents_leave_one(shared_data, tmp_path, stage):
    path = shared_data / "badinputs" / "f09_hot_bucket_5000.jsonl.gz"
    survivors = []
    for number, workers in enumerate((1, 2)):
        result = go(recipe("extraction/plain", stage), [path], tmp_path / str(number), workers=workers)
        assert adds_up(result)
        kept = [row["id"] for row in rows(tmp_path / str(number), "kept")]
        survivors.append(sorted(kept))
    assert survivors[0] == survivors[1]
    assert sum(one.startswith("dup-") for one in survivors[0]) == 1
    assert {"ok-0", "ok-1", "ok-2"} <= set(survivors[0])


@pytest.mark.parametrize("name", [name for name in _names() if name[0] == "g" and name.endswith(".yaml")])
def test_bad_recipes_are_refused_by_name_and_line(name, manifest, shared_data, capfd):
    expected = manifest[name]["expected"]
    with pytest.raises(RecipeError) as error:
        load(str(shared_data / "badinputs" / name))
    message = str(error.value)
    for part in expected.get("message_must_name", []):
        # names may have letters of any script, which the message says in place of this class
        for word in part.replace("did you mean min_score", "min_score").replace("[A-Za-z0-9._-]", "._-").split(", "):
            assert word in message, (word, message)
    assert "EXECUTED" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("name", ["g01_model_truncated.ftz", "g02_model_is_html.ftz", "g03_model_pickle.pkl"])
@pytest.mark.parametrize("pinned", [True, False])
def test_bad_models_are_refused_before_anything_is_read(name, pinned, shared_data, tmp_path, capfd):
    path = tmp_path / name
    shutil.copyfile(shared_data / "badinputs" / name, path)
    settings = {"model": str(path), **({"sha256": "0" * 64} if pinned else {})}
    with pytest.raises(UsageError) as error:
        check(recipe("extraction/plain", {"language/fasttext": settings}))
    assert name in str(error.value)
    if pinned:
        assert "sha256 mismatch" in str(error.value)
    assert "EXECUTED" not in "".join(capfd.readouterr())
