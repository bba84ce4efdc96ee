"""Labelled data: formats, labels, what is refused, the split."""

import gzip
import unicodedata
from pathlib import Path

import pytest

from curate.training.examples import DataError, Examples, held_out, read

ROWS = [('나쁜 "말"', "hate"), ("좋은 말", "none"), ("또 나쁜 말", "offensive")]


def written(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    data = content.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("name", ["a.tsv", "a.tsv.gz", "a.csv", "a.jsonl", "a.jsonl.gz"])
def test_formats(tmp_path: Path, name: str) -> None:
    import csv
    import io
    import json

    if "jsonl" in name:
        content = "\n".join(json.dumps({"text": text, "label": label, "more": 1}) for text, label in ROWS)
    elif "tsv" in name:  # no quoting: a quotation mark is a character
        content = "\ufeffid\ttext\tlabel\n" + "".join(f"1\t{text}\t{label}\n" for text, label in ROWS)
    else:
        out = io.StringIO()
        csv.writer(out).writerows([("text", "label"), *ROWS])
        content = out.getvalue()
    examples = read(written(tmp_path, name, content), clean=["none"])
    assert examples.texts == tuple(text for text, _ in ROWS)
    assert examples.toxic.tolist() == [True, False, True]


def test_texts_are_those_of_a_runs_documents(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "나쁜 말")
    content = f"text\tlabel\n{decomposed}\thate\n\ufeff\tnone\n좋은\ufeff 말\tnone\n"
    examples = read(written(tmp_path, "a.tsv", content), clean=["none"])
    assert examples.texts == ("나쁜 말", "좋은 말")
    assert examples.empty == 1


def test_labels(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "text,label\na,2\nb,1\nc,0\n,1\n")
    assert read(path, clean=["2"]).toxic.tolist() == [False, True, True]
    assert read(path, toxic=["1"]).toxic.tolist() == [False, True, False]
    assert read(path, toxic=["1"]).empty == 1
    with pytest.raises(DataError, match="row 1: the label '2'"):
        read(path, toxic=["1"], clean=["0"])
    with pytest.raises(DataError, match="none of 3 texts is toxic"):
        read(path, toxic=["hate"])
    with pytest.raises(DataError, match="none of 3 texts is clean"):
        read(path, clean=["none"])
    with pytest.raises(DataError, match="both"):
        read(path, toxic=["1"], clean=["1"])
    with pytest.raises(DataError, match="say which"):
        read(path)
    rows = '{"text": "x", "label": true}\n{"text": "y", "label": 0}\n'
    assert read(written(tmp_path, "b.jsonl", rows), toxic=["true"]).toxic.tolist() == [True, False]
    piped = written(tmp_path, "c.txt", "text|label\na|1\nb|0\n")
    assert read(piped, toxic=["1"], delimiter="|").toxic.tolist() == [True, False]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "text,label\n", "ends in"),
        ("a.csv", "texts,label\nsecret,1\n", "no column 'text'"),
        ("a.tsv", "text\tlabel\nsecret\n", "row 1: fewer fields"),
        ("a.jsonl", '{"text": "secret"}\n', "row 1: no object"),
        ("a.jsonl", '{"text": "x", "label": 1}\n{"text": "secret', "row 2: not a JSON"),
        ("a.jsonl", "[1]\n", "row 1"),
        ("a.csv", "", "no column"),
    ],
)
def test_bad_data_is_named_by_row_and_not_shown(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(written(tmp_path, name, content), toxic=["1"])
    assert "secret" not in str(caught.value)


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read"):
        read(tmp_path / "absent.csv", toxic=["1"])
    (tmp_path / "a.csv").write_bytes("text,label\né,1\n".encode("latin-1"))
    (tmp_path / "b.csv").write_bytes(gzip.compress(b"text,label\na,1\n")[:-9])
    damaged = bytearray(gzip.compress(b"text,label\na,1\n"))
    damaged[10] ^= 0xFF
    (tmp_path / "c.csv").write_bytes(damaged)
    for name in ("a.csv", "b.csv", "c.csv"):
        with pytest.raises(DataError, match="not UTF-8"):
            read(tmp_path / name, toxic=["1"])


def test_held_out_depends_on_the_text_alone() -> None:
    texts = tuple(f"text {number}" for number in range(2000))
    chosen = held_out(Examples(texts, None), 0.1)  # type: ignore[arg-type]
    assert 150 < chosen.sum() < 250
    assert held_out(Examples(texts[::-1], None), 0.1)[::-1].tolist() == chosen.tolist()  # type: ignore[arg-type]
    assert (held_out(Examples(texts, None), 0.2) >= chosen).all()  # type: ignore[arg-type]
    assert not held_out(Examples(texts, None), 0).any()  # type: ignore[arg-type]
