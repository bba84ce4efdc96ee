"""Damaged and hostile rows, tables and files: JSON Lines, arrays, CSV, Parquet, Arrow, text."""

import bz2
import gzip
import io
import json
import os
import random
import time
from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.faults.archives import page, pages, wacz
from tests.faults.machine import nobody
from tests.faults.table import CANARY, PEAK_BYTES, TEXT, Ended, Fault, Place, given, refused, sound

PLAIN = ("extraction/plain", "dedup/exact")


def lines(*rows: Any) -> bytes:
    """JSON Lines of objects, and of bytes as they are."""
    return b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows)


def text(number: int = 0, **more: Any) -> dict[str, Any]:
    """A good row."""
    return {"id": f"t{number}", "text": f"{number} {TEXT}", **more}


def nested(opening: str, closing: str, size: int) -> bytes:
    """A line of JSON whose value is nothing but brackets or numbers."""
    return b'{"text": "a", "x": ' + (opening * size + closing * size).encode() + b"}"


def parquet(table: pa.Table, **settings: Any) -> bytes:
    """A table as a Parquet file."""
    out = io.BytesIO()
    pq.write_table(table, out, **settings)
    return out.getvalue()


def table(count: int = 4) -> pa.Table:
    """Rows of text."""
    columns = {"id": [str(n) for n in range(count)], "text": [f"{n} {TEXT}" for n in range(count)]}
    return pa.table(columns, schema=pa.schema({"id": pa.string(), "text": pa.string()}))


def endless(name: str, made: str, piece: bytes, count: int) -> Fault:
    """A row about a line of so many pieces and one: it may be read or fail, the lines beside it are kept."""
    row = b'{"text": "a", "x": [%b%b]}'
    return rows(
        name,
        made,
        lambda: gzip.compress(lines(text(0), row % ((piece + b",") * count, piece), text(1))),
        None,
        "a.jsonl.gz",
        fails=None,
        texts=[f"0 {TEXT}", f"1 {TEXT}"],
        peak=PEAK_BYTES,
    )


def dictionary_bomb() -> bytes:
    """A Parquet file of some KB that decodes to 2 GB: 20,000 rows that all stand for one text of 100 KB."""
    texts = pa.DictionaryArray.from_arrays([0] * 20_000, ["a" * 100_000])
    return parquet(pa.table({"text": texts}), compression="zstd", store_schema=False)


def changed(data: bytes, at: float, mask: int = 0xFF) -> bytes:
    """The data with one byte changed."""
    position = int(len(data) * at)
    return data[:position] + bytes((data[position] ^ mask,)) + data[position + 1 :]


def rows(
    name: str, made: str, make: Callable[[], bytes], kept: int | None, file: str = "a.jsonl", **more: Any
) -> Fault:
    """A row about a table of texts."""
    return given(name, made, file, make, kept, stages=more.pop("stages", PLAIN), **more)


def _wide(place: Place, made: Iterable[dict[str, Any]], **more: Any) -> Ended:
    """A run over many large rows, packed, in 600 MB a process."""
    path = place.folder / "a.jsonl.gz"
    with gzip.open(path, "wt", compresslevel=1) as file:
        file.writelines(json.dumps(row) + "\n" for row in made)
    return sound(place.run(place.recipe(*PLAIN, **more), path), peak=600_000_000)


def _check_row_bytes(place: Place) -> None:
    """6,000 rows that carry 100 KB each."""
    made = ({"text": f"{n} {TEXT}", "note": f"{n} " + "carried " * 12_500} for n in range(6000))
    assert _wide(place, made, rows={"carry": ["note"]}).result["kept"] == 6000


def _check_url_bytes(place: Place) -> None:
    """3,000 rows with addresses of 0.8 MB."""
    made = ({"text": f"{n} {TEXT}", "url": f"http://a.example/{n}/" + "a" * 800_000} for n in range(3000))
    assert _wide(place, made).result["read"]["records"] == 3000


def _sparse(name: str, reason: set[str]) -> Callable[[Place], None]:
    def check(place: Place) -> None:
        path = place.write(name, lines(text(0)) if name.endswith("jsonl") else page(0))
        with open(path, "r+b") as file:
            file.truncate(2 << 30)
        ended = sound(
            place.run(place.recipe("extraction/resiliparse"), path, workers=2), peak=700_000_000, cpu_seconds=60.0
        )
        assert ended.result["kept"] == 1, ended.result["kept"]
        assert set(ended.reasons()) <= reason and len(ended.rows("failed")) < 10, ended.reasons()

    return check


def _many_files(place: Place) -> None:
    for number in range(20_000):
        path = place.folder / "many" / f"{number % 100:02}" / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number} {TEXT}", encoding="utf-8")
    ended = sound(place.run(place.recipe(*PLAIN), place.folder / "many", workers=2), peak=600_000_000)
    assert ended.result["kept"] == 20_000, ended.result["kept"]
    assert ended.cpu_seconds < 120, f"{ended.cpu_seconds:.0f} CPU s"


def _names(place: Place) -> None:
    names = [
        "a\nb.jsonl",
        "한글 이름.jsonl",
        "a'b\"c.jsonl",
        "[a]*.jsonl",
        "-o.jsonl",
        "\u202eevil.jsonl",
        "x" * 240 + ".jsonl",
    ]
    paths = [place.rows(f"odd/{name}", [f"{number} {TEXT}"], number) for number, name in enumerate(names)]
    ended = sound(place.run(place.recipe(*PLAIN), *paths))
    assert ended.result["kept"] == len(names)
    assert "\u202e" not in ended.said and "\x1b" not in ended.said, "a control character on the terminal"


def _name_that_is_no_utf8(place: Place) -> None:
    path = os.fsencode(place.folder) + b"/\xff.jsonl"
    with open(path, "wb") as file:
        file.write(lines(text()))
    refused(place.curate("run", place.recipe(*PLAIN), "-i", os.fsdecode(path), "-o", "out"), "not UTF-8")
    assert not (place.folder / "out").exists()


def _no_regular_file(place: Place) -> None:
    os.mkfifo(place.folder / "pipe")
    os.symlink("loop", place.folder / "loop")
    (place.folder / "folder.jsonl").mkdir()
    for name in ("pipe", "loop", "folder.jsonl", "/dev/zero"):
        refused(place.run(place.recipe(*PLAIN), name, seconds=60), name)
    assert not (place.folder / "out").exists()


def _no_format(place: Place) -> None:
    good = place.rows("beside.jsonl", [TEXT])
    for name, data in (
        ("a.warc.gz", b"<html><h1>503 Service Unavailable</h1></html>"),
        ("a.wacz", wacz(b"".join(pages()))[:-60]),
        ("a.bin", f"me:{CANARY}\n".encode()),
    ):
        path = place.write(name, data)
        refused(place.run(place.recipe(*PLAIN), path, good), name)
        assert not (place.folder / "out").exists()


def _unreadable(place: Place) -> None:
    path = place.write("a.jsonl", lines(text()))
    path.chmod(0o600)
    place.folder.chmod(0o777)
    ended = place.run(place.recipe(*PLAIN), path, before=nobody(place), env={"HOME": "/nonexistent"})
    refused(ended, "a.jsonl", "ermission")


def _goes_while_it_is_read(place: Place) -> None:
    paths = [place.rows(f"{n}.jsonl", [f"{n} {k} {TEXT}" for k in range(3)], 10 * n) for n in range(2)]
    recipe = place.recipe("extraction/plain", {"tests.strategies.Slow": {"milliseconds": 700}})
    process = place.start("run", recipe, "-i", paths[0], "-i", paths[1], "-o", "out", "--workers", 1)
    state = place.folder / "out" / ".curate" / "state.json"
    until = process.began + 60

    while not state.exists() and time.monotonic() < until:
        time.sleep(0.02)
    paths[1].unlink()
    ended = sound(place.wait(process))
    assert ended.reasons() == {"unreadable": 1}, ended.reasons()
    assert ended.rows("failed")[0]["source"] == str(paths[1]) and ended.result["kept"] == 3


DOCUMENTS: list[Fault] = [
    rows(
        "lines that are no JSON",
        "cut, empty braces, words, among good ones",
        lambda: lines(text(0), b'{"text": "a', b"{]", b"words", text(1)),
        2,
        fails={"json_error": 3},
    ),
    rows(
        "values of the wrong type",
        "null, number, list, object and nothing as text",
        lambda: lines(text(0), {"text": None}, {"text": 5}, {"text": ["a"]}, {"text": {}}, {"id": "x"}, b"[1]"),
        1,
        fails={"schema_error": 6},
    ),
    rows(
        "data of somebody in a broken line",
        "CANARY before the place that is broken",
        lambda: lines(text(0), f'{{"text": "{CANARY}", "x": nothing}}'.encode()),
        1,
        fails={"json_error": 1},
    ),
    rows(
        "a .jsonl.gz that is cut",
        "30 bytes missing",
        lambda: gzip.compress(lines(*(text(n, x=random.Random(n).randbytes(99).hex()) for n in range(50))))[:-30],
        None,
        "a.jsonl.gz",
        fails={"file_truncated": 1},
    ),
    rows(
        "a .jsonl.bz2 with a damaged byte",
        "changed in the middle",
        lambda: changed(bz2.compress(lines(*(text(n) for n in range(50)))), 0.5),
        None,
        "a.jsonl.bz2",
        fails={"file_corrupt": 1},
    ),
    rows(
        "brackets 20 million deep",
        "lists in lists, 20 KB packed",
        lambda: gzip.compress(lines(text(0), nested("[", "]", 20_000_000), text(1))),
        2,
        "a.jsonl.gz",
        fails={"doc_too_long": 1},
    ),
    endless("objects without end", "5 million small objects in one line, 30 KB packed", b"{}", 5_000_000),
    endless("numbers without end", "15 million numbers in one line", b"1", 15_000_000),
    rows(
        "a number of 5,000 digits, NaN, Infinity",
        "in fields that nobody asked for",
        lambda: lines(
            b'{"text": "one", "x": ' + b"7" * 5000 + b"}",
            b'{"text": "two", "x": NaN}',
            b'{"text": "three", "x": Infinity}',
        ),
        3,
    ),
    rows(
        "halves of surrogate pairs",
        "\\ud83d alone, and pairs written apart",
        lambda: lines(b'{"text": "a\\ud83d b"}', b'{"text": "\\ud83d\\ude00"}'),
        2,
        texts=["\U0001f600"],
    ),
    rows(
        "bytes that are no UTF-8 in the text",
        "0xff",
        lambda: lines(text(0), b'{"text": "a\xff"}'),
        1,
        fails={"bad_unicode": 1},
    ),
    rows(
        "bytes that are no UTF-8 beside the text",
        "0xff in a field that nobody asked for",
        lambda: lines(b'{"text": "one", "x": "\xff"}'),
        1,
    ),
    rows(
        "NUL and control characters in a text",
        "\\u0000, \\u0007, \\u001b",
        lambda: lines(b'{"text": "a\\u0000b\\u0007\\u001b[31m"}'),
        1,
        lacks=["\x00", "\x07", "\x1b"],
        stages=("extraction/plain", "cleanup/unicode"),
    ),
    rows(
        "a line of 70 MB",
        "a text without line feed",
        lambda: lines(text(0), {"text": "a" * 70_000_000}, text(1)),
        2,
        fails={"doc_too_long": 1},
        peak=700_000_000,
    ),
    rows(
        "a text of 12 MB",
        "above the limit of 10 MB",
        lambda: lines(text(0), {"text": "a b " * 3_000_000}, text(1)),
        2,
        fails={"doc_too_long": 1},
    ),
    rows(
        "a file without a last line feed, with a mark and CRLF",
        "BOM, \\r\\n",
        lambda: b"\xef\xbb\xbf" + lines(text(0), text(1)).replace(b"\n", b"\r\n")[:-2],
        2,
    ),
    rows(
        "the text twice in a row",
        "two keys text: parsers differ",
        lambda: lines(text(0), b'{"text": "a", "text": "b"}'),
        1,
        fails={"json_error": 1},
    ),
    rows(
        "one id in all rows", "the same id 50 times", lambda: lines(*({**text(n), "id": "same"} for n in range(50))), 50
    ),
    rows(
        "ids and addresses of any type",
        "numbers, lists, objects, null",
        lambda: lines(
            *(
                {"text": f"{n} text", "id": value, "url": value, "date": value}
                for n, value in enumerate((None, 5, 1.5, [], {}, True, ["a"], "\ud800", "x\n\x1b[0m"))
            )
        ),
        9,
    ),
    Fault(
        "6,000 rows that carry 100 KB each",
        "600 MB in one field, packed",
        "all kept, under 600 MB a process",
        _check_row_bytes,
    ),
    Fault(
        "3,000 rows with addresses of 0.8 MB",
        "2.4 GB in one field, packed",
        "all read, under 600 MB a process",
        _check_url_bytes,
    ),
    Fault(
        "one file of 2 GB, a hole after the first line",
        "a sparse a.jsonl",
        "the row kept, one failed row, little memory",
        _sparse("a.jsonl", {"doc_too_long"}),
    ),
    Fault(
        "one archive of 2 GB, a hole after the first record",
        "a sparse a.warc",
        "the page kept, one failed row",
        _sparse("a.warc", {"warc_garbage_skipped", "warc_truncated", "warc_bad_content_length", "warc_bad_header"}),
    ),
    Fault("20,000 files", "one text each", "all kept, under 600 MB a process", _many_files),
    Fault(
        "odd names of files",
        "line feed, Hangul, quotes, brackets, a dash, a mark of direction, 240 characters",
        "all kept; no control character on the terminal",
        _names,
        cheap=True,
    ),
    Fault("a name that is not UTF-8", "0xff", "refused by name", _name_that_is_no_utf8, cheap=True),
    Fault(
        "inputs that are no files",
        "a pipe, a link to itself, a folder of nothing, /dev/zero",
        "refused by name",
        _no_regular_file,
    ),
    Fault(
        "inputs of no known format",
        "an error page as .warc.gz, half a WACZ, a list of secrets",
        "refused by name before anything is written",
        _no_format,
    ),
    Fault("an input that may not be read", "mode 600, another user", "refused by name", _unreadable, cheap=True),
    Fault(
        "an input that goes while it is read",
        "the second of two files is deleted",
        "one failed row that names the file",
        _goes_while_it_is_read,
    ),
]
