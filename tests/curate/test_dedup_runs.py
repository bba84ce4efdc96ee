"""Runs with corpus stages: workers, splits, engines, interruptions and earlier runs do not change what is kept."""

from pathlib import Path

import pytest

from curate import running
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
    stages = [stage for stage in STAGES if stage not in ("dedup/lines", "dedup/minhash")]
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
