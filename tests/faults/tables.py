"""Damaged tables, and texts that strategies find hard."""

import io
import json

import pyarrow as pa
import pyarrow.feather as feather

from tests.faults.documents import changed, dictionary_bomb, lines, parquet, rows, table, text
from tests.faults.table import TEXT, Fault

TABLES: list[Fault] = [
    rows(
        "an array that is not closed",
        "a JSON array of rows, cut",
        lambda: json.dumps([text(0), text(1)]).encode()[:-20],
        1,
        "a.json",
        fails={"file_truncated": 1},
    ),
    rows(
        "more text after an array",
        "two arrays in one file",
        lambda: json.dumps([text(0)]).encode() * 2,
        1,
        "a.json",
        fails={"json_error": 1},
    ),
    rows(
        "a quote that is never closed",
        "CSV",
        lambda: f'id,text\n1,{TEXT[:20]}\n2,"open\n3,c\n'.encode(),
        None,
        "a.csv",
        fails={"csv_error": 1},
    ),
    rows(
        "a row with too many fields",
        "CSV",
        lambda: b"id,text\n1,one\n2,two,three\n3,four\n",
        2,
        "a.csv",
        fails={"schema_error": 1},
    ),
    rows(
        "a CSV in CP949",
        "as Korean spreadsheets are",
        lambda: f"번호,text\n1,{TEXT[:20]}\n".encode("cp949"),
        1,
        "a.csv",
        texts=[TEXT[:10]],
    ),
    rows(
        "a first line that cannot be read",
        "a quote in the names of a CSV",
        lambda: b'id,"te"x,text\n1,2,a\n',
        None,
        "a.csv",
        fails=None,
    ),
    rows(
        "a Parquet file that is cut",
        "half of it",
        lambda: parquet(table())[: len(parquet(table())) // 2],
        0,
        "a.parquet",
        fails=None,
    ),
    rows(
        "a damaged page of Parquet, with checksums",
        "one byte changed",
        lambda: changed(parquet(table(400), write_page_checksum=True, compression="none"), 0.3),
        None,
        "a.parquet",
        fails=None,
        lacks=["\ufffd"],
    ),
    rows(
        "a damaged footer of Parquet",
        "one byte changed",
        lambda: changed(parquet(table()), 0.98),
        None,
        "a.parquet",
        fails=None,
    ),
    rows(
        "a Parquet file of 2 KB that decodes to 2 GB",
        "20,000 times one entry of a dictionary",
        dictionary_bomb,
        None,
        "a.parquet",
        fails=None,
        drops=None,
        peak=900_000_000,
        cpu_seconds=40.0,
    ),
    rows(
        "a Parquet file of lists and structs",
        "columns of any type beside the text",
        lambda: parquet(pa.table({"text": [TEXT], "a": [[1, 2]], "b": [{"c": 1}], "d": [b"\xff"]})),
        1,
        "a.parquet",
    ),
    rows("a Parquet file without a row", "a schema alone", lambda: parquet(table(0)), 0, "a.parquet"),
    rows(
        "an Arrow file that is cut",
        "half of it",
        lambda: (lambda data: data[: len(data) // 2])(
            (lambda out: (feather.write_feather(table(900), out, compression="uncompressed"), out.getvalue())[1])(
                io.BytesIO()
            )
        ),
        None,
        "a.arrow",
        fails=None,
    ),
    rows(
        "texts of nothing",
        "an empty file, blanks, an empty string",
        lambda: lines({"text": ""}, {"text": " \n "}),
        None,
        drops=None,
    ),
    rows("a text in UTF-16", "with its mark", lambda: TEXT.encode("utf-16"), 1, "a.txt", texts=[TEXT]),
    rows(
        "5 million letters for a pattern of e-mail addresses",
        "a run of letters, and one of digits",
        lambda: lines({"text": "a" * 5_000_000}, {"text": "1" * 5_000_000}),
        None,
        fails=None,
        drops=None,
        stages=("extraction/plain", {"pii/patterns": {"action": "replace"}}),
        cpu_seconds=20.0,
    ),
    rows(
        "personal data glued to Korean particles",
        "e-mail, telephone, number, card, IP",
        lambda: lines({"text": "a@b.com으로 010-1234-5678로 900101-1234568이고 192.168.0.1이며 4111111111111111번 "}),
        1,
        stages=("extraction/plain", {"pii/patterns": {"action": "replace"}}),
        lacks=["a@b.com", "1234-5678", "1234568", "192.168.0.1", "4111111111111111"],
    ),
    rows(
        "no evidence of a language",
        "digits, emoji, a newline",
        lambda: lines({"text": "12345"}, {"text": "\U0001f600"}, {"text": "\n\n"}),
        None,
        drops=None,
        fails={},
        stages=("extraction/plain", {"language/fasttext": {"keep": []}}),
    ),
    rows(
        "ten short, different texts",
        "two words each",
        lambda: lines(*({"text": f"글 {n}"} for n in range(10))),
        10,
        stages=("extraction/plain", "dedup/minhash"),
    ),
    rows(
        "3,000 identical texts",
        "one bucket holds all",
        lambda: lines(*(text(1, x=n) for n in range(3000))),
        1,
        drops=None,
        stages=("extraction/plain", "dedup/minhash"),
    ),
]
