"""The shared archives: inputs with one fault each, and files of many writers."""

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from filters.document import RawPage
from filters.text.charset import decode
from pipelines.reading import read
from pipelines.reading.events import Damaged, Rejected
from pipelines.reading.units import Piece
from tests.pipelines.reading.archives import PEAK, events

# Where a reader may do one of several things, what this one does: reasons of the failed rows, and why.
OTHERWISE: dict[str, tuple[list[str], str]] = {
    "b10_lf_only.warc": (
        ["warc_bad_content_length", "warc_bad_content_length", "warc_bad_content_length", "warc_truncated"],
        "every length counts the CRs that are gone: each record is named with its offset, none is kept cut",
    ),
    "b11_header_block_80KB.warc.gz": ([], "headers up to 1 MiB are read: the record is kept"),
}
CONTROLS_MAY_BE_LOST = {"b10_lf_only.warc"}


def _manifest(shared_data: Path) -> dict[str, dict[str, Any]]:
    files = json.loads((shared_data / "badinputs" / "manifest.json").read_text())["files"]
    return {entry["file"]: entry for entry in files if entry["file"][0] in "abcdfh"}


def test_bad_inputs_end_as_their_manifest_says(shared_data: Path) -> None:
    wrong = []
    for name, entry in _manifest(shared_data).items():
        expected = entry["expected"]
        path = shared_data / "badinputs" / name
        found, _ = events(path)
        pages = [event for event in found if isinstance(event, RawPage)]
        damaged = [event for event in found if isinstance(event, Damaged)]
        kept = {page.url for page in pages} | {page.id for page in pages}
        if name not in CONTROLS_MAY_BE_LOST and not set(expected["must_survive"]) <= kept:
            wrong.append((name, "lost", sorted(set(expected["must_survive"]) - kept)))
        rows = expected["dead_letters"]
        reasons = OTHERWISE[name][0] if name in OTHERWISE else [row["reason"] for row in rows]
        if [event.reason for event in damaged] != reasons:
            wrong.append((name, reasons, damaged))
        elif name not in OTHERWISE:
            for row, event in zip(rows, damaged, strict=True):
                place = row.get("offset", row.get("line", row.get("row")))
                if place is not None and place != event.offset:
                    wrong.append((name, "place", event))
                if row.get("uri") and row["uri"] != event.url:
                    wrong.append((name, "url", event))
                if row.get("bytes") and str(row["bytes"]) not in event.detail:
                    wrong.append((name, "bytes", event))
        if name == "h04_missing_column.parquet":
            assert "columns found: doc, n" in damaged[0].detail
        assert all(event.source == str(path) for event in found)
        assert "secret-canary" not in repr([event for event in found if not isinstance(event, RawPage)])
        for page in pages:
            assert page.url.encode().isascii() or not any(ord(letter) < 32 for letter in page.url)
            text = decode(page.body, page.charset, page.media_type == "text/html").text
            for wanted in expected.get("text_must_contain", []):
                if page.url == "http://bad.example/" and wanted not in text:
                    wrong.append((name, "text", wanted))
    assert not wrong


def test_responses_that_are_no_page_are_rejected_by_rule(shared_data: Path) -> None:
    found, types = events(shared_data / "badinputs" / "c11_status_404_and_pdf.warc.gz")
    rejected = {event.url: (event.drop.rule, event.drop.value) for event in found if isinstance(event, Rejected)}
    assert rejected == {
        "http://bad.example/404": ("http_status", 404.0),
        "http://bad.example/pdf": ("mime_type", "application/pdf"),
    }
    _, types = events(shared_data / "badinputs" / "b15_revisit_request_metadata.warc.gz")
    assert types == {"response": 3, "revisit": 1, "request": 1, "metadata": 1}


def test_addresses_are_utf8_without_control_characters(shared_data: Path) -> None:
    found, _ = events(shared_data / "badinputs" / "b16_uri_odd_bytes.warc.gz")
    for event in found:
        assert event.url.encode() and all(ord(letter) > 0x20 and ord(letter) != 0x7F for letter in event.url)


BOMBS = {"a14_record_bomb_150MB.warc.gz": 20, "a15_lying_bomb_120MB.warc.gz": 20, "c08_ce_gzip_bomb_512MB.warc.gz": 20}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_stopped_within_memory_and_time(shared_data: Path, name: str) -> None:
    script = (
        "import sys; from pipelines.reading import read; from pipelines.reading.units import Piece\n"
        "reasons = [getattr(event, 'reason', 'page') for event in read(Piece(sys.argv[1]))]\n"
        f"{PEAK}print(reasons.count('page'), peak)\n"
    )
    limit = (BOMBS[name], BOMBS[name])
    done = subprocess.run(
        [sys.executable, "-c", script, str(shared_data / "badinputs" / name)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, limit),
    )
    pages, megabytes = map(int, done.stdout.split())
    assert pages == 3
    assert megabytes < 600, megabytes


# Responses that the better of two other readers counts and this one does not, record by record.
EXPLAINED: dict[str, tuple[int, str]] = {
    "warcio/bad.arc": (2, "two records have the lengths -1 and abc: failed rows, with the file's first record"),
    "warcio/example-space-in-url.arc": (1, "the only record says 1,591 bytes, the file ends after 1,579"),
    "warcio/example-trunc.warc": (1, "cut in the middle: its length reaches into the next record"),
    "warcio/example-wrong-chunks.warc.gz": (1, "one record spread over gzip members: says 1,613 bytes, has 343"),
    "fastwarc/clipped.warc.gz": (1, "its gzip member is cut: both readers hand the page over shortened"),
    "jhove/hello-world.cdx": (2, "an index, not an archive: its lines look like those of ARC to one reader"),
    "jhove/invalid__invalid-warcfile-fields-empty.warc": (1, "Content-Length is empty"),
    "jhove/invalid__invalid-warcfile-fields-invalidformat.warc": (1, "Content-Length is no number"),
    "jhove/invalid__invalid-warcfile-lonely-request-response-resource-conversion.warc": (1, "no Content-Length"),
    "jhove/invalid__invalid-warcheaderfieldpolicy-11.warc": (1, "says 693 bytes, the file ends after the header"),
    "jhove/invalid__invalid-warcheaderfieldpolicy-12.warc": (1, "says 693 bytes, the file ends after the header"),
    "jhove/invalid__invalid-warcheaderfieldpolicy-13.warc": (1, "says 693 bytes, the file ends after the header"),
    "ipwb/HTTP204.warc": (1, "says 140 bytes, goes on after them: edited by hand without its length"),
    "ipwb/broken.warc": (3, "says 7 bytes, has more; the other reader counts what follows as three more records"),
    "ipwb/redirect.warc": (1, "says 265 bytes, the file ends after 256"),
    "toimik/Invalid__incorrect_content_length.warc": (1, "says 49 bytes, goes on after them"),
    "toimik/Invalid__premature_wo_trailing_newline.warc": (1, "the file ends in the header"),
    "toimik/Valid__1.0__response.warc": (1, "says 1,679 bytes, the file ends after 1,622: line breaks were changed"),
    "toimik/Valid__1.0__without-block-digest__response.warc": (1, "says 1,679 bytes, the file ends after 1,622"),
    "toimik/Valid__1.1__response.warc": (1, "says 1,679 bytes, the file ends after 1,622: line breaks were changed"),
    "toimik/Valid__1.1__without-block-digest__response.warc": (1, "says 1,679 bytes, the file ends after 1,622"),
    "toimik/Valid__1.1__misc__response_gemini_w_payload.warc": (1, "says 84 bytes, the file ends after 82"),
}


def test_files_of_many_writers(shared_data: Path) -> None:
    folder = shared_data / "warc_wild"
    wrong = []
    read_whole = 0
    for line in (folder / "manifest.jsonl").read_text().splitlines():
        entry = json.loads(line)
        found, types = events(folder / entry["file"])
        others = [entry["read_by_warcio"], entry["read_by_fastwarc"]]
        counts = [other["records"].get("response", 0) for other in others]
        missing, explanation = EXPLAINED.get(entry["file"], (0, ""))
        here = types.get("response", 0)
        read_whole += here
        agree = counts[0] == counts[1] and not any(other["error"] for other in others)
        if (here + missing != max(counts)) if agree or explanation else (here < max(counts)):
            wrong.append((entry["file"], here, counts))
        damaged = [event for event in found if isinstance(event, Damaged)]
        # what is explained away is a failed row that names its place
        if explanation and not damaged:
            wrong.append((entry["file"], "no failed row", counts))
        for event in damaged:
            assert event.source and event.offset >= 0 and event.reason and event.detail
    assert not wrong
    assert read_whole >= 900


def test_ids_are_those_of_the_gold_files(shared_data: Path) -> None:
    import gzip

    for gold in sorted((shared_data / "pages_gold").glob("*.gold.jsonl.gz")):
        rows = [json.loads(line) for line in gzip.decompress(gold.read_bytes()).splitlines()]
        archive = gold.with_name(gold.name.replace(".gold.jsonl.gz", ".warc.gz"))
        pages = list(read(Piece(str(archive))))
        assert [(page.id, page.url) for page in pages] == [(row["record_id"], row["url"]) for row in rows]
        assert all(
            isinstance(page, RawPage) and len(page.body) == row["bytes"] for page, row in zip(pages, rows, strict=True)
        )
