"""Records of WARC and ARC to pages, or to what they are instead."""

from filters.document import Drop, RawPage
from pipelines.reading import bodies, pages, sniffing
from pipelines.reading.events import Damaged, Event, Rejected
from pipelines.reading.headers import Record


def page_of(
    record: Record, data: bytes, begin: int, end: int, source: str, offset: int, page_id: str, url: str
) -> Event:
    """The event for a record whose block is data[begin:end]; a block is copied once, when its body is taken out."""
    fields = record.fields
    date = pages.clean_date(fields.get(b"warc-date", b""))
    cut = b"warc-truncated" in fields or b"warc-segment-number" in fields
    media_type = bodies.media_type_of(fields.get(b"content-type", b"").decode("latin-1"))
    headers = [(text, pages.clean_id(fields[name])) for name, text in _KEPT_FIELDS.items() if name in fields]

    def named() -> str:
        return page_id or pages.made_id(url, date, data[begin:end])

    if record.kind == "conversion":
        if media_type not in ("", "text/plain"):
            return _rejected(source, offset, named(), url, media_type)
        return pages.text_page(source, offset, data[begin:end], page_id, url, date, headers)
    # ARC keeps DNS answers and files of FTP servers as they came; WARC says what they are.
    unlike_http = b"warc-type" not in fields or media_type not in ("", "application/http")
    if unlike_http and not data.startswith(b"HTTP/", begin, end):
        content_type = fields.get(b"content-type", b"").decode("latin-1")
        body, own = data[begin:end], named()
        headers += [("content-type", pages.clean_id(content_type))] if content_type else []
    else:
        try:
            head = bodies.parse_head(data, begin, end)
            if head.status != 200:
                return Rejected(source, offset, named(), url, Drop("http_status", float(head.status), 200.0))
            body = bodies.decode_body(head, data[head.body_at : end], cut)
        except bodies.BodyError as error:
            return Damaged(source, offset, named(), url, error.reason, error.detail)
        own = page_id or pages.made_id(url, date, body)
        content_type = bodies.declared_types(head.fields)
        headers += pages.kept_headers(head.fields)
    if not body:
        return Rejected(source, offset, own, url, Drop("empty_body", 0.0, 1.0))
    charset = bodies.charset_of(content_type)
    found = sniffing.media_type(body, bodies.media_type_of(content_type), charset)
    if found not in sniffing.PAGE_TYPES:
        return _rejected(source, offset, own, url, found)
    if found == "text/plain" and len(body) > pages.TEXT_BYTES:
        return Damaged(
            source, offset, own, url, "doc_too_long", f"{len(body)} bytes of text, at most {pages.TEXT_BYTES}"
        )
    return RawPage(own, url, body, found, charset, tuple(headers), date, source, offset)


# WARC fields that ablations and extractors may ask for; addresses of machines are left out.
_KEPT_FIELDS = {
    b"warc-refers-to": "WARC-Refers-To",
    b"warc-identified-content-language": "WARC-Identified-Content-Language",
    b"warc-truncated": "WARC-Truncated",
}


def _rejected(source: str, offset: int, page_id: str, url: str, media_type: str) -> Rejected:
    return Rejected(source, offset, page_id, url, Drop("mime_type", media_type or "unknown", "text/html, text/plain"))
