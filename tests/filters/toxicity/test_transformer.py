"""The transformer judge, on a tiny model with random weights; needs the extra `transformer`."""

import json
import math
import sys
from pathlib import Path

import pytest

from filters import make
from filters.contracts import ResourceError
from filters.document import Document

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "너는", "바보", "좋은", "날", "you", "fool", "fine", "day", "."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = pytest.importorskip("torch", reason="needs torch (the extra transformer)")
    transformers = pytest.importorskip("transformers", reason="needs transformers (the extra transformer)")
    folder = tmp_path_factory.mktemp("transformer")
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=False)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=32, id2label={0: "clean", 1: "toxic"}, label2id={"clean": 0, "toxic": 1},
    )  # fmt: skip
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def toxicity(text: str, **settings: object) -> float:
    return make("toxicity/transformer", settings).open()(Document("1", text)).signals["toxicity"]


def test_probabilities_are_the_models(folder: Path) -> None:
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    for text in ("you fool .", "너는 바보 .", "fine day"):
        with torch.inference_mode():
            logits = model(**tokenizer(text, return_tensors="pt")).logits
        assert toxicity(text, model=str(folder)) == pytest.approx(float(logits.softmax(-1)[0, 1]), abs=1e-6)
    both = toxicity("you fool", model=str(folder), labels=["toxic", "clean"])
    assert both == pytest.approx(1)


def test_long_texts_are_scored_in_pieces(folder: Path) -> None:
    text = "fine day . " * 100 + "you fool"
    signals = make("toxicity/transformer", {"model": str(folder)}).open()(Document("1", text)).signals
    assert signals["toxicity"] >= signals["toxicity_mean"]
    # batches change nothing but the last bits
    alone = make("toxicity/transformer", {"model": str(folder), "batch_size": 1}).open()(Document("1", text)).signals
    assert alone["toxicity"] == pytest.approx(signals["toxicity"], abs=1e-5)
    assert alone["toxicity_mean"] == pytest.approx(signals["toxicity_mean"], abs=1e-5)


def test_any_text_gets_a_decision(folder: Path) -> None:
    for level in ("document", "sentence"):
        score = make("toxicity/transformer", {"model": str(folder), "level": level}).open()
        assert math.isnan(score(Document("1", " \n")).signals["toxicity"])
        for text in ("\0", "\ud800", "😀", "a" * 5000, "[CLS] you"):
            value = score(Document("1", text)).signals["toxicity"]
            assert math.isnan(value) or 0 <= value <= 1


def test_what_cannot_be_used(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="no label hate"):
        make("toxicity/transformer", {"model": str(folder), "labels": ["hate"]}).check()
    with pytest.raises(ResourceError, match="sha256"):
        make("toxicity/transformer", {"model": str(folder), "sha256": "0" * 64}).check()
    right = make("toxicity/transformer", {"model": str(folder)}).resources()["model"]
    make("toxicity/transformer", {"model": str(folder), "sha256": right}).check()
    for path in folder.iterdir():  # the same model with pickled weights only
        if path.name != "model.safetensors":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(ResourceError, match="cannot load"):
        make("toxicity/transformer", {"model": str(tmp_path)}).check()


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"no config\.json"):
        make("toxicity/transformer", {"model": str(tmp_path)}).check()


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text(json.dumps({}))
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ResourceError, match=r"pip install 'curate-lm-text\[transformer\]'"):
        make("toxicity/transformer", {"model": str(tmp_path)}).check()
