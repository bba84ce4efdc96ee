"""Builds configs/sample/sample.warc.gz from pages.yaml, byte for byte the same every time.

python -m tests.make_sample
"""

import hashlib
import uuid
import zlib
from html import escape
from pathlib import Path

import yaml

SAMPLE = Path(__file__).resolve().parent.parent / "configs" / "sample"
HOST = "https://sample.example"
DATE = "2026-01-15T08:00:00Z"

_MENU = ("home", "archive", "about", "help")
_MENU_KO = ("처음", "모음", "소개", "도움말")
_NAVIGATION = "".join(f'<li><a href="/{name}">{name.title()}</a></li>' for name in _MENU)
_NAVIGATION_KO = "".join(f'<li><a href="/ko/{number}">{name}</a></li>' for number, name in enumerate(_MENU_KO))


def _page(page: dict) -> str:
    title = escape(page["title"])
    paragraphs = "\n".join(f"<p>{escape(text)}</p>" for text in page["body"])
    korean = page["layout"].endswith("-ko")
    menu = _NAVIGATION_KO if korean else _NAVIGATION
    foot = "© 2026 가람. All rights reserved." if korean else "© 2026 Sample House. All rights reserved."
    share = "공유하기 인쇄 글자 크게" if korean else "Share this page. Print. Subscribe to our newsletter."
    if page["layout"] == "bare":
        content = f"<h1>{title}</h1>\n{paragraphs}" if page["body"] else ""
    elif page["layout"] == "broken":
        opened = paragraphs.replace("</p>", "")
        head = f"<html><head><title>{title}</title><body>"
        return f"{head}<div><div class=main><h1>{title}</b>{opened}<b>The end</i></table>"
    elif page["layout"] == "list":
        items = "\n".join(f"<li>{escape(text)}</li>" for text in page["body"])
        content = f"<h1>{title}</h1>\n<ul>{items}</ul>"
    else:
        content = (
            f"<header><nav><ul>{menu}</ul></nav></header>\n<main><article><h1>{title}</h1>\n{paragraphs}\n</article>"
            f"</main>\n<aside><p>{share}</p></aside>\n<footer><p>{foot}</p></footer>"
        )
    charset = page.get("charset", "utf-8").replace("cp949", "euc-kr")
    return (
        f'<!DOCTYPE html>\n<html lang="{page["lang"]}"><head><meta charset="{charset}"><title>{title}</title>'
        f"<script>var a = 1;</script></head>\n<body>\n{content}\n</body></html>\n"
    )


def _record(kind: str, url: str, block: bytes, length: int | None = None) -> bytes:
    name = uuid.uuid5(uuid.NAMESPACE_URL, kind + url)
    content = "application/http; msgtype=response" if kind == "response" else "application/warc-fields"
    target = f"WARC-Target-URI: {url}\r\n" if url else ""
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{name}>\r\nWARC-Date: {DATE}\r\n{target}"
        f"Content-Type: {content}\r\nContent-Length: {len(block) if length is None else length}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def _http(body: bytes, status: str = "200 OK", media_type: str = "text/html") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _member(record: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(record) + packer.flush()


def build() -> bytes:
    """The archive: warcinfo, one response a page, an error page, an image, and one record whose member is damaged."""
    pages = yaml.safe_load((SAMPLE / "pages.yaml").read_text(encoding="utf-8"))
    members = [_member(_record("warcinfo", "", b"software: make_sample\r\nformat: WARC File Format 1.0\r\n"))]
    for number, page in enumerate(pages):
        body = _page(page).encode(page.get("charset", "utf-8"))
        members.append(_member(_record("response", HOST + page["path"], _http(body))))
        if number == 9:
            broken = bytearray(_member(_record("response", HOST + "/damaged", _http(b"<p>never whole</p>" * 40))))
            broken[len(broken) // 2] ^= 0xFF
            members.append(bytes(broken))
    members.append(_member(_record("response", HOST + "/gone", _http(b"<p>Not here</p>", "404 Not Found"))))
    image = _http(b"\x89PNG\r\n\x1a\n" + bytes(64), media_type="image/png")
    members.append(_member(_record("response", HOST + "/logo.png", image)))
    return b"".join(members)


if __name__ == "__main__":
    archive = build()
    (SAMPLE / "sample.warc.gz").write_bytes(archive)
    print(len(archive), hashlib.sha256(archive).hexdigest())
