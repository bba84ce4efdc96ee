"""The linear model: its arithmetic, its file, its judge."""

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from curate.training.examples import Examples
from curate.training.linear import LinearSettings, train
from filters import make
from filters.contracts import ResourceError
from filters.document import Document
from filters.rules import decide
from filters.toxicity import char_ngrams
from filters.toxicity.linear_model import LinearModel

TEXTS = [f"{word} {kind} {number}" for number in range(40) for word, kind in (("너는", "바보"), ("오늘은", "좋은 날"))]
EXAMPLES = Examples(tuple(TEXTS), np.array(["바보" in text for text in TEXTS]))


@pytest.fixture(scope="module")
def model() -> LinearModel:
    pytest.importorskip("sklearn", reason="training needs scikit-learn")
    return train(EXAMPLES, LinearSettings())


@pytest.fixture(scope="module")
def path(model: LinearModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("linear") / "model.npz"
    model.save(path)
    return path


def ngrams(text: str, shortest: int, longest: int) -> dict[int, int]:
    points = char_ngrams.code_points(text)
    counts = np.zeros(1 << 20, dtype=np.int32)
    touched = np.empty(points.size * longest, dtype=np.int32)
    found = char_ngrams.count(points, shortest, longest, 20, counts, touched)
    return {int(bucket): int(counts[bucket]) for bucket in touched[:found]}


def test_ngrams_stay_within_words() -> None:
    words = ngrams("ab ab", 1, 3)
    # per word " ab": " ", " a", " ab", "a", "ab", "ab ", "b", "b ", and the last space
    assert sorted(words.values()) == [2, 2, 2, 2, 2, 2, 2, 3]
    assert ngrams("ab", 2, 3).keys() <= words.keys()
    assert len(ngrams("xyz", 1, 1)) == 4
    assert ngrams("", 1, 3) != {}  # two spaces


def test_score_equals_the_formula(model: LinearModel) -> None:
    from filters.toxicity.preparation import jamo

    text = "오늘은 너는 바보"
    place = {int(bucket): position for position, bucket in enumerate(model.buckets)}
    vector = np.zeros(model.buckets.size)
    for bucket, count in ngrams(jamo(text), model.shortest, model.longest).items():
        if bucket in place:
            vector[place[bucket]] = (1 + math.log(count)) * model.idf[place[bucket]]
    margin = float(vector @ model.weights / np.linalg.norm(vector) + model.intercept)
    assert model.scorer()(text) == pytest.approx(1 / (1 + math.exp(-margin)), rel=1e-6)


def test_the_same_training_gives_the_same_file(path: Path, tmp_path: Path) -> None:
    train(EXAMPLES, LinearSettings()).save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


def test_judge(path: Path) -> None:
    judge = make("toxicity/linear", {"model": str(path)})
    judge.check()
    score = judge.open()
    toxic, clean = (score(Document("1", text)).signals["toxicity"] for text in ("너는 바보", "오늘은 좋은 날"))
    assert toxic > 0.5 > clean
    assert len(judge.resources()["model"]) == 64
    assert math.isnan(score(Document("1", "")).signals["toxicity"])
    for odd in ("\0", "\ud800", "바보" * 100_000, "😀", "\n\n"):
        assert set(score(Document("1", odd)).signals) == {"toxicity", "toxicity_mean"}


def test_sentence_level_takes_the_worst(path: Path) -> None:
    text = "오늘은 좋은 날.\n너는 바보.\n오늘은 좋은 날."
    document = Document("1", text)
    by_sentence = make("toxicity/linear", {"model": str(path), "level": "sentence"}).open()(document).signals
    whole = make("toxicity/linear", {"model": str(path)}).open()(document).signals
    alone = make("toxicity/linear", {"model": str(path)}).open()(Document("1", "너는 바보.")).signals
    assert by_sentence["toxicity"] == alone["toxicity"] > whole["toxicity"]
    assert by_sentence["toxicity_mean"] < by_sentence["toxicity"]
    assert whole["toxicity"] == whole["toxicity_mean"]


def test_only_some_languages(path: Path) -> None:
    judge = make("toxicity/linear", {"model": str(path), "only": ["ko"]})
    assert judge.warnings(("ko",)) == ()
    assert "en, und" in judge.warnings(("ko", "en", "und"))[0]
    assert make("toxicity/linear", {"model": str(path)}).warnings(("en",)) == ()
    score = judge.open()
    assert math.isnan(score(Document("1", "너는 바보", notes={"language": "en"})).signals["toxicity"])
    assert score(Document("1", "너는 바보", notes={"language": "ko"})).signals["toxicity"] > 0.5
    assert score(Document("1", "너는 바보")).signals["toxicity"] > 0.5


def test_rules_at_the_threshold(path: Path) -> None:
    judge = make("toxicity/linear", {"model": str(path), "threshold": 0.25, "max_mean": 0.0})
    values = {0.0: None, 0.25: "toxicity_mean", 0.26: "toxicity", math.nan: None}
    for value, rule in values.items():
        drop = decide(judge.rules(), {"toxicity": value, "toxicity_mean": value}, {})
        assert (drop.rule if drop else None) == rule
    assert make("toxicity/linear", {"model": str(path), "threshold": None}).rules() == ()
    assert judge.scoring_key() == make("toxicity/linear", {"model": str(path)}).scoring_key()


def test_threads_share_a_judge(model: LinearModel) -> None:
    probability = model.scorer()
    texts = [text * 50 for text in TEXTS]
    alone = [probability(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(probability, texts * 5)) == alone * 5


def test_damaged_models(model: LinearModel, path: Path, tmp_path: Path) -> None:
    good = path.read_bytes()
    broken = tmp_path / "broken.npz"
    for content in (b"", b"no zip", good[: len(good) // 2], good[:100] + b"\0\0\0" + good[103:]):
        broken.write_bytes(content)
        with pytest.raises(ResourceError):
            make("toxicity/linear", {"model": str(broken)}).check()
    with pytest.raises(ResourceError):
        make("toxicity/linear", {"model": str(tmp_path / "absent.npz")}).check()
    with pytest.raises(ResourceError, match="sha256"):
        make("toxicity/linear", {"model": str(path), "sha256": "0" * 64}).check()
    np.savez(broken, weights=np.array([{"a": 1}], dtype=object))  # a pickle inside
    with pytest.raises(ResourceError):
        make("toxicity/linear", {"model": str(broken)}).check()
    changes = [
        {"preparation": "other"},
        {"bits": 2},
        {"buckets": model.buckets[::-1]},
        {"idf": model.idf[:-1]},
        {"weights": np.full_like(model.weights, np.nan)},
        {"intercept": math.inf},
    ]
    for change in changes:
        LinearModel(**{**vars(model), **change}).save(broken)
        with pytest.raises(ResourceError, match="damaged"):
            LinearModel.load(broken)
