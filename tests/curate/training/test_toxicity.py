"""Training from labelled texts: what comes out, the targets on public data, what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from curate.training.examples import DataError, Examples, held_out, read
from curate.training.toxicity import train
from filters import make
from filters.document import Document

TEXTS = [f"{text} {number}" for number in range(100) for text in ("너는 정말 바보야", "오늘은 참 좋은 날")]
EXAMPLES = Examples(tuple(TEXTS), np.array(["바보" in text for text in TEXTS]))
SMALL = {"dim": 4, "bucket": 2000, "epoch": 5}


@pytest.mark.parametrize(("name", "settings"), [("m.bin", SMALL), ("m.ftz", SMALL), ("m.npz", {})])
def test_a_model_comes_out_and_its_strategy_reads_it(tmp_path: Path, name: str, settings: dict[str, int]) -> None:
    trained = train(EXAMPLES, tmp_path / name, **settings)
    assert trained.held_out is not None
    assert trained.held_out.items + trained.trained_on == 200
    assert trained.held_out.items == held_out(EXAMPLES, 0.1).sum()
    assert trained.held_out.auc.value == 1
    report = json.dumps(trained.as_dict())
    assert str(tmp_path) not in report
    assert "바보" not in report
    judge = make(trained.strategy, {"model": str(tmp_path / name), "sha256": trained.sha256})
    judge.check()
    score = judge.open()
    assert score(Document("1", "바보")).signals["toxicity"] > score(Document("1", "좋은 날")).signals["toxicity"]


def test_own_test_set_and_none(tmp_path: Path) -> None:
    own = train(EXAMPLES, tmp_path / "m.npz", test=EXAMPLES.take(np.arange(200) < 50), threshold=0.9)
    assert own.trained_on == 200
    assert own.held_out is not None
    assert own.held_out.items == 50
    assert own.threshold == 0.9
    assert train(EXAMPLES, tmp_path / "m.npz", held_out_share=0).held_out is None


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"must end in \.bin or \.ftz or \.npz"):
        train(EXAMPLES, tmp_path / "model.pkl")
    with pytest.raises(DataError, match=r"\.bin: the model's name must end in"):
        train(EXAMPLES, tmp_path / ".bin")
    with pytest.raises(DataError, match="no folder"):
        train(EXAMPLES, tmp_path / "absent" / "m.bin")
    with pytest.raises(DataError, match=r"unknown setting dims \(known: preparation, dim"):
        train(EXAMPLES, tmp_path / "m.bin", dims=3)
    with pytest.raises(DataError, match="dim must be a whole number"):
        train(EXAMPLES, tmp_path / "m.bin", dim="3")
    with pytest.raises(DataError, match="epoch must be above 0"):
        train(EXAMPLES, tmp_path / "m.bin", epoch=0)
    with pytest.raises(DataError, match="unknown preparation"):
        train(EXAMPLES, tmp_path / "m.npz", preparation="upper")
    with pytest.raises(DataError, match="must include both toxic and clean ones"):
        train(EXAMPLES.take(EXAMPLES.toxic), tmp_path / "m.npz")
    with pytest.raises(DataError, match="share held out"):
        train(EXAMPLES, tmp_path / "m.npz", held_out_share=1.0)
    with pytest.raises(DataError, match="fastText could not be trained"):
        train(EXAMPLES, tmp_path / "m.bin", **{**SMALL, "lr": 1e6})
    assert [path.name for path in tmp_path.iterdir()] == []


@pytest.mark.parametrize(("name", "least"), [("ko.npz", 0.87), ("ko.bin", 0.855)])
def test_korean_targets(shared_data: Path, tmp_path: Path, name: str, least: float) -> None:
    """Trained on the training part with the defaults, measured on the other."""
    folder = shared_data / "korean_labeled" / "kocohub_hate"
    learned, test = (read(folder / part, "comments", "hate", clean=["none"]) for part in ("train.tsv", "dev.tsv"))
    trained = train(learned, tmp_path / name, test=test)
    assert trained.held_out is not None
    assert (trained.trained_on, trained.held_out.items) == (7896, 471)
    assert trained.held_out.auc.value >= least


@pytest.mark.long
def test_english_target(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "toxicity_en" / "davidson" / "labeled_data.csv"
    trained = train(read(path, "tweet", "class", clean=["2"]), tmp_path / "en.bin", held_out_share=0.2)
    assert trained.held_out is not None
    assert trained.held_out.items > 4500
    assert trained.held_out.auc.value >= 0.95
