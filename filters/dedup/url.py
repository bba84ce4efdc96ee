"""Duplicates by address: pages whose normalised URLs are equal."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import Field

from filters.contracts import strategy
from filters.dedup.survivors import DuplicateJudge, hash_of
from filters.document import Document

_ESCAPE = re.compile("%[0-9a-f]{2}", re.IGNORECASE)
_DEFAULT_PORTS = (":80", ":443")
_RESERVED = "%/:=&?~+!$,;'@()*[]|"  # written as they stand


def normalized(url: str, ignored: tuple[str, ...] = ()) -> str:
    """An address without what does not change the page: scheme, user, "www.", default port, fragment, slash at the
    end, order of the query's parameters, and those parameters whose name begins with one of `ignored`.

    Host names are compared in ASCII (xn--) form, other characters percent-encoded. Letters of the path keep their case.
    """
    url = url.strip()
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
    except ValueError:  # a bracket that opens no IPv6 address
        return url
    host = parts.netloc.rpartition("@")[2].lower()
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            host = quote(host, errors="surrogatepass")
    for port in _DEFAULT_PORTS:
        host = host.removesuffix(port)
    host = host.removesuffix(".").removeprefix("www.")
    kept = [part for part in parts.query.split("&") if part and not part.lower().startswith(ignored)]
    address = f"{host}{parts.path.rstrip('/')}" + ("?" + "&".join(sorted(kept)) if kept else "")
    return _ESCAPE.sub(lambda found: found.group().upper(), quote(address, safe=_RESERVED, errors="surrogatepass"))


@strategy
class Url(DuplicateJudge):
    """Keeps one of the documents with the same normalised URL; documents without a URL stay.

    The parameters left out by default are those of DCLM's URL deduplication.
    """

    rule = "url-duplicate"

    ignored_parameters: tuple[str, ...] = Field(
        ("utm_", "ref=", "feed="), description="Ignore query parameters whose names begin with one of these."
    )

    def open(self) -> Callable[[Document], Any]:
        """Document -> uint64 of shape (1,), or (0,) for a document without a URL."""
        import numpy as np

        ignored = tuple(parameter.lower() for parameter in self.ignored_parameters)
        none = np.empty(0, dtype=np.uint64)

        def keys(document: Document) -> Any:
            address = normalized(document.url, ignored)
            return np.array([hash_of(address.encode())], dtype=np.uint64) if address else none

        return keys
