"""Exports hold every kept row once, in one order whatever the workers, shards and format, and say what is wrong."""

import gzip
import io
import itertools
import json
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from curate.export import order
from curate.export.card import write_card
from curate.export.export import export
from curate.rundir import UsageError
from tests.curate.running_tools import go, recipe, rows, write_rows

TEXTS = [f"text number {number} says {'so ' * (number % 5)}again" for number in range(60)]


def _longer(characters: int) -> dict:
    """A stage that keeps texts of at least so many characters."""
    return {"quality/length": {"min_words": None, "min_characters": characters}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same run twice, by one worker and by two, over two files."""
    folder = tmp_path_factory.mktemp("runs")
    inputs = [write_rows(folder / "a.jsonl", TEXTS[:40]), write_rows(folder / "b.jsonl", TEXTS[40:], 40)]
    chosen = recipe(_longer(25), "language/script")
    found = []
    for workers in (1, 2):
        go(chosen, inputs, folder / f"run{workers}", workers=workers)
        found.append(folder / f"run{workers}")
    return found


def _lines(folder: Path) -> list[dict]:
    found = []
    for path in sorted(folder.glob("*.jsonl.*")):
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        else:
            data = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read()
        found += [json.loads(line) for line in data.decode().splitlines()]
    return found


def test_every_kept_row_is_there_once_and_its_order_depends_on_nothing_else(runs, tmp_path):
    kept = rows(runs[0], "kept")
    about = export(runs[0], tmp_path / "one", "jsonl.zst")
    first = _lines(tmp_path / "one")
    assert about["rows"] == len(kept) == len(first) and about["shards"] == 1
    by_key = {(row["source"], row["offset"]): row for row in kept}
    assert {(row["source"], row["offset"]): row for row in first} == by_key
    assert [row["id"] for row in first] != [row["id"] for row in kept]
    export(runs[1], tmp_path / "three", "jsonl.gz", shards=3)
    assert len(list((tmp_path / "three").glob("*.jsonl.gz"))) == 3
    assert _lines(tmp_path / "three") == first
    export(runs[1], tmp_path / "table", "parquet", shards=2)
    table = pa.concat_tables(pq.read_table(path) for path in sorted((tmp_path / "table").glob("*.parquet")))
    assert table.to_pylist() == first


def test_the_same_rows_make_the_same_files(runs, tmp_path):
    for form in ("jsonl.zst", "jsonl.gz", "parquet"):
        names = []
        for number, run in enumerate(runs):
            export(run, tmp_path / f"{form}-{number}", form, shards=2)
            names.append({path.name: path.read_bytes() for path in (tmp_path / f"{form}-{number}").iterdir()})
        assert names[0] == names[1]


def test_rows_that_exceed_the_buffers_come_back_in_order(runs, tmp_path, monkeypatch):
    export(runs[0], tmp_path / "large", "jsonl.gz")
    monkeypatch.setattr(order, "BUCKET_BYTES", 500)
    monkeypatch.setattr(order, "BUFFER_BYTES", 300)
    export(runs[0], tmp_path / "small", "jsonl.gz")
    assert _lines(tmp_path / "small") == _lines(tmp_path / "large")


def test_pieces_of_a_document_stay_in_their_order(tmp_path):
    text = "A first sentence stands here. A second one follows it. A third one ends it all. Then comes a fourth one."
    inputs = write_rows(tmp_path / "a.jsonl", [text.replace("sentence", f"sentence{n}") for n in range(5)])
    chosen = recipe({"cleanup/sentences": {"judges": [_longer(1)], "emit": "sentences"}})
    go(chosen, [inputs], tmp_path / "run")
    export(tmp_path / "run", tmp_path / "out", "jsonl.gz", columns=["id"])
    ids = [row["id"] for row in _lines(tmp_path / "out")]
    assert len(ids) == len(rows(tmp_path / "run", "kept")) > 5
    documents = list(dict.fromkeys(found.partition("#")[0] for found in ids))
    assert ids == [f"{name}#{n}" for name in documents for n in range(len(ids) // 5)]


def _handmade(folder: Path, **columns) -> Path:
    """The directory of a run with these columns in kept/."""
    (folder / "kept").mkdir(parents=True)
    pq.write_table(pa.table(columns), folder / "kept" / "a.parquet", write_page_checksum=True)
    (folder / "run.json").write_text(json.dumps({"conserved": True, "fingerprint": "f"}))
    return folder


def test_columns_are_those_asked_for_and_nan_is_null(tmp_path):
    run = _handmade(tmp_path / "run", source=["s"], offset=[1], id=["a"], text=["t"], note=[float("nan")])
    export(run, tmp_path / "out", columns=["text", "note"])
    assert _lines(tmp_path / "out") == [{"text": "t", "note": None}]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    """Words of the texts by number; anything else is token 0, </s> is 1."""
    tokenizers = pytest.importorskip("tokenizers")
    words = sorted({word for text in TEXTS for word in text.split()})
    vocabulary = {"?": 0, "</s>": 1, **{word: number for number, word in enumerate(words, start=2)}}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="?"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    made.save(str(path))
    return path, vocabulary


def _expected(run, tokenizer, tmp_path) -> list[tuple[str, list[int]]]:
    export(run, tmp_path / "rows", "jsonl.gz", columns=["id", "text"])
    vocabulary = tokenizer[1]
    return [(row["id"], [*(vocabulary[w] for w in row["text"].split()), 1]) for row in _lines(tmp_path / "rows")]


def test_megatron_files_read_back_as_the_tokens(runs, tokenizer, tmp_path):
    expected = _expected(runs[0], tokenizer, tmp_path)
    about = export(runs[0], tmp_path / "out", "megatron", tokenizer=tokenizer[0], end_token="</s>")
    index = (tmp_path / "out" / "part-00000-of-00001.idx").read_bytes()
    assert index[:9] == b"MMIDIDX\0\0"
    version, dtype, sequences, documents = struct.unpack_from("<QBQQ", index, 9)
    assert (version, dtype, sequences, documents) == (1, 8, len(expected), len(expected) + 1)
    at = 9 + 25
    lengths = np.frombuffer(index, "<i4", sequences, at)
    starts = np.frombuffer(index, "<i8", sequences, at + 4 * sequences)
    assert np.frombuffer(index, "<i8", documents, at + 12 * sequences).tolist() == list(range(documents))
    assert len(index) == at + 12 * sequences + 8 * documents
    data = (tmp_path / "out" / "part-00000-of-00001.bin").read_bytes()
    found = [np.frombuffer(data, "<u2", n, start).tolist() for n, start in zip(lengths, starts, strict=True)]
    assert found == [tokens for _, tokens in expected]
    assert about["tokens"] == sum(map(len, found)) == len(data) // 2 and about["without_tokens"] == 0


def test_datatrove_files_read_back_as_the_tokens(runs, tokenizer, tmp_path):
    expected = _expected(runs[0], tokenizer, tmp_path)
    export(runs[0], tmp_path / "out", "datatrove", tokenizer=tokenizer[0], end_token="</s>")
    base = tmp_path / "out" / "part-00000-of-00001.ds"
    ends = np.fromfile(f"{base}.index", "<u8")
    data = np.fromfile(base, "<u2")
    assert [part.tolist() for part in np.split(data, ends[:-1].astype(int))] == [tokens for _, tokens in expected]
    assert Path(f"{base}.metadata").read_text().splitlines()[1] == str(len(data))


def test_mds_shards_read_back_as_the_tokens(runs, tokenizer, tmp_path, monkeypatch):
    from curate.export import tokens

    monkeypatch.setattr(tokens, "MDS_SHARD_BYTES", 700)
    expected = _expected(runs[0], tokenizer, tmp_path)
    export(runs[0], tmp_path / "out", "mds", tokenizer=tokenizer[0], end_token="</s>")
    folder = tmp_path / "out" / "part-00000-of-00001"
    index = json.loads((folder / "index.json").read_text())
    found = []
    assert len(index["shards"]) > 1
    for shard in index["shards"]:
        data = (folder / shard["raw_data"]["basename"]).read_bytes()
        assert len(data) == shard["raw_data"]["bytes"]
        (count,) = struct.unpack_from("<I", data)
        assert count == shard["samples"]
        offsets = struct.unpack_from(f"<{count + 1}I", data, 4)
        config = json.loads(data[4 + 4 * (count + 1) : offsets[0]])
        assert config["column_encodings"] == ["str", "ndarray:uint16"] and offsets[-1] == len(data)
        for start, end in itertools.pairwise(offsets):
            name, size = struct.unpack_from("<II", data, start)
            assert end == start + 8 + name + size
            body = data[start + 8 + name : end]
            assert body[0] == 1 << 2 and body[1] == (len(body) - 2) // 2  # one axis, its length in one byte
            found.append((data[start + 8 : start + 8 + name].decode(), np.frombuffer(body[2:], "<u2").tolist()))
    assert found == expected


def test_large_vocabularies_take_four_bytes_a_token(runs, tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    vocabulary = {"?": 0, **{f"w{number}": number for number in range(1, 66_000)}, "text": 70_000}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="?"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    made.save(str(tmp_path / "t.json"))
    for form, kind in (("megatron", "<i4"), ("datatrove", "<u4")):
        export(runs[0], tmp_path / form, form, tokenizer=tmp_path / "t.json")
        (path,) = [path for path in (tmp_path / form).iterdir() if path.suffix in (".bin", ".ds")]
        assert np.fromfile(path, kind)[0] == 70_000


def test_documents_without_a_token_are_counted(tokenizer, tmp_path):
    run = _handmade(tmp_path / "run", source=["s"] * 3, offset=[1, 2, 3], id=["a", "b", "c"], text=["text", " ", "so"])
    about = export(run, tmp_path / "out", "megatron", tokenizer=tokenizer[0])
    assert (about["documents"], about["without_tokens"], about["rows"]) == (2, 1, 3)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"format": "csv"}, "unknown 'csv'"),
        ({"columns": ["txt"]}, "kept/ has no column 'txt'"),
        ({"shards": 0}, "shards: a whole number of at least 1, got 0"),
        ({"format": "megatron"}, "name a tokenizers JSON file"),
        ({"tokenizer": "t.json"}, "apply only to megatron"),
        ({"format": "mds", "tokenizer": "missing.json"}, "cannot be read as a tokenizers JSON file"),
    ],
)
def test_wrong_requests_are_refused_before_anything_is_written(runs, tmp_path, more, message):
    with pytest.raises(UsageError, match=message):
        export(runs[0], tmp_path / "out", **more)
    assert not (tmp_path / "out").exists()


def test_an_end_token_that_the_vocabulary_lacks_is_refused(runs, tokenizer, tmp_path):
    with pytest.raises(UsageError, match="has no token '<eos>'"):
        export(runs[0], tmp_path / "out", "megatron", tokenizer=tokenizer[0], end_token="<eos>")


def test_nothing_of_the_user_is_overwritten(runs, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not an empty folder"):
        export(runs[0], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_only_finished_runs_that_add_up_are_exported(tmp_path):
    with pytest.raises(UsageError, match="no finished run"):
        export(tmp_path, tmp_path / "out")
    (tmp_path / "run.json").write_text('{"conserved": false}')
    for call in (lambda: export(tmp_path, tmp_path / "out"), lambda: write_card(tmp_path)):
        with pytest.raises(UsageError, match="does not add up"):
            call()
    (tmp_path / "run.json").write_text('{"conserved"')
    with pytest.raises(UsageError, match="damaged"):
        export(tmp_path, tmp_path / "out")


def test_a_run_that_kept_nothing_exports_an_empty_shard(tmp_path):
    go(
        recipe(_longer(1000)),
        [write_rows(tmp_path / "a.jsonl", ["short"])],
        tmp_path / "run",
    )
    assert export(tmp_path / "run", tmp_path / "out")["rows"] == 0
    assert _lines(tmp_path / "out") == []
