"""Runs with corpus stages: workers, splits, engines, interruptions and earlier runs do not change what is kept."""

import json
from pathlib import Path

import pytest

from curate import running
from curate.recipe import RecipeError
from curate.rundir import RunError, UsageError
from tests.curate.running_tools import adds_up, content, go, recipe, rows, write_rows
from tests.pipelines.corpus.corpora import corpus

STAGES = ("extraction/plain", "dedup/exact", "dedup/minhash", {"dedup/bff": {"min_ngram": 8}}, "dedup/lines")


def written(folder, parts=2):
    """The corpus as JSONL files; ids are numbered through, so a split changes nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [page.text for page in corpus(90)]
    size = -(-len(texts) // parts)
    return [write_rows(folder / f"{k}.jsonl", texts[k * size : (k + 1) * size], k * size) for k in range(parts)]


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What one worker gives, reading one file."""
    folder = tmp_path_factory.mktemp("whole")
    result = go(recipe(*STAGES), written(folder / "in", 1), folder / "out")
    assert adds_up(result)
    assert all(stage["dropped"] for stage in result["stages"] if stage["stage"] in ("dedup/exact", "dedup/minhash"))
    decided = [entry["stage"] for entry in result["corpus"]]
    assert decided == ["dedup/exact", "dedup/minhash", "dedup/bff", "dedup/lines"]
    return content(folder / "out")


def test_two_workers_and_other_splits_in_another_order(tmp_path, expected):
    result = go(recipe(*STAGES), written(tmp_path / "in", 5)[::-1], tmp_path / "out", workers=2)
    assert adds_up(result)
    assert content(tmp_path / "out") == expected


def test_bytes_in_of_a_stage_are_bytes_kept_of_the_one_before(tmp_path):
    """Also where a corpus rewriter cut Korean lines, and documents are read again."""
    result = go(recipe(*STAGES), written(tmp_path / "in"), tmp_path / "out")
    assert adds_up(result)
    stages = result["stages"][1:]
    assert [after["bytes_in"] for after in stages[1:]] == [before["bytes_kept"] for before in stages[:-1]]
    assert sum(stage["bytes_in"] > stage["bytes_kept"] > 0 for stage in stages) == 4
    assert stages[-1]["bytes_kept"] == sum(len(row["text"].encode()) for row in rows(tmp_path / "out", "kept"))


def test_as_one_graph_on_an_engine(tmp_path, expected):
    options = ["--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner", "--direct_runner_bundle_repeat=1"]
    same = {"verify": {"containment": 0.8, "jaccard": 0.8}, "unit": "words", "compare": "replacement_ratio"}
    stages = [stage for stage in STAGES if stage not in ("dedup/lines", "dedup/minhash")]
    stages.insert(2, {"dedup/minhash": same})
    here = go(recipe(*stages), written(tmp_path / "in"), tmp_path / "one")
    result = go(recipe(*stages), written(tmp_path / "in"), tmp_path / "engine", options=options)
    assert adds_up(result)
    assert content(tmp_path / "engine") == content(tmp_path / "one")
    assert result["corpus"] == here["corpus"] != []


@pytest.mark.parametrize("stop", [1, 3])
def test_stopped_at_a_decision_and_resumed(tmp_path, monkeypatch, expected, stop):
    calls = []
    decide = running._decide

    def failing(*arguments):
        calls.append(1)
        if len(calls) == stop:
            raise RunError("stopped here")
        return decide(*arguments)

    inputs = written(tmp_path / "in", 3)
    monkeypatch.setattr(running, "_decide", failing)
    with pytest.raises(RunError, match="stopped here"):
        go(recipe(*STAGES), inputs, tmp_path / "out")
    monkeypatch.setattr(running, "_decide", decide)
    assert adds_up(go(recipe(*STAGES), inputs, tmp_path / "out", resume=True))
    assert content(tmp_path / "out") == expected


def _stopped(chosen, inputs, output, monkeypatch):
    """A run that is killed when its first unit has spooled and nothing is decided."""

    def stop(*_):
        raise RunError("stopped here")

    with monkeypatch.context() as broken:
        broken.setattr(running, "_decide", stop)
        with pytest.raises(RunError, match="stopped here"):
            go(chosen, inputs, output)


def _damage(path, place):
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 0x11
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("ending", "place"),
    [(".keys", 0.0), (".keys", 20 / 4096), (".keys", 0.5), (".spool.parquet", 0.3), (".spool.parquet", 0.999)],
)
def test_a_spool_that_was_damaged_is_made_again(tmp_path, monkeypatch, ending, place):
    chosen, inputs = recipe("extraction/plain", "dedup/minhash"), written(tmp_path / "in")
    go(chosen, inputs, tmp_path / "whole")
    _stopped(chosen, inputs, tmp_path / "out", monkeypatch)
    (spooled,) = (tmp_path / "out" / ".curate" / "spool" / "0").glob("*" + ending)
    _damage(spooled, place)
    assert adds_up(go(chosen, inputs, tmp_path / "out", resume=True))
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_keys_damaged_while_a_run_goes_on_are_one_line(tmp_path, monkeypatch):
    chosen, inputs = recipe("extraction/plain", "dedup/minhash"), written(tmp_path / "in")
    decide = running._decide

    def damaging(directory, segment, shards, *more):
        for shard in shards:
            _damage(Path(shard.keys), 0.5)
        return decide(directory, segment, shards, *more)

    with monkeypatch.context() as broken:
        broken.setattr(running, "_decide", damaging)
        with pytest.raises(RunError, match=r"spool/0/.*\.keys: damaged in .*; --resume writes it again"):
            go(chosen, inputs, tmp_path / "out")
    assert adds_up(go(chosen, inputs, tmp_path / "out", resume=True))


@pytest.mark.parametrize(
    ("place", "kind", "said"), [(0.0, UsageError, "not a file of keys"), (0.5, RunError, "run without it")]
)
def test_damaged_keys_of_an_earlier_run_are_one_line(tmp_path, place, kind, said):
    chosen, (old, new) = recipe("extraction/plain", "dedup/minhash"), written(tmp_path / "in")
    go(chosen, [old], tmp_path / "old")
    (keys,) = (tmp_path / "old" / "keys").rglob("*.keys")
    _damage(keys, place)
    with pytest.raises(kind, match=rf"\.keys: .*{said}"):
        go(chosen, [new], tmp_path / "new", against=str(tmp_path / "old"))


def test_documents_kept_note_how_many_they_stand_for(tmp_path):
    """Over all stages: what a document stood for goes to the one it is dropped for."""
    text = "One article about the harbour, its boats, and the people who work there all year round, told at length."
    texts = [text] * 3 + [text.replace("boats", "ships")] * 2 + [text + " And more."] + ["something else altogether"]
    notes = {}
    for name, options in (("one", {}), ("two", {"workers": 2})):
        inputs = [write_rows(tmp_path / f"{name}-{part}.jsonl", texts[part::2], 100 * part) for part in range(2)]
        stages = ("dedup/exact", {"dedup/minhash": {"bands": 40, "rows": 2, "unit": "words"}})
        assert adds_up(go(recipe(*stages), inputs, tmp_path / name, **options))
        found = rows(tmp_path / name, "kept")
        notes[name] = sorted((row["text"], row["dup_count"], row["dup_cluster"] or "") for row in found)
    assert notes["one"] == notes["two"]
    assert [note[:2] for note in notes["one"]] == [(text + " And more.", 6), ("something else altogether", 1)]
    assert len(notes["one"][0][2]) == 16 and not notes["one"][1][2]


def test_candidates_that_differ_stay_and_bear_the_name_of_their_cluster(tmp_path):
    frame = [f"word{number}" for number in range(200)]
    pages = [" ".join(frame[:150] + [f"fact{page}x{number}" for number in range(50)]) for page in range(3)]
    same = {"verify": {"containment": 0.9, "jaccard": 0.9}, "bands": 40, "rows": 2, "unit": "words"}
    inputs = [write_rows(tmp_path / "in.jsonl", [*pages, pages[0] + "."])]
    result = go(recipe({"dedup/minhash": same}), inputs, tmp_path / "out")
    assert adds_up(result)
    found = rows(tmp_path / "out", "kept")
    assert sorted(row["dup_count"] for row in found) == [1, 1, 2]
    assert len({row["dup_cluster"] for row in found}) == 1 and found[0]["dup_cluster"]
    (evidence,) = result["corpus"]
    counts = [evidence[name] for name in ("candidates", "similar", "contained", "different")]
    assert counts == [4, 1, 0, 2]
    (gone,) = rows(tmp_path / "out", "dropped")
    assert (gone["value"], gone["threshold"], gone["similarity"]) == (1.0, 0.9, 1.0)


def test_hosts_and_files_that_lose_nearly_all_are_warned_about(tmp_path):
    rows_of = [
        {"id": f"p{number}", "url": f"http://www.mirror.example/{number}", "text": "the same page again and again"}
        for number in range(40)
    ]
    rows_of += [
        {"id": f"q{number}", "url": f"http://other.example/{number}", "text": f"page {number} of this host alone"}
        for number in range(40)
    ]
    parts = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for path, part in zip(parts, (rows_of[:40], rows_of[40:]), strict=True):
        path.write_text("".join(json.dumps(row) + "\n" for row in part))
    result = go(recipe("dedup/exact"), parts, tmp_path / "out")
    (evidence,) = result["corpus"]
    losing = {(one["kind"], Path(one["name"]).name): one for one in evidence["losing"]}
    assert set(losing) == {("host", "mirror.example"), ("source", "a.jsonl")}
    for one in losing.values():
        assert (one["documents"], one["lost"], len(one["examples"])) == (40, 39, 3)
    (said,) = [one for one in evidence["warnings"] if one.startswith("host")]
    assert "mirror.example loses 39 of 40 documents (97.5 %), for example p" in said
    options = ["--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner"]
    assert go(recipe("dedup/exact"), parts, tmp_path / "engine", options=options)["corpus"] == result["corpus"]


@pytest.mark.parametrize(
    ("survivor", "worse"),
    [("longest", 1), ("first-url", 0), ({"best": "capitals"}, 0)],
    ids=["longest", "ties", "best"],
)
def test_a_survivor_that_is_worse_is_reported(tmp_path, survivor, worse):
    inputs = [write_rows(tmp_path / "in.jsonl", ["short and good", "short and good  ", "SHORT and GOOD"])]
    judge = {"dedup/exact": {"survivor": survivor, "compare": "capitals"}}
    (evidence,) = go(recipe("tests.strategies.Capitals", judge), inputs, tmp_path / "out")["corpus"]
    assert evidence["worse_survivors"] == worse
    said = [one for one in evidence["warnings"] if "were dropped for one with less capitals" in one]
    assert len(said) == worse


@pytest.mark.parametrize("settings", [{"survivor": {"best": "qualty"}}, {"compare": "qualty"}])
def test_a_note_that_no_stage_writes_is_an_error_of_the_recipe(settings):
    with pytest.raises(RecipeError, match="dedup/exact reads the note qualty, which no earlier stage writes"):
        recipe("tests.strategies.Capitals", {"dedup/exact": settings})


def test_a_run_on_its_own_output_removes_nothing(tmp_path):
    first = tmp_path / "first"
    go(recipe("extraction/plain", "dedup/minhash"), written(tmp_path / "in"), first)
    again = go(
        recipe("extraction/plain", "dedup/minhash"), sorted((first / "kept").glob("*.parquet")), tmp_path / "again"
    )
    assert again["dropped"] == 0
    assert again["kept"] > 0


def test_against_an_earlier_run(tmp_path):
    chosen = recipe("extraction/plain", "dedup/minhash")
    old, new = written(tmp_path / "in")
    go(chosen, [old], tmp_path / "old")
    kept_before = {row["id"] for row in rows(tmp_path / "old", "kept")}
    result = go(chosen, [new, old], tmp_path / "new", against=str(tmp_path / "old"))
    assert adds_up(result)
    with_text = {row["id"] for row in rows(tmp_path / "old", "kept") if row["text"].strip(" !")}
    assert not with_text & {row["id"] for row in rows(tmp_path / "new", "kept")}
    names = {row["kept_id"] for row in rows(tmp_path / "new", "dropped")}
    assert names & kept_before
    assert not list((tmp_path / "old" / "keys").rglob("*.parquet"))


def test_against_is_checked_before_the_run(tmp_path):
    old = tmp_path / "old"
    old.mkdir()
    inputs = written(tmp_path / "in")
    for chosen, message in [
        (recipe("extraction/plain", "dedup/minhash"), "no keys"),
        (recipe("extraction/plain", {"dedup/minhash": {"verify": 0.8}}), "verify"),
        (recipe("extraction/plain"), "no stage that compares"),
    ]:
        with pytest.raises(UsageError, match=message):
            go(chosen, inputs, tmp_path / "out", against=str(old))
    assert not (tmp_path / "out").exists()


def test_what_needs_one_machine_says_so_on_an_engine(tmp_path):
    options = ["--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner"]
    with pytest.raises(RunError, match="one machine"):
        go(recipe("extraction/plain", "dedup/substring"), written(tmp_path / "in"), tmp_path / "out", options=options)
