"""fastText as a toxicity judge, on models trained here."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from curate.training.examples import Examples
from curate.training.fasttext import _ZEROED_MEMORY
from curate.training.toxicity import FastTextSettings
from curate.training.toxicity import train_fasttext as train
from filters import make
from filters.contracts import ResourceError, SettingsError
from filters.document import Document
from filters.toxicity.fasttext import label_of, parts_of

TEXTS = [f"{text} {number}" for number in range(30) for text in ("너는 정말 바보야", "오늘은 참 좋은 날")]
EXAMPLES = Examples(tuple(TEXTS), np.array(["바보" in text for text in TEXTS]))
SMALL = FastTextSettings(preparation="jamo", dim=4, bucket=2000, epoch=30, lr=0.5)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fasttext") / "model.bin"
    train(EXAMPLES, path, SMALL)
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model as others make them: labels of their own, no word of how texts were prepared."""
    folder = tmp_path_factory.mktemp("plain")
    lines = [f"__label__{'bad' if 'FOOL' in text else 'good'} {text}" for text in ["you FOOL", "fine day"] * 30]
    lines += ["__label__worse you IDIOT"] * 30
    (folder / "data.txt").write_text("\n".join(lines) + "\n")
    program = """if True:
        import sys, fasttext
        model = fasttext.train_supervised(sys.argv[1], dim=4, epoch=50, lr=0.5, thread=1, verbose=0)
        model.save_model(sys.argv[2])"""
    command = [sys.executable, "-c", program, str(folder / "data.txt"), str(folder / "plain.bin")]
    # in this process its memory would be what others left
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **_ZEROED_MEMORY})
    return folder / "plain.bin"


def toxicity(text: str, **settings: object) -> float:
    return make("toxicity/fasttext", settings).open()(Document("1", text)).signals["toxicity"]


def test_labels_state_the_preparation() -> None:
    assert label_of("toxic", "jamo") == "__label__toxic@jamo"
    assert parts_of("toxic@jamo") == ("toxic", "jamo")
    assert parts_of("toxic") == ("toxic", "")
    assert parts_of("me@home") == ("me@home", "")
    assert parts_of("@jamo") == ("@jamo", "")


def test_judge(path: Path) -> None:
    judge = make("toxicity/fasttext", {"model": str(path)})
    judge.check()
    assert len(judge.resources()["model"]) == 64
    assert toxicity("너는 정말\n바보야", model=str(path)) > 0.5 > toxicity("오늘은 참 좋은 날", model=str(path))
    assert [rule.at_most for rule in judge.rules()] == [0.4]  # Dolma's
    assert math.isnan(toxicity(" \n", model=str(path)))


def test_sentences_beyond_those_asked_together_are_scored_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "오늘은 참 좋은 날.\n" * 3 + "너는 정말 바보야.\n \n오늘은 참 좋은 날."
    whole = toxicity(text, model=str(path), level="sentence")
    monkeypatch.setattr("filters.toxicity.fasttext._TOGETHER", 2)
    assert toxicity(text, model=str(path), level="sentence") == whole > 0.5


def test_the_stated_preparation_is_applied(path: Path) -> None:
    as_stated = toxicity("너는 정말 바보야", model=str(path))
    assert toxicity("너는  정말\t바보야", model=str(path)) == as_stated
    assert toxicity("너는 정말 바보야", model=str(path), preparation="jamo") == as_stated
    assert toxicity("너는 정말 바보야", model=str(path), preparation="line") != as_stated


def test_other_models(plain: Path) -> None:
    assert toxicity("you FOOL", model=str(plain), labels=["bad"]) > 0.5
    assert toxicity("you FOOL", model=str(plain), labels=["__label__bad"]) > 0.5
    both = toxicity("you FOOL", model=str(plain), labels=["bad", "worse"])
    assert both > toxicity("you FOOL", model=str(plain), labels=["bad"])
    assert both <= 1
    # taken as it is: this model has not seen lower case
    assert toxicity("you fool", model=str(plain), labels=["bad", "worse"]) != both
    with pytest.raises(ResourceError, match=r"no label toxic \(it has: bad, good, worse\)"):
        make("toxicity/fasttext", {"model": str(plain)}).check()


def test_sentence_level(path: Path) -> None:
    document = Document("1", "오늘은 참 좋은 날.\n너는 정말 바보야.")
    found = make("toxicity/fasttext", {"model": str(path), "level": "sentence"}).open()(document).signals
    assert found["toxicity"] == toxicity("너는 정말 바보야.", model=str(path))
    assert found["toxicity_mean"] < found["toxicity"]


def test_any_text_gets_a_decision(path: Path) -> None:
    for level in ("document", "sentence"):
        score = make("toxicity/fasttext", {"model": str(path), "level": level}).open()
        for text in ("", "\n", "\0", "\ud800", "a" * 300_000, "😀 😀", "__label__toxic@jamo", "</s>"):
            value = score(Document("1", text)).signals["toxicity"]
            assert math.isnan(value) or 0 <= value <= 1


def test_what_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="model"):
        make("toxicity/fasttext", {})
    with pytest.raises(SettingsError, match="level"):
        make("toxicity/fasttext", {"model": "a.bin", "level": "word"})
    for content in (b"", b"\0" * 1000):
        (tmp_path / "broken.bin").write_bytes(content)
        with pytest.raises(ResourceError):
            make("toxicity/fasttext", {"model": str(tmp_path / "broken.bin")}).check()


def test_the_same_training_gives_the_same_file(path: Path, tmp_path: Path) -> None:
    train(EXAMPLES, tmp_path / "again.bin", SMALL)
    assert (tmp_path / "again.bin").read_bytes() == path.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["again.bin"]


def test_quantised(path: Path, tmp_path: Path) -> None:
    train(EXAMPLES, tmp_path / "model.ftz", SMALL, quantise=True)
    train(EXAMPLES, tmp_path / "again.ftz", SMALL, quantise=True)
    assert (tmp_path / "again.ftz").read_bytes() == (tmp_path / "model.ftz").read_bytes()
    assert (tmp_path / "model.ftz").stat().st_size < path.stat().st_size
    small = str(tmp_path / "model.ftz")
    assert toxicity("너는 정말 바보야", model=small) > 0.5 > toxicity("오늘은 참 좋은 날", model=small)
