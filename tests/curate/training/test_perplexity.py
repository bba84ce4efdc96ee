"""Training a model for quality/perplexity: what comes out can be put into a recipe, and mistakes are named."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from curate.commands.application import app
from curate.training.examples import DataError
from curate.training.perplexity import train
from curate.training.texts import text_files
from filters import make
from filters.document import Document

LINE = "갯벌에서 일하는 사람들은 물때를 먼저 본다 하루에 두 번 물이 들고 난다 배가 늦게 떠났다"
WORDS = LINE.split()
TEXTS = [" ".join(random.Random(seed).sample(WORDS, 8)) + ".\n" + " ".join(WORDS[seed % 5 : 9]) for seed in range(200)]
POOL = [*TEXTS[:50], *(text[::-1] for text in TEXTS[50:80])]


def test_a_model_judges_as_it_was_trained(tmp_path: Path) -> None:
    trained = train(lambda: TEXTS, tmp_path / "ko.arpa", order=3, pool=lambda: POOL)
    settings = trained.strategy["quality/perplexity"]
    judge: Any = make("quality/perplexity", {**settings, "keep": ["head"]})
    measure = judge.measure()
    good, odd = measure(Document("", TEXTS[0]))[0], measure(Document("", TEXTS[0][::-1]))[0]
    assert 1 < good < odd
    assert trained.held_out is not None and trained.pool is not None
    assert 0 < trained.held_out.texts == len(TEXTS) - trained.texts
    assert list(trained.held_out.quantiles) == ["0.1", "0.5", "0.9"]
    # head and tail are the values below which 30 % and 60 % of the pool lie, ties aside
    values = sorted(measure(Document("", text))[0] for text in POOL)
    assert settings["head"] == values[round(0.3 * len(POOL)) - 1] == trained.pool.quantiles["0.3"]
    assert settings["tail"] == values[round(0.6 * len(POOL)) - 1]
    assert trained.different == len({word for text in TEXTS for word in text.replace(".", "").split()}) + len(
        {word for text in TEXTS for word in text.split() if word.endswith(".")}
    )
    json.dumps(trained.as_dict())


def test_the_same_texts_give_the_same_file(tmp_path: Path) -> None:
    made = []
    for name, texts in (("a.arpa", TEXTS), ("b.arpa", TEXTS[::-1]), ("c.arpa.gz", TEXTS), ("d.arpa.gz", TEXTS)):
        train(lambda texts=texts: texts, tmp_path / name, order=2, min_count=2, prune=1)  # type: ignore[misc]
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    assert made[2] == made[3] != made[0]
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("name", "settings", "texts", "said"),
    [
        ("m.bin", {}, TEXTS, "must end in .arpa or .arpa.gz"),
        ("no/m.arpa", {}, TEXTS, "there is no folder"),
        ("m.arpa", {"order": 9}, TEXTS, "1 to 6"),
        ("m.arpa", {"order": 0}, TEXTS, "1 to 6"),
        ("m.arpa", {"held_out_share": 1.0}, TEXTS, "share held out"),
        ("m.arpa", {}, [], "no text to learn from has a word"),
        ("m.arpa", {}, ["", " \n "], "no text to learn from has a word"),
        ("m.arpa", {"tokenizer": Path("no/m.model")}, TEXTS, "there is no folder no"),
        ("m.arpa", {"pieces": 100}, TEXTS, "pieces need a path"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, name: str, settings: dict[str, Any], texts: list[str], said: str) -> None:
    with pytest.raises(DataError, match=said):
        train(lambda: texts, tmp_path / name, **settings)
    assert not list(tmp_path.iterdir())


def test_too_many_pieces_is_said(tmp_path: Path) -> None:
    pytest.importorskip("sentencepiece")
    with pytest.raises(DataError, match=r"cannot make 30000 pieces of these texts: .*too high"):
        train(lambda: TEXTS, tmp_path / "m.arpa", tokenizer=tmp_path / "m.model", pieces=30_000)
    assert not list(tmp_path.iterdir())


def test_damage_is_named_where_pieces_are_trained(tmp_path: Path) -> None:
    pytest.importorskip("sentencepiece")
    cut = tmp_path / "cut.jsonl"
    cut.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS) + '{"text": "', encoding="utf-8")
    (file,) = text_files([str(cut)])
    with pytest.raises(DataError, match=r"^cut\.jsonl, ") as caught:
        train(file.texts, tmp_path / "m.arpa", tokenizer=tmp_path / "m.model", pieces=40)
    assert ".py" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [cut]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, texts in (("good.jsonl", TEXTS), ("pool.jsonl", POOL)):
        rows = (json.dumps({"body": text}, ensure_ascii=False) for text in texts)
        (tmp_path / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    command = get_command(app)
    arguments = ["train", "perplexity", "--data", str(tmp_path / "good.jsonl"), "--text", "body"]
    made = [*arguments, "--model", str(tmp_path / "m.arpa"), "--pool", str(tmp_path / "pool.jsonl"), "--order", "2"]
    command.main(made, standalone_mode=False)
    said = json.loads(capsys.readouterr().out)
    judge: Any = make("quality/perplexity", said["strategy"]["quality/perplexity"])
    judge.check()
    assert 0 < judge.head < judge.tail
    assert len(said["ngrams"]) == 2
    with pytest.raises(SystemExit):
        command.main([*arguments, "--model", str(tmp_path / "m.txt")], standalone_mode=False)
    assert "must end in .arpa" in capsys.readouterr().err
