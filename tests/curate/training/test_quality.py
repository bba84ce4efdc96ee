"""Training a quality classifier: what comes out, what is never learned from, and how it does on real prose."""

import gzip
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.training import corpus
from curate.training.drawing import keyed
from curate.training.examples import DataError
from curate.training.quality import GOOD, rate_for, train
from curate.training.texts import text_files
from tests.curate.running_tools import go, recipe, rows, write_rows

SMALL = {"dim": 8, "bucket": 2000, "epoch": 10}
SUBJECTS = ("reader", "river", "lamp", "harbour", "letter", "committee", "garden", "engine", "winter", "bridge")
VERBS = ("explains", "remembers", "measures", "describes", "follows", "doubts", "admires", "repairs", "crosses")


def good(count: int, seed: int = 1) -> list[str]:
    """Different sentences of one kind."""
    rng = random.Random(seed)
    return [
        " ".join(
            f"The {rng.choice(SUBJECTS)} {rng.choice(VERBS)} why the {rng.choice(SUBJECTS)} is old." for _ in "abc"
        )
        for _ in range(count)
    ]


def bad(count: int, seed: int = 2) -> list[str]:
    """Different sentences of another kind."""
    rng = random.Random(seed)
    return [
        " ".join(f"click {rng.choice(SUBJECTS)} now\nbuy cheap {rng.choice(VERBS)} offer {rng.random()}" for _ in "abc")
        for _ in range(count)
    ]


@pytest.mark.parametrize("name", ["m.bin", "m.ftz"])
def test_a_model_and_its_card_whatever_the_order_and_the_files(tmp_path, name):
    texts, junk = good(120), bad(120)
    one = write_rows(tmp_path / "one.jsonl", texts)
    halves = [write_rows(tmp_path / "a.jsonl", texts[70:]), tmp_path / "b.parquet"]
    pq.write_table(pa.table({"text": texts[:70][::-1]}), halves[1])
    negative = [str(write_rows(tmp_path / "junk.jsonl", junk))]
    (tmp_path / "again").mkdir()
    first = train([str(one)], negative, tmp_path / name, **SMALL)
    again = train([str(path) for path in halves], negative, tmp_path / "again" / name, **SMALL)
    assert (tmp_path / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert first.sides["good"].as_dict()["fingerprint"] == again.sides["good"].as_dict()["fingerprint"]
    assert first.held_out is not None
    assert first.held_out.auc.value == 1
    used = {side: len(found.lines) for side, found in first.sides.items()}
    assert sum(first.learned.values()) + first.held_out.good + first.held_out.bad == sum(used.values())
    for side in first.sides.values():
        left_out = side.empty + side.not_sampled + side.repeated + side.in_other + side.in_test
        assert side.read == len(side.lines) + left_out
    card = first.card.read_text(encoding="utf-8")
    for said in (
        first.sha256,
        "one.jsonl",
        first.sides["bad"].as_dict()["fingerprint"],
        '"bucket": 2000',
        '"lr": 1.0',
        "ROC AUC 1",
    ):
        assert said in card
    for text in (card, json.dumps(first.as_dict())):
        assert str(tmp_path) not in text
        assert "committee" not in text


def test_the_rate_is_dclms_where_texts_are_many():
    assert [rate_for(count) for count in (400_000, 10_000, 4_000, 1_000, 7)] == [0.1, 0.1, 0.25, 1, 1]


def test_nothing_that_is_measured_on_is_near_what_is_learned_from(tmp_path):
    long = [" ".join(pair) for pair in zip(good(60, 3), good(60, 4), strict=True)]
    near = [f"{text} Truly." for text in long]
    sides = [corpus.Side(lines=list(lines)) for lines in (long[:20], near[10:40] + near[10:12], near[:5], near[30:50])]
    corpus.separate(*sides)
    positive, negative, test_good, test_bad = sides
    assert test_good.lines == near[:5]
    assert test_bad.lines == near[30:50]
    assert positive.lines == long[5:20]
    assert positive.in_test == 5
    assert negative.lines == near[20:30]
    assert (negative.in_other, negative.in_test, negative.repeated) == (12, 10, 0)


def test_korean_texts_are_compared_by_characters():
    text = "봄마다 넘치는 강은 얇은 진흙을 남기고 밭은 그 진흙으로 살아간다고 노인은 말하였다. 아무도 안 믿었다."
    sides = [
        corpus.Side(lines=[text]),
        corpus.Side(lines=[text.replace("노인은", "노인이")]),
        corpus.Side(),
        corpus.Side(),
    ]
    corpus.separate(*sides)
    assert sides[1].in_other == 1


def test_at_most_so_many_texts_those_of_smallest_hash(tmp_path):
    texts = [*good(50), *good(50), "", " \n "]
    files = text_files([str(write_rows(tmp_path / "a.jsonl", texts))])
    turned = text_files([str(write_rows(tmp_path / "b.jsonl", texts[::-1]))])
    all_of_it, some = corpus.gather(files, 1000), corpus.gather(files, 20)
    assert some.lines == corpus.gather(turned, 20).lines == all_of_it.lines[:20]
    assert (all_of_it.empty, all_of_it.repeated, all_of_it.not_sampled) == (2, 50, 0)
    assert (some.repeated, some.not_sampled) == (20, 60)
    learned, apart = corpus.split(all_of_it.lines, 0.3)
    assert sorted(learned + apart) == sorted(all_of_it.lines)
    assert 5 < len(apart) < 25
    assert set(corpus.split(all_of_it.lines, 0.1)[1]) <= set(apart)


def test_texts_of_runs_and_of_a_test_set(tmp_path):
    for name, texts in (("good", good(40)), ("bad", bad(40))):
        path = write_rows(tmp_path / f"{name}.jsonl", texts)
        go(recipe("extraction/plain"), [path], tmp_path / name)
    test = [str(write_rows(tmp_path / f"t{n}.jsonl", texts)) for n, texts in enumerate((good(5, 9), bad(5, 9)))]
    given = [str(tmp_path / "good")], [str(tmp_path / "bad")]
    found = train(*given, tmp_path / "m.bin", test[:1], test[1:], **SMALL)
    assert found.learned == {"hq": 40, "cc": 40}
    assert found.held_out is not None
    assert (found.held_out.good, found.held_out.bad) == (5, 5)
    assert train(*given, tmp_path / "m.bin", held_out_share=0, **SMALL).held_out is None
    (tmp_path / "good" / "run.json").unlink()
    with pytest.raises(DataError, match="no finished run"):
        train(*given, tmp_path / "m.bin", **SMALL)


def test_what_is_refused(tmp_path):
    fine = [str(write_rows(tmp_path / "fine.jsonl", good(20)))]
    junk = [str(write_rows(tmp_path / "junk.jsonl", bad(20)))]
    model = tmp_path / "m.bin"
    (tmp_path / "folder.bin").mkdir()
    (tmp_path / "page.html").write_text("<html><body>secret</body></html>")
    (tmp_path / "cut.jsonl").write_text('{"text": "fine"}\n{"text": "secret')
    (tmp_path / "other.jsonl").write_text('{"body": "secret"}\n')
    for positive, negative, path, more, said in (
        (fine, junk, tmp_path / "m.npz", {}, r"must end in \.bin or \.ftz"),
        (fine, junk, tmp_path / "no" / "m.bin", {}, "no folder"),
        (["no.jsonl"], junk, model, {}, "no such file"),
        (fine, [str(tmp_path / "page.html")], model, {}, "page.html holds web pages"),
        (fine, [str(tmp_path / "cut.jsonl")], model, {}, "cut.jsonl, "),
        (fine, [str(tmp_path / "other.jsonl")], model, {}, "expected in the field 'text'"),
        (fine, fine, model, {}, "no bad text to learn from"),
        (fine, junk, model, {"test_positive": fine}, "both good and bad"),
        (fine, junk, model, {"held_out_share": 1.0}, "less than 1"),
        (fine, junk, model, {"epochs": 3}, "unknown setting epochs"),
        (fine, junk, model, {"minn": -1}, "at least 0"),
        (fine, junk, model, {"epoch": 0}, "above 0"),
        (fine, junk, model, {"lr": "1"}, "lr must be a number"),
        (fine, junk, model, {"lr": float("nan")}, "lr must be at most 2,147,483,647, got nan"),
        (fine, junk, model, {"dim": 2**31}, "dim must be at most"),
        (fine, junk, tmp_path / "folder.bin", {}, "folder.bin is a folder"),
        (fine, junk, Path("/proc/m.bin"), SMALL, "/proc: cannot be written to"),
        (fine, junk, model, {"most": 0}, "at least one text of each kind"),
    ):
        with pytest.raises(DataError, match=said) as caught:
            train(positive, negative, path, **more)
        assert "secret" not in str(caught.value)
    assert not model.exists()


@pytest.mark.long
def test_the_best_tenth_of_a_mix_is_prose(shared_data, tmp_path):
    """Trained on English prose against whole pages of the web, none of them in the mix: a tenth of it is prose."""
    prose = []
    for path in sorted((shared_data / "prose" / "en").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            prose += [json.loads(line)["text"] for line in lines]
    raw = recipe({"extraction/resiliparse": {"main_content": False}})
    go(raw, sorted((shared_data / "pages_gold").glob("*.warc.gz")), tmp_path / "raw")
    web = [row["text"] for row in rows(tmp_path / "raw", "kept") if row["text"].strip()]
    for texts in (prose, web):
        texts.sort(key=lambda text: keyed(text, b"test"))
    mix = write_rows(tmp_path / "mix.jsonl", [*prose[:35], *web[:315]])
    given = [[str(write_rows(tmp_path / f"{n}.jsonl", texts))] for n, texts in enumerate((prose[35:], web[315:]))]
    trained = train(*given, tmp_path / "m.bin", bucket=100_000, dim=16, epoch=25, lr=0.5)
    assert trained.held_out is not None
    assert trained.held_out.auc.value > 0.97
    stage = {"quality/fasttext-top": {"model": str(tmp_path / "m.bin"), "label": GOOD, "keep_top": 0.1}}
    result = go(recipe("extraction/plain", stage), [mix], tmp_path / "out")
    kept = [row["text"] for row in rows(tmp_path / "out", "kept")]
    assert result["kept"] == len(kept) == 35
    assert sum(text in set(prose) for text in kept) >= 0.95 * 35
