"""An object store for tests: store://NAME over HTTP, kept in memory by one server, opened through Beam's file systems.

It stands in for Cloud Storage and S3 where neither an emulator nor its client libraries are installed: no folders,
objects appear when they are closed, and listings come in pages.
"""

import contextlib
import io
import json
import os
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from apache_beam.io.filesystem import BeamIOError, CompressedFile, CompressionTypes, FileMetadata, FileSystem

ADDRESS = "CURATE_TEST_STORE"  # the environment variable that tells every process where the server is
PAGE = 1000  # names in one page of a listing


class Store:
    """The server: objects by name."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path, _, query = self.path.partition("?")
                name = urllib.parse.unquote(path[1:])
                if query:
                    asked = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
                    names = sorted(n for n in store.objects if n.startswith(name) and n > asked["after"])[:PAGE]
                    self._answer(200, json.dumps([[n, len(store.objects[n])] for n in names]).encode())
                elif name not in store.objects:
                    self._answer(404)
                else:
                    start, _, end = self.headers.get("Range", "bytes=0-").partition("=")[2].partition("-")
                    data = store.objects[name]
                    self._answer(200, data[int(start) : int(end) + 1 if end else None])

            def do_HEAD(self) -> None:
                found = store.objects.get(urllib.parse.unquote(self.path[1:]))
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Length", str(len(found or b"")))
                self.end_headers()

            def do_PUT(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                source = self.headers.get("X-Copy")
                if source is not None:
                    data = store.objects[urllib.parse.unquote(source)]
                store.objects[urllib.parse.unquote(self.path[1:])] = data
                self._answer(200)

            def do_DELETE(self) -> None:
                store.objects.pop(urllib.parse.unquote(self.path[1:]), None)
                self._answer(200)

            def _answer(self, code: int, data: bytes = b"") -> None:
                self.send_response(code)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def serving() -> Iterator[Store]:
    """A store that this process and those it starts can open."""
    store = Store()
    os.environ[ADDRESS] = store.address
    try:
        yield store
    finally:
        del os.environ[ADDRESS]
        store.close()


def _ask(method: str, name: str, data: bytes | None = None, query: str = "", **headers: str) -> Any:
    address = f"{os.environ[ADDRESS]}/{urllib.parse.quote(name)}{query}"
    return urllib.request.urlopen(urllib.request.Request(address, data, headers, method=method), timeout=30)


class _Reading(io.RawIOBase):
    def __init__(self, name: str, size: int) -> None:
        super().__init__()
        self._name, self._size, self._at = name, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        with _ask("GET", self._name, Range=f"bytes={self._at}-{self._at + wanted - 1}") as answer:
            data = answer.read()
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class _Writing(io.BytesIO):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def close(self) -> None:
        if not self.closed:
            _ask("PUT", self._name, self.getvalue()).close()
        super().close()


class StoreFileSystem(FileSystem):
    """store://… for Beam. Beam finds it among the subclasses of FileSystem: every process imports this module."""

    @classmethod
    def scheme(cls) -> str:
        return "store"

    def join(self, basepath: str, *paths: str) -> str:
        return "/".join([basepath.rstrip("/"), *(path.strip("/") for path in paths)])

    def split(self, path: str) -> tuple[str, str]:
        head, _, tail = path.rpartition("/")
        return head, tail

    def mkdirs(self, path: str) -> None:
        pass

    def has_dirs(self) -> bool:
        return False

    def _list(self, dir_or_prefix: str) -> Iterator[FileMetadata]:
        after = ""
        while True:
            query = "?" + urllib.parse.urlencode({"after": after})
            with _ask("GET", _name(dir_or_prefix), query=query) as answer:
                found = json.loads(answer.read())
            for name, size in found:
                yield FileMetadata(f"store://{name}", size, 0.0)
            if len(found) < PAGE:
                return
            after = found[-1][0]

    def create(self, path: str, mime_type: str = "", compression_type: str = CompressionTypes.AUTO) -> Any:
        file = _Writing(_name(path))
        kind = self._get_compression_type(path, compression_type)
        return file if kind == CompressionTypes.UNCOMPRESSED else CompressedFile(file, kind)

    def open(self, path: str, mime_type: str = "", compression_type: str = CompressionTypes.AUTO) -> Any:
        file = io.BufferedReader(_Reading(_name(path), self.size(path)), 1 << 20)
        kind = self._get_compression_type(path, compression_type)
        return file if kind == CompressionTypes.UNCOMPRESSED else CompressedFile(file, kind)

    def copy(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        for source, destination in zip(source_file_names, destination_file_names, strict=True):
            _ask("PUT", _name(destination), b"", **{"X-Copy": urllib.parse.quote(_name(source))}).close()

    def rename(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        self.copy(source_file_names, destination_file_names)
        self.delete(source_file_names)

    def exists(self, path: str) -> bool:
        return self._size(path) is not None

    def size(self, path: str) -> int:
        found = self._size(path)
        if found is None:
            raise BeamIOError("no such object", {path: FileNotFoundError(path)})
        return found

    def _size(self, path: str) -> int | None:
        try:
            with _ask("HEAD", _name(path)) as answer:
                return int(answer.headers["Content-Length"])
        except urllib.error.HTTPError:
            return None

    def last_updated(self, path: str) -> float:
        return 0.0

    def checksum(self, path: str) -> str:
        return str(self.size(path))

    def metadata(self, path: str) -> FileMetadata:
        return FileMetadata(path, self.size(path), 0.0)

    def delete(self, paths: list[str]) -> None:
        for path in paths:
            if path.endswith("/"):
                self.delete([found.path for found in self._list(path)])
            else:
                _ask("DELETE", _name(path)).close()


def _name(path: str) -> str:
    return path.removeprefix("store://")
