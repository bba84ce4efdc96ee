"""A finished run's kept rows to files for training, in an order that depends on the rows alone."""

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate.arguments import given_count, given_path
from curate.export.order import Buckets, row_groups, uncompressed_bytes
from curate.export.rows import JsonLines, Parquet, ShardWriter
from curate.export.tokens import Counts, Datatrove, Mds, Megatron, Tokenizer
from curate.rundir import UsageError, errors_of
from filters.contracts import ResourceError
from pipelines import storage

ROWS = ("jsonl.zst", "jsonl.gz", "parquet")
TOKENS = {"megatron": Megatron, "datatrove": Datatrove, "mds": Mds}
FORMATS = (*ROWS, *TOKENS)
SHARD_BYTES = 256 << 20  # of columns in memory, for which a shard is made unless a number is given


def export(
    run: str | os.PathLike[str],
    output: str | os.PathLike[str],
    format: str = "jsonl.zst",
    columns: Sequence[str] = (),
    shards: int | None = None,
    tokenizer: str | os.PathLike[str] | None = None,
    end_token: str | None = None,
) -> dict[str, Any]:
    """Write the kept rows of a finished run to output, a new or empty folder.

    format     jsonl.zst, jsonl.gz or parquet for rows; megatron, datatrove or mds for tokens
    columns    the columns of rows to write; default: all of kept/
    shards     how many files (of tokens: pairs or folders); default: one for each 256 MiB of data
    tokenizer  a tokenizers JSON file, for tokens
    end_token  a token of its vocabulary, appended to each document

    The rows are sorted by a hash of file name and offset, which looks random and does not depend on workers, shards or
    format. Returns what export.json holds. Raises UsageError before anything is written, RunError afterwards. Memory
    does not grow with the corpus; the data stand once more in a temporary folder meanwhile.
    """
    root, target = given_path(run, "run").rstrip("/") or "/", given_path(output, "output")
    given_count(shards, "shards")
    with errors_of(target):
        return _export(root, target, format, columns, shards, tokenizer, end_token)


def _export(
    root: str,
    target: str,
    format: str,
    columns: Sequence[str],
    shards: int | None,
    tokenizer: str | os.PathLike[str] | None,
    end_token: str | None,
) -> dict[str, Any]:
    result = finished(root)
    paths = storage.files(storage.join(root, "kept"), ".parquet")
    schema = _schema(paths, root)
    chosen = _columns(schema, columns)
    counts = Counts()
    open_shard = _opener(format, target, schema, chosen, tokenizer, end_token, counts)
    if (storage.is_local(target) and os.path.exists(target) and (not os.path.isdir(target) or os.listdir(target))) or (
        not storage.is_local(target) and storage.files(target)
    ):
        raise UsageError(f"{target}: the output is not an empty folder")
    size = uncompressed_bytes(paths)
    number = shards or max(1, -(-size // SHARD_BYTES))
    needed = ["id", "text"] if format in TOKENS else chosen
    held = pa.schema([schema.field(name) for name in dict.fromkeys(["source", "offset", *needed])])
    rows = 0
    files: list[str] = []
    with tempfile.TemporaryDirectory(prefix="curate-export-") as folder:
        buckets = Buckets(folder, held, size, number)
        for path in paths:
            for table in row_groups(path):
                rows += table.num_rows
                buckets.add(table)
        for shard in range(number):
            writer = open_shard(f"part-{shard:05d}-of-{number:05d}")
            try:
                for table in buckets.shard(shard):
                    writer.write(table if format in TOKENS else table.select(chosen))
            except BaseException:
                writer.abandon()
                raise
            files += writer.close()
    about: dict[str, Any] = {
        "run": result["fingerprint"],
        "format": format,
        "rows": rows,
        "shards": number,
        "files": {path[len(target) :].lstrip("/"): storage.size(path) for path in files},
    }
    if format in TOKENS:
        about |= {"documents": counts.documents, "tokens": counts.tokens, "without_tokens": counts.empty}
        about |= {"tokenizer": os.path.basename(os.fspath(tokenizer or "")), "end_token": end_token}
    else:
        about["columns"] = chosen
    storage.write_bytes(storage.join(target, "export.json"), (json.dumps(about, indent=1) + "\n").encode())
    return about


def finished(root: str) -> dict[str, Any]:
    """run.json of a run that is complete and adds up."""
    path = storage.join(root, "run.json")
    if not storage.exists(path):
        raise UsageError(f"{root}: no run.json, so no finished run; --resume finishes one that was interrupted")
    try:
        result: dict[str, Any] = dict(json.loads(storage.read_bytes(path)))
        conserved = result["conserved"]
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{path}: damaged, or not the summary of a run") from error
    if not conserved:
        raise UsageError(f"{root}: the run does not add up (see run.json), so it is not exported")
    return result


def _schema(paths: Sequence[str], root: str) -> pa.Schema:
    if not paths:
        raise UsageError(f"{root}: kept/ holds no Parquet file")
    with storage.reading(paths[0]) as file:
        return pq.ParquetFile(file).schema_arrow


def _columns(schema: pa.Schema, columns: Sequence[str]) -> list[str]:
    for name in columns:
        if name not in schema.names:
            raise UsageError(f"columns: kept/ has no column {name!r} (it has: {', '.join(schema.names)})")
    return list(dict.fromkeys(columns)) or list(schema.names)


def _opener(
    format: str,
    target: str,
    schema: pa.Schema,
    columns: Sequence[str],
    tokenizer: str | os.PathLike[str] | None,
    end_token: str | None,
    counts: Counts,
) -> Callable[[str], ShardWriter]:
    """What begins a shard of a name in this format."""
    if format not in FORMATS:
        raise UsageError(f"format: unknown {format!r} (known: {', '.join(FORMATS)})")
    if format in TOKENS:
        if tokenizer is None:
            raise UsageError(f"format {format} holds tokens: name a tokenizers JSON file with --tokenizer")
        try:
            opened = Tokenizer(os.fspath(tokenizer), end_token)
        except ResourceError as error:
            raise UsageError(str(error)) from error
        kind = TOKENS[format]
        return lambda name: kind(target, name, opened, counts)
    if tokenizer is not None or end_token is not None:
        raise UsageError(f"format {format} holds text: --tokenizer and --end-token apply only to {', '.join(TOKENS)}")
    if format == "parquet":
        kept = pa.schema([schema.field(name) for name in columns])
        return lambda name: Parquet(target, name, kept)
    return lambda name: JsonLines(target, name, format.partition(".")[2])
