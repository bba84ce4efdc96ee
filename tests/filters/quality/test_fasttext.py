"""Quality by a fastText model: its probability as the score, a threshold, and the best share of a corpus."""

import math

import pytest

from curate.training import fasttext as training
from filters import make
from filters.contracts import ResourceError
from filters.document import Document
from tests.curate.running_tools import adds_up, go, recipe, rows, write_rows


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    good = [f"the careful reader learns why number {n} is so and how it was found" for n in range(150)]
    bad = [f"click buy now cheap offer {n} win win free shipping" for n in range(150)]
    path = tmp_path_factory.mktemp("model") / "quality.bin"
    lines = [(label, text) for label, texts in (("good", good), ("bad", bad)) for text in texts]
    training.train(lines, path, {"epoch": 10, "dim": 8, "bucket": 2000, "word_ngrams": 2, "minn": 1, "maxn": 4})
    return str(path)


LABEL = "good"


def test_good_texts_score_higher_and_the_threshold_includes_its_value(model):
    judge = make("quality/fasttext", {"model": model, "label": LABEL})
    score = judge.open()
    good = score(Document("1", "the careful reader learns why\nit is so")).signals["score"]
    bad = score(Document("2", "click buy now cheap offer")).signals["score"]
    assert 0 <= bad < 0.5 < good <= 1
    (rule,) = judge.rules()
    assert [rule.fails(value) for value in (0.499, 0.5, 0.501)] == [True, False, False]
    assert math.isnan(score(Document("3", " \n ")).signals["score"])
    assert make("quality/fasttext", {"model": model, "min_score": None}).rules() == ()


def test_line_breaks_are_spaces(model):
    score = make("quality/fasttext", {"model": model, "label": LABEL}).open()
    assert score(Document("1", "\nbuy now\ncheap\n")).signals == score(Document("2", "buy now cheap")).signals


def test_a_label_or_a_model_that_is_not_there_is_told_before_a_run(model):
    with pytest.raises(ResourceError, match="no label 'hq'"):
        make("quality/fasttext", {"model": model}).check()
    for name in ("quality/fasttext", "quality/fasttext-top"):
        judge = make(name, {"model": "no/model.bin"})
        for ask in (judge.check, judge.resources, judge.open):
            with pytest.raises(ResourceError, match=r"No such file; train one: curate train quality .* no/model\.bin"):
                ask()
    with pytest.raises(ResourceError, match="required"):
        make("quality/fasttext-top").check()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 1.0])
def test_the_best_share_stays_whatever_the_order(model, tmp_path, share):
    good = [f"the careful reader learns why number {n}" for n in range(5)]
    bad = [f"click buy now cheap offer {n}" for n in range(15)]
    texts = [text for pair in zip(bad, [*good, *bad], strict=False) for text in pair][:20]
    stage = {"quality/fasttext-top": {"model": model, "label": LABEL, "keep_top": share}}
    kept = []
    for number, order in enumerate((texts, texts[::-1])):
        path = write_rows(tmp_path / f"{number}.jsonl", order)
        result = go(recipe("extraction/plain", stage), [path], tmp_path / str(number))
        assert adds_up(result)
        assert result["kept"] == math.ceil(20 * share)
        kept.append(sorted(row["text"] for row in rows(tmp_path / str(number), "kept")))
    if share in (0.0, 1.0):
        assert kept[0] == kept[1]
    if share == 0.25:
        assert sum("careful" in text for text in kept[0]) >= 4
