"""Two runs compared: every document counted once, by the rule that made the difference."""

import random
import shutil

import pytest

from curate.rundir import UsageError
from curate.showing import comparing
from curate.showing.comparing import KEPT, NOT_READ, compare
from curate.showing.difference import difference
from curate.showing.directory import find
from tests.curate.running_tools import go, recipe, rows, write_rows
from tests.curate.showing.runs import length_run, text, told

DIFFERENT = [10, 30, 60, 60, 200, 200, 90]


def _two(tmp_path, more=()):
    """A keeps 50 to 1000 words; B 20 to 100, without addresses."""
    texts = [f"{text(size, number)} https://www.example.com/x" for number, size in enumerate(DIFFERENT)]
    path = write_rows(tmp_path / "in.jsonl", [*texts, *more])
    go(recipe({"quality/length": {"min_words": 50, "max_words": 1000}}), [path], tmp_path / "a")
    go(recipe("cleanup/urls", {"quality/length": {"min_words": 20, "max_words": 100}}), [path], tmp_path / "b")
    return find(tmp_path / "a"), find(tmp_path / "b")


def test_counts_add_up_and_name_the_rule(tmp_path):
    a, b = _two(tmp_path)
    shown = told(difference(a, b))
    assert "A keeps 5 = 3 that both keep + 2 that only A keeps" in shown
    assert "B keeps 4 = 3 that both keep + 1 that only B keeps" in shown
    assert "of the 3 that both keep, 0 have the same text and 3 do not" in shown
    assert "1 are kept by neither" in shown
    assert "2  dropped in B by quality/length:max_words" in shown
    assert "1  dropped in A by quality/length:min_words" in shown
    assert "value 200, limit 100" in shown
    assert "cleanup/urls: only in B" in shown
    assert "quality/length.max_words: 1000 in A, 100 in B" in shown.replace(".0", "")
    assert "[-" in shown and "example.com" in shown


@pytest.mark.parametrize("bucket", [1 << 30, 200])
def test_the_join_is_what_a_dictionary_says(tmp_path, monkeypatch, bucket):
    """Against a plain join, in one part and in many."""
    monkeypatch.setattr("curate.export.order.BUCKET_BYTES", bucket)
    draw = random.Random(3)
    texts = [text(draw.choice([5, 30, 60, 150]), number % 40) for number in range(300)]
    paths = [write_rows(tmp_path / f"{part}.jsonl", texts[part::3], 1000 * part) for part in range(3)]
    go(recipe({"quality/length": {"min_words": 20}}, "dedup/exact"), paths, tmp_path / "a")
    go(recipe({"quality/length": {"max_words": 100}}, "dedup/lines"), paths[1:], tmp_path / "b")
    outcomes = []
    for name in "ab":
        found = {(row["source"], row["offset"]): KEPT for row in rows(tmp_path / name, "kept")}
        for row in rows(tmp_path / name, "dropped"):
            found[row["source"], row["offset"]] = ("dropped", row["stage"], row["rule"])
        outcomes.append(found)
    result = compare(find(tmp_path / "a"), find(tmp_path / "b"))
    expected = comparing.Counter((outcomes[0].get(key, NOT_READ), outcomes[1].get(key, NOT_READ))
                                 for key in outcomes[0] | outcomes[1])  # fmt: skip
    assert result.pairs == expected
    assert sum(result.pairs.values()) == 300
    assert result.same_text + result.other_text == result.both()
    for side in (0, 1):
        assert result.kept(side) == result.both() + sum(result.only(side).values())
        assert result.kept(side) == sum(how == KEPT for how in outcomes[side].values())


def test_a_run_and_itself(tmp_path):
    output = length_run(tmp_path)
    shown = told(difference(output, output))
    assert "The recipes are the same." in shown
    assert "of the 2 that both keep, 2 have the same text and 0 do not" in shown
    assert "Kept only" not in shown


def test_sentences_of_a_document_count_once(tmp_path):
    path = write_rows(tmp_path / "in.jsonl", ["아침에는 비가 왔다. 저녁에는 그쳤다.", "둘째 글이다. 또 있다."])
    sentences = {"cleanup/sentences": {"splitter": "rules", "emit": "sentences"}}
    go(recipe(sentences), [path], tmp_path / "a")
    go(recipe("cleanup/unicode", sentences), [path], tmp_path / "b")
    result = compare(find(tmp_path / "a"), find(tmp_path / "b"))
    assert (result.both(), result.same_text) == (2, 2)


def test_inputs_that_moved_are_paired_by_name(tmp_path):
    a = length_run(tmp_path)
    (tmp_path / "other").mkdir()
    shutil.copy(tmp_path / "in.jsonl", tmp_path / "other")
    go(recipe({"quality/length": {"min_words": 45}}), [tmp_path / "other" / "in.jsonl"], tmp_path / "b")
    shown = told(difference(a, find(tmp_path / "b")))
    assert "paired by the names of the files" in shown
    assert "B keeps 3 = 2 that both keep + 1 that only B keeps" in shown
    assert "2  value 49, limit 50" in shown


def test_runs_over_other_inputs_are_refused(tmp_path):
    a = length_run(tmp_path)
    path = write_rows(tmp_path / "b.jsonl", ["one"])
    go(recipe("quality/length"), [path], tmp_path / "b")
    with pytest.raises(UsageError, match=r"read no file in common \(.*in\.jsonl; .*b\.jsonl\)"):
        difference(a, find(tmp_path / "b"))


def test_a_limit_makes_documents_that_one_did_not_read(tmp_path):
    a = length_run(tmp_path)
    go(recipe({"quality/length": {"min_words": 50}}), [tmp_path / "in.jsonl"], tmp_path / "b", limit=4)
    shown = told(difference(a, find(tmp_path / "b")))
    assert "1  not read in B" in shown
    assert "A keeps 2 = 1 that both keep + 1 that only A keeps" in shown
