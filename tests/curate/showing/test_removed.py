"""What a run removed: every rule with its numbers, those nearest the threshold first, whatever the files."""

import json
import re

import pytest

from curate import running
from curate.rundir import RunError, UsageError
from curate.showing.changed import changed
from curate.showing.directory import find
from curate.showing.lines import plain
from curate.showing.removed import removed
from tests.curate.running_tools import go, recipe, write_rows
from tests.curate.showing.runs import length_run, text, told


def _ids(shown: str) -> list[str]:
    return [row.split()[0] for row in shown.splitlines() if row.startswith("  ") and "value" in row]


def test_those_nearest_the_threshold_come_first(tmp_path):
    shown = told(removed(length_run(tmp_path)))
    assert "6 read = 2 kept + 4 dropped + 0 failed" in shown
    assert "quality/length:min_words  4 dropped" in shown
    assert _ids(shown) == ["2", "1", "0", "5"]
    assert "2  value 49, limit 50" in shown
    assert text(49, 2)[:190] in shown


def test_so_many_are_shown_spread_over_the_rules(tmp_path):
    sizes = [10] * 30 + [200] * 3 + [60] * 5
    output = length_run(tmp_path, {"quality/length": {"max_words": 100, "as": "long"}}, sizes=sizes)
    shown = told(removed(output, most=10))
    assert "quality/length:min_words  30 dropped" in shown
    assert "long:max_words  3 dropped" in shown
    assert len(_ids(shown)) == 10
    assert len(_ids(told(removed(output, rule="max_words")))) == 3
    assert len(_ids(told(removed(output, rule="long:max_words", most=2)))) == 2
    assert len(_ids(told(removed(output, stage="quality/length", most=100)))) == 30
    assert len(_ids(told(removed(output, most=1)))) == 1


def test_what_is_shown_does_not_depend_on_workers_or_files(tmp_path, monkeypatch):
    rows = [text(10 + number % 60, number) for number in range(400)]
    paths = [write_rows(tmp_path / f"{part}.jsonl", rows[part::4], 1000 * part) for part in range(4)]
    chosen = recipe({"quality/length": {"min_words": 50}}, {"sampling/random": {"share": 0.5}})
    go(chosen, paths, tmp_path / "one")
    monkeypatch.setattr(running, "LARGEST_UNIT", 4000)
    go(chosen, paths[::-1], tmp_path / "many")
    one, many = (told(removed(find(tmp_path / name), most=25)) for name in ("one", "many"))
    assert one == many
    assert "sampling/random:" in one


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rule": "min_wrods"}, r"no document was removed by min_wrods \(it has: quality/length:min_words\)"),
        ({"stage": "lenght"}, r"has no stage lenght \(it has: read, extraction/plain, quality/length\)"),
        ({"rule": "min_words", "stage": "read"}, r"was removed by min_words in read \(nothing was removed\)"),
    ],
)  # fmt: skip
def test_unknown_rules_and_stages_name_what_there_is(tmp_path, options, said):
    with pytest.raises(UsageError, match=said):
        removed(length_run(tmp_path), **options)


def test_a_rule_that_removed_nothing_is_no_mistake(tmp_path):
    shown = told(removed(length_run(tmp_path), rule="max_words"))
    assert shown.endswith("Nothing was removed by max_words.")


def test_a_stage_that_removed_nothing(tmp_path):
    assert "Nothing was removed in extraction/plain." in told(removed(length_run(tmp_path), stage="extraction/plain"))


def test_a_directory_that_is_no_run_says_so(tmp_path):
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "ablation").mkdir()
    (tmp_path / "ablation" / "report.json").write_text("{}")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "run.json").write_text('{"kept": 3}')
    for name, said in [
        ("gone", "not found"),
        ("a.txt", "is a file, not the directory of a run"),
        ("empty", "is not the directory of a run"),
        ("ablation", "holds an ablation, not a run"),
        ("damaged", "damaged, or not the summary of a run"),
    ]:
        with pytest.raises(UsageError, match=said):
            find(tmp_path / name)


def test_input_that_is_gone_or_has_changed_is_said(tmp_path):
    output = length_run(tmp_path)
    source = tmp_path / "in.jsonl"
    before = source.read_bytes()
    write_rows(source, [text(70, number) for number in range(6)])  # ids as before, texts not
    shown = told(removed(output))
    assert "this is not what the run found: the input has changed since" in shown
    source.write_bytes(before[:200])
    assert "holds no such record any more: it has changed" in told(removed(output))
    source.unlink()
    shown = told(removed(output))
    assert f"the input {source} is not there any more\ntexts are those that the report shows (examples.json)\n" in shown
    assert f"2  value 49, limit 50\n    {text(49, 2)[:150]}" in shown
    examples = tmp_path / "out" / "examples.json"
    examples.write_text(examples.read_text()[:-9])
    with pytest.raises(UsageError, match="damaged, or not the examples of a run"):
        removed(output)
    examples.unlink()
    shown = told(removed(output))
    assert "2  value 49, limit 50" in shown
    assert text(49, 2)[:40] not in shown and "the report shows" not in shown


def test_the_report_s_documents_come_first_where_the_input_is_gone(tmp_path):
    """Of documents with one value the report shows others than the tables would; what the tables know of them stays."""
    output = length_run(tmp_path, sizes=[40] * 60 + [90], output={"examples": 2})
    chosen = _ids(told(removed(output, most=4)))
    (tmp_path / "in.jsonl").unlink()
    shown = told(removed(output, most=4))
    reported = [
        one["id"] for one in json.loads((tmp_path / "out" / "examples.json").read_text())["dropped"][0]["examples"]
    ]
    assert _ids(shown) == [*reported, *(one for one in chosen if one not in reported)][:4]
    assert shown.count("value 40, limit 50\n    ") == 2


def test_changes_are_those_of_the_report_where_the_input_is_gone(tmp_path):
    texts = ["see https://www.example.com/1 there", "nothing here at all", "and https://www.example.com/2 too"]
    path = write_rows(tmp_path / "in.jsonl", texts)
    go(recipe("cleanup/urls", "cleanup/newlines"), [path], tmp_path / "out")
    output = find(tmp_path / "out")
    before = told(changed(output))
    path.unlink()
    shown = told(changed(output))
    assert shown.startswith(f"the input {path} is not there any more\ntexts are those that the report shows")
    assert sorted(shown.splitlines()[2:]) == sorted(
        re.sub(r"^(  [02]  \w+) \d+$", r"\1", row) for row in before.splitlines()
    )
    assert shown.count("[-") == 2


def test_texts_that_the_run_wrote_need_no_input(tmp_path):
    output = length_run(tmp_path, output={"dropped_text": True})
    (tmp_path / "in.jsonl").unlink()
    assert text(49, 2)[:190] in told(removed(output))


def test_a_file_of_the_run_that_is_missing_or_damaged_is_an_error(tmp_path):
    output = length_run(tmp_path)
    (path,) = (tmp_path / "out" / "dropped").glob("*.parquet")
    data = bytearray(path.read_bytes())
    data[10] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(UsageError, match="is damaged or cannot be read"):
        removed(output)
    path.unlink()
    with pytest.raises(UsageError, match="is missing, and the run names it"):
        removed(output)


def _stopped(tmp_path, monkeypatch, at):
    def stop(*_):
        raise RunError("stopped here")

    path = write_rows(tmp_path / "in.jsonl", [text(size, number) for number, size in enumerate([10, 49, 60, 60])])
    with monkeypatch.context() as broken:
        broken.setattr(running, at, stop)
        with pytest.raises(RunError, match="stopped here"):
            go(recipe({"quality/length": {"min_words": 50}}, "dedup/exact"), [path], tmp_path / "out")
    return find(tmp_path / "out")


@pytest.mark.parametrize("at", ["_decide", "_finish"])
def test_a_run_that_was_stopped_is_shown_as_far_as_it_went(tmp_path, monkeypatch, at):
    output = _stopped(tmp_path, monkeypatch, at)
    (tmp_path / "out" / "dropped" / ".tmp-half").write_bytes(b"half a file")
    shown = told(removed(output))
    assert "The run was stopped. So far: 2 dropped and 0 failed" in shown
    assert "1  value 49, limit 50" in shown


def test_an_ablation_that_was_stopped_is_no_run(tmp_path):
    from pipelines import manifest

    (tmp_path / ".curate").mkdir()
    manifest.write_sealed(str(tmp_path / ".curate" / "state.json"), {"fingerprint": [], "units": []})
    with pytest.raises(UsageError, match="holds an ablation that was stopped"):
        find(tmp_path)
    (tmp_path / ".curate" / "state.json").write_text("{}")
    with pytest.raises(UsageError, match=r"state\.json"):
        find(tmp_path)


def test_a_page_that_ended_a_worker_is_not_run_again(tmp_path):
    output = length_run(tmp_path, {"tests.strategies.Trouble": {"kind": "raise"}})
    rows = json.loads((tmp_path / "out" / "run.json").read_text())
    assert rows["conserved"]
    from curate.showing.passages import Walks

    row = {"source": "a", "offset": 1, "id": "x", "url": "", "stage": "read", "reason": "worker_died", "detail": ""}
    (way,) = Walks(output).of([("failed", row)]).values()
    assert way.said == "it ended or stalled a worker, so it is not run again here"


def test_changes_of_rewriters_are_marked(tmp_path):
    texts = ["see https://www.example.com/1 there", "nothing here at all", "and https://www.example.com/2 too", "short"]
    path = write_rows(tmp_path / "in.jsonl", texts)
    chosen = recipe("cleanup/urls", {"quality/length": {"min_words": 3}}, "cleanup/newlines")
    go(chosen, [path], tmp_path / "out")
    output = find(tmp_path / "out")
    shown = told(changed(output))
    assert "see [-https://www.example.com/1 -]there" in shown
    assert "and [-https://www.example.com/2 -]too" in shown
    assert "nothing here" not in shown
    assert "cleanup/newlines\n  Nothing was changed." in shown
    assert told(changed(output, stage="cleanup/urls", most=1)).count("[-") == 1
    assert told(changed(output, rule=shown.split(" characters: ")[1].split()[0])).count("[-") == 2
    with pytest.raises(UsageError, match=r"no text was changed by nothing \(these do: cleanup/urls:"):
        changed(output, rule="nothing")
    with pytest.raises(UsageError, match=r"quality/length changes no text, .* \(these do: cleanup/urls"):
        changed(output, stage="quality/length")
    with pytest.raises(UsageError, match="has no stage cleanup/url "):
        changed(output, stage="cleanup/url")


def test_what_the_whole_corpus_decides_is_not_shown_again(tmp_path):
    shared = "a line that stands in every text of this corpus"
    path = write_rows(tmp_path / "in.jsonl", [f"{shared}\nown {number} https://www.example.com" for number in range(3)])
    go(recipe("dedup/lines", "cleanup/urls"), [path], tmp_path / "out")
    shown = plain(changed(find(tmp_path / "out")))
    assert "It cuts, by a decision over the whole corpus: not shown again here." in shown
    assert "It follows what dedup/lines cut" in shown
