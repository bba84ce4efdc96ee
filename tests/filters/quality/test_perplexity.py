"""quality/perplexity: limits, buckets and models by language; models and packages that are missing are named."""

import gzip
import math
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from curate.training.perplexity import train
from filters import SettingsError, make
from filters.chain import opened
from filters.contracts import ResourceError
from filters.document import Document, Drop
from filters.rules import decide
from filters.text.ccnet import SIGNS, normalizer
from tests.filters.text.test_arpa import SMALL

KENLM = Path(__file__).with_name("small.binary")


@pytest.fixture
def small(tmp_path: Path) -> str:
    path = tmp_path / "small.arpa"
    path.write_text(SMALL, encoding="utf-8")
    return str(path)


def scores(text: str, language: str = "", **settings: Any) -> Any:
    notes = {"language": language} if language else {}
    return opened(make("quality/perplexity", settings))(Document("1", text, notes=notes))


def test_perplexity_by_hand(small: str) -> None:
    found = scores("물 b\n물 b", model=small)
    assert found.signals["tokens"] == 4
    assert found.signals["perplexity"] == pytest.approx(10 ** (2 * (0.01 + 0.001 + 0.03 + 0.04) / 6), rel=1e-6)
    assert found.notes == {"perplexity": found.signals["perplexity"], "perplexity_bucket": "all"}
    joined = scores("물 b\n 물 b", model=small, lines="joined")
    assert joined.signals["perplexity"] == scores("물 b 물 b", model=small).signals["perplexity"]
    nothing = scores(" \n\t", model=small)
    assert math.isnan(nothing.signals["perplexity"])
    assert nothing.notes == {"perplexity_bucket": "all"}


def test_a_model_for_each_language(small: str, tmp_path: Path) -> None:
    other = tmp_path / "other.arpa.gz"
    other.write_bytes(gzip.compress(SMALL.replace("-3\t물", "-2\t물").encode()))
    models = {"ko": small, "en": str(other)}
    assert scores("b 물", "ko", model=models) == scores("b 물", model=small)
    assert scores("b 물", "en", model=models) == scores("b 물", model=str(other)) != scores("b 물", model=small)
    assert math.isnan(scores("b 물", "fr", model=models).signals["perplexity"])
    assert scores("b 물", "fr", model={**models, "": small}) == scores("b 물", model=small)
    judge = make("quality/perplexity", {"model": models})
    assert set(judge.resources()) == {small, str(other)}
    assert judge.warnings(("en", "ko")) == ()
    assert "one model judges en, ko" in make("quality/perplexity", {"model": small}).warnings(("en", "ko"))[0]


def test_buckets_and_limits(small: str) -> None:
    text = "물 b"
    value = scores(text, model=small).signals["perplexity"]
    for head, tail, bucket in ((value + 0.1, 9, "head"), (value, 9, "middle"), (0, value, "tail"), (0, 9, "middle")):
        settings = {"model": small, "head": head, "tail": tail}
        found = scores(text, **settings)
        assert found.notes["perplexity_bucket"] == bucket
        for keep in ("head", "middle", "tail"):
            judge: Any = make("quality/perplexity", {**settings, "keep": [keep]})
            drop = decide(judge.rules(), found.signals, found.notes)
            assert (drop is None) == (keep == bucket)
    cut = {"model": small, "languages": {"ko": {"head": 0, "tail": 1, "max_perplexity": 1}}, "keep": ["head"]}
    judge = make("quality/perplexity", cut)
    for language, rule in (("ko", "max_perplexity"), ("en", None)):
        found = scores(text, language, **cut)
        drop = decide(judge.rules(language), found.signals, found.notes)
        assert (drop.rule if isinstance(drop, Drop) else None) == rule
    judge = make("quality/perplexity", {"model": small, "min_perplexity": value, "max_perplexity": value})
    assert decide(judge.rules(), {"perplexity": value}, {}) is None
    for off in (value - 0.001, value + 0.001):
        assert decide(judge.rules(), {"perplexity": off}, {}) is not None
    assert decide(judge.rules(), {"perplexity": math.nan}, {}) is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "model is required"),
        ({"model": ""}, "must name a file"),
        ({"model": {"ko": ""}}, "must name a file"),
        ({"head": 3}, "head and tail need each other"),
        ({"languages": {"ko": {"tail": 3}}}, "languages.ko.*need each other"),
        ({"head": 4, "tail": 3}, "4 is above tail: 3"),
        ({"keep": ["head"]}, "keep.*needs head and tail"),
        ({"keep": ["best"], "head": 1, "tail": 2}, "keep"),
        ({"min_perplexity": 5, "max_perplexity": 4}, "min_perplexity: 5 is above max_perplexity: 4"),
        ({"normalization": "nfkc"}, "normalization"),
        ({"tokenizer": {"ko": "ko.model"}}, "tokenizer.ko: there is no model of this language"),
        ({"model": {"ko": "m.arpa"}, "tokenizer": {"kr": "ko.model"}}, "tokenizer.kr: there is no model"),
        ({"sha256": {"n.arpa": "0" * 64}}, "sha256: names what is neither a model nor a tokenizer"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], said: str) -> None:
    whole = settings if settings in ({}, {"model": ""}, {"model": {"ko": ""}}) else {"model": "m.arpa", **settings}
    with pytest.raises(SettingsError, match=said):
        make("quality/perplexity", whole)


def test_what_is_missing_or_damaged_is_named(small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def said(**settings: Any) -> str:
        with pytest.raises(ResourceError) as caught:
            make("quality/perplexity", settings).check()
        return str(caught.value)

    broken = tmp_path / "broken.arpa"
    broken.write_text(SMALL.replace("\\end\\", ""), encoding="utf-8")
    none = str(tmp_path / "none.arpa")
    assert f"{none}: No such file; train one: curate train perplexity --data GOOD.jsonl --model" in said(model=none)
    assert "neither an ARPA file nor a binary file of KenLM's: line 23: the file ends before" in said(model=str(broken))
    broken.write_bytes(gzip.compress(SMALL.encode())[:-9])
    assert "cannot read it" in said(model=str(broken))
    packed = bytearray(gzip.compress(SMALL.encode()))
    packed[10] ^= 0xFF  # the kind of the first block
    broken.write_bytes(packed)
    assert "cannot read it" in said(model=str(broken))
    assert "sha256 mismatch" in said(model=small, sha256={small: "0" * 64})
    assert "No such file" in said(model=small, tokenizer=str(tmp_path / "none.model"))
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    assert "pip install 'curate-lm-text[kenlm]'" in said(model=small, tokenizer=small)
    monkeypatch.setitem(sys.modules, "kenlm", None)
    assert "pip install 'curate-lm-text[kenlm]'" in said(model=str(KENLM))


def test_binary_models_of_kenlm(small: str) -> None:
    """small.binary is the model of test_arpa, made by KenLM's build_binary."""
    pytest.importorskip("kenlm")
    for text in ("물 b", "b b\n\nc 물 b", "\ud800 \0 b", "물\u00a0b", ""):
        ours, theirs = scores(text, model=small), scores(text, model=str(KENLM))
        assert theirs.signals["tokens"] == ours.signals["tokens"]
        assert theirs.signals["perplexity"] == pytest.approx(ours.signals["perplexity"], rel=1e-6, nan_ok=True)


def test_damaged_binary_models(tmp_path: Path) -> None:
    pytest.importorskip("kenlm")
    data = KENLM.read_bytes()
    for name, content in (
        ("cut", data[: len(data) // 2]),
        ("other", data[:52] + b"9" + data[53:]),
        ("head", data[:60]),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ResourceError, match="KenLM cannot load it"):
            make("quality/perplexity", {"model": str(path)}).check()


def test_sentencepiece_cuts_texts(tmp_path: Path) -> None:
    pytest.importorskip("sentencepiece")
    texts = [f"갯벌에서 일하는 사람들은 물때를 {number % 7}번 본다.\n바다는 넓다." for number in range(60)]
    model, pieces = tmp_path / "m.arpa", tmp_path / "m.model"
    trained = train(lambda: texts, model, tokenizer=pieces, pieces=25, order=3, held_out_share=0)
    assert trained.words > sum(len(text.split()) for text in texts)  # words are cut
    once = (model.read_bytes(), pieces.read_bytes())
    train(lambda: texts, model, tokenizer=pieces, pieces=25, order=3, held_out_share=0)
    assert (model.read_bytes(), pieces.read_bytes()) == once
    settings: Any = trained.strategy["quality/perplexity"]
    found, other = scores(texts[0], **settings), scores("시계를 고치는 남자", **settings)
    assert 1 < found.signals["perplexity"] < other.signals["perplexity"]
    assert found.signals["tokens"] * 60 == pytest.approx(trained.words, rel=0.05)
    pieces.write_bytes(b"no model")
    with pytest.raises(ResourceError, match="not a SentencePiece model"):
        make("quality/perplexity", settings).check()


@pytest.mark.parametrize(
    ("text", "ccnet", "dclm"),
    [
        (" Été 2024年：“Ａ”…\t끝 ", 'ete 0000年:"ａ"...끝', 'Été 0000年:"Ａ"...끝'),
        ("한글\r\n둘째\x85줄", "한글\n둘째줄", "한글\n둘째줄"),
        ("e\u0301 각 ㄱ", "e 각 ㄱ", "e\u0301 각 ㄱ"),
        ("１٣ ½—x", "00 ½ - x", "00 ½ - x"),
        ("a1909b", "a0000b", "a0000b"),
    ],
)
def test_normalisation(text: str, ccnet: str, dclm: str) -> None:
    assert normalizer("ccnet", False)(text) == ccnet
    assert normalizer("dclm", False)(text) == dclm
    assert normalizer("ccnet", True)(text) == ccnet.replace("\n", "")
    assert normalizer("none", False)(" \0물\t") == "물"
    again = normalizer("ccnet", False)
    assert again(ccnet) == ccnet
    assert unicodedata.is_normalized("NFC", ccnet)
    assert not set("".join(SIGNS.values())) & set(SIGNS)


def test_the_lowest_perplexities_are_best(small: str) -> None:
    judge: Any = make("quality/perplexity-top", {"model": small, "keep_top": 0.5})
    keys = judge.open()
    (good,), (bad,), none = keys(Document("1", "물 b")), keys(Document("2", "c c")), keys(Document("3", ""))
    assert good > bad
    assert none.shape == (0,)
    assert judge.decision().share == 0.5
