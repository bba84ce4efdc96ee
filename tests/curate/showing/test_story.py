"""One document's way: each stage with its values, ending as the run says."""

import pytest
from rich.cells import cell_len

from curate.rundir import UsageError
from curate.showing.directory import find
from curate.showing.story import story
from tests.curate.running_tools import go, recipe, rows, write_rows
from tests.curate.showing.runs import length_run, text, told


def test_every_document_of_the_sample_ends_as_the_run_says(tmp_path):
    from curate.recipe import load

    quick = load("quickstart")
    go(quick, quick.input, tmp_path / "out")
    output = find(tmp_path / "out")
    seen = 0
    for table in ("kept", "dropped", "failed"):
        for row in rows(tmp_path / "out", table):
            if not row["id"]:
                continue
            shown = told(story(output, row["id"], diff=True))
            assert "has changed" not in shown
            assert "not known" not in shown
            stages = [line.split()[0] for line in shown.splitlines() if line.startswith("  ") and line[2] != " "]
            passed = [stage for stage in output.stages() if stage in stages]
            if table == "kept":
                assert passed == output.stages()
                assert "\nkept" in shown
            else:
                assert passed[-1] == row["stage"]
                assert f"{table} by {row['stage']}:" in shown
            seen += 1
    assert seen == 33


def test_values_stand_with_the_range_that_keeps(tmp_path):
    output = length_run(tmp_path)
    shown = told(story(output, "2"))
    assert "min_words 49  (keeps ≥ 50)  fails" in shown
    assert "dropped by quality/length:min_words  value 49, limit 50" in shown
    assert "min_words 51  (keeps ≥ 50)\n" in told(story(output, "3"))


def test_korean_names_of_stages_stand_in_columns(tmp_path):
    path = write_rows(tmp_path / "in.jsonl", ["the same text"])
    go(recipe({"quality/length": {"min_words": 1, "as": "짧은글거르기"}}, "cleanup/urls"), [path], tmp_path / "out")
    shown = told(story(find(tmp_path / "out"), "0")).splitlines()
    words = {"짧은글거르기": "min_words", "cleanup/urls": "passed"}
    places = [
        cell_len(row.partition(words[stage])[0]) for row in shown for stage in words if row.startswith(f"  {stage}")
    ]
    assert len(places) == 2 and places[0] == places[1]


def test_an_unknown_id_names_some_that_there_are(tmp_path):
    with pytest.raises(UsageError, match=r"no document has the id 99; ids of this run look like \d, \d, \d$"):
        story(length_run(tmp_path), "99")


def test_ids_that_several_share(tmp_path):
    path = write_rows(tmp_path / "in.jsonl", ["one text", "another text"])
    path.write_text(path.read_text().replace('"1"', '"0"'))
    go(recipe({"quality/length": {"min_words": 1}}), [path], tmp_path / "out")
    shown = told(story(find(tmp_path / "out"), "0"))
    assert shown.startswith("2 documents have this id.")
    assert "one text" in shown and "another text" in shown


def test_changed_and_missing_input(tmp_path):
    output = length_run(tmp_path)
    write_rows(tmp_path / "in.jsonl", [text(200, number) for number in range(6)])
    assert "this is not what the run found: the input has changed" in told(story(output, "2"))
    assert "has changed" in told(story(output, "4"))
    (tmp_path / "in.jsonl").unlink()
    shown = told(story(output, "4"))
    assert "is not there any more" in shown
    assert text(90, 4)[:100] in shown  # kept/ holds its text
    shown = told(story(output, "2"))
    assert f"texts are those that the report shows (examples.json)\n  {text(49, 2)[:150]}" in shown


def test_a_corpus_judge_is_told_from_the_run(tmp_path):
    path = write_rows(tmp_path / "in.jsonl", ["the same text", "the same text", "another one"])
    go(recipe("dedup/exact", {"quality/length": {"min_words": 2}}), [path], tmp_path / "out")
    output = find(tmp_path / "out")
    (dropped,) = rows(tmp_path / "out", "dropped")
    shown = told(story(output, dropped["id"], diff=True))
    assert f"dropped, decided over the whole corpus: value 1, limit 1; a duplicate of {dropped['kept_id']}" in shown
    assert "beside the document that stayed: the same text" in shown
    assert "1 dropped as duplicates of it" in told(story(output, dropped["kept_id"]))
    assert "dropped as" not in told(story(output, "2"))


def test_after_a_corpus_rewriter_nothing_is_invented(tmp_path):
    shared = "a line that stands in every text of this corpus"
    texts = [f"{shared}\n{text(words, number)}" for number, words in enumerate([30, 30, 5, 5])]
    path = write_rows(tmp_path / "in.jsonl", texts)
    go(recipe("dedup/lines", {"quality/length": {"min_words": 10}}), [path], tmp_path / "out")
    output = find(tmp_path / "out")
    dropped = rows(tmp_path / "out", "dropped")[0]
    kept = [row for row in rows(tmp_path / "out", "kept") if shared not in row["text"]]
    shown = told(story(output, dropped["id"]))
    assert "dropped, on a text that depends on the whole corpus: value 5, limit 10" in shown
    shown = told(story(output, kept[0]["id"]))
    assert "dedup/lines       passed, decided over the whole corpus" in shown
    assert "min_words 30  (keeps ≥ 10)" in shown  # on the text of kept/, as the run saw it
    go(recipe("dedup/lines", {"quality/length": {"min_words": 1}}, "cleanup/urls"), [path], tmp_path / "more")
    shown = told(story(find(tmp_path / "more"), kept[0]["id"]))
    assert "quality/length    passed, on a text that depends on the whole corpus" in shown


def test_sentences_are_found_by_their_document_and_by_themselves(tmp_path):
    path = write_rows(tmp_path / "in.jsonl", ["아침에는 비가 왔다. 저녁에는 그쳤다고 한다."])
    go(recipe({"cleanup/sentences": {"splitter": "rules", "emit": "sentences"}}), [path], tmp_path / "out")
    output = find(tmp_path / "out")
    ids = [row["id"] for row in rows(tmp_path / "out", "kept")]
    assert ids == ["0#0", "0#1"]
    for id in ("0", "0#1"):
        shown = told(story(output, id))
        assert "in pieces; this is one of them" in shown
        assert "has changed" not in shown
    with pytest.raises(UsageError):
        story(output, "0#")


def test_a_recipe_that_cannot_run_here_says_why(tmp_path):
    model = tmp_path / "list.txt"
    model.write_text("badword\n")
    path = write_rows(tmp_path / "in.jsonl", ["a good text", "a badword text"])
    stage = {"toxicity/wordlist": {"lists": {"en": str(model)}}}
    try:
        go(recipe(stage), [path], tmp_path / "out")
    except Exception:
        pytest.skip("toxicity/wordlist takes lists otherwise")
    output = find(tmp_path / "out")
    model.write_text("badword\nother\n")
    assert "has changed since the run, so values may differ" in told(story(output, "0"))
    model.unlink()
    assert "the recipe cannot run here" in told(story(output, "0"))
