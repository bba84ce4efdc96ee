"""Streams of compressed bytes to streams of bytes; a stream that ends early or is damaged raises."""

import bz2
import itertools
import lzma
from collections.abc import Callable, Iterator
from typing import Any

from isal import isal_zlib

from pipelines.reading.fields import ZSTD_LONG

InflateError: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # its stub says it is an instance

# What one step may inflate is bounded by what goes in: deflate grows by 1032 at most, Zstandard has blocks of 4 bytes
# that mean 128 KiB.
CHUNK_BYTES = 1 << 15
_ZSTD_CHUNK_BYTES = 1 << 10
_MEMBER_CHUNK_BYTES = 1 << 20
_MEMBER_PIECE_BYTES = 1 << 14
_XZ_MEMORY_BYTES = 1 << 28  # xz -9 takes 65 MB
_ZSTD_HEADER_BYTES = 18
GZIP_START = b"\x1f\x8b"
ZSTD_DICTIONARY = b"\x5d\x2a\x4d\x18"  # begins a skippable frame that holds the dictionary of a .warc.zst


class Cut(EOFError):
    """The stream ends inside of what was compressed."""


class Corrupt(ValueError):
    """The stream is not what a compressor writes, or its checksum is wrong."""


class Trailing(Corrupt):
    """Bytes follow the last gzip member that begin none; args[0] is their number."""


class WideWindow(ValueError):
    """A Zstandard frame asks for a larger window than is read: args are its bytes and the logarithm of the limit."""

    def __str__(self) -> str:
        window, limit = self.args
        log = max(int(window) - 1, 1).bit_length()
        return (
            f"written with a window of {int(window) >> 20} MiB, at most {1 << limit >> 20} MiB are read: "
            f"the setting zstd_long: {log} of the recipe reads it"
        )


def file_chunks(file: Any, size: int = 1 << 20) -> Iterator[bytes]:
    """The rest of a file."""
    while data := file.read(size):
        yield data


def gzip_chunks(data: Iterator[bytes]) -> Iterator[bytes]:
    """All gzip members of a stream, one after another. Zeros after the last are padding.

    Raises Cut, Corrupt, and Trailing where other bytes follow a member.
    """
    return (out for _, out in gzip_members(data))


def gzip_members(data: Iterator[bytes], position: int = 0, _: int = 0) -> Iterator[tuple[int, bytes]]:
    """(where a member begins, some of what it holds), as gzip_chunks. position: of the stream's first byte."""
    inflater = None
    begun = b""  # of a member, too little to tell
    member = 0
    for block in data:
        view = memoryview(begun + block if begun else block)
        position -= len(begun)
        begun = b""
        at = 0
        while at < len(view):
            if inflater is None:
                head = bytes(view[at : at + 2])
                if head[0] == 0 and bytes(view[at:]).count(0) == len(view) - at:
                    break
                if head == GZIP_START[:1]:
                    begun = head
                    break
                if head != GZIP_START:
                    raise Trailing(len(view) - at + sum(map(len, data)))
                inflater, member = isal_zlib.decompressobj(31), position + at
            piece = view[at : at + CHUNK_BYTES]
            try:
                out = inflater.decompress(piece)
            except InflateError as error:
                raise Corrupt("gzip") from error
            if out:
                yield member, out
            at += len(piece)
            if inflater.eof:
                at -= len(inflater.unused_data)
                inflater = None
        position += len(view)
    if inflater is not None or begun:
        raise Cut("gzip")


def zstd_chunks(data: Iterator[bytes], window_log: int = ZSTD_LONG) -> Iterator[bytes]:
    """All Zstandard frames of a stream; skippable frames between them are skipped. One in front may hold their
    dictionary, as in .warc.zst.

    window_log  the binary logarithm of the largest window that is read, up to 31: so much memory a frame may take

    Raises Cut, Corrupt and WideWindow.
    """
    return (out for _, out in zstd_frames(data, 0, window_log))


def zstd_frames(data: Iterator[bytes], position: int = 0, window_log: int = ZSTD_LONG) -> Iterator[tuple[int, bytes]]:
    """(where a frame begins, some of what it holds), as zstd_chunks. position: of the stream's first byte.

    Frames that need a dictionary cannot be read from the middle, so all of them begin at 0.
    """
    import zstandard

    first = next(data, b"")
    dictionary = None
    if first[:4] == ZSTD_DICTIONARY:
        length = 8 + int.from_bytes(first[4:8], "little")
        while len(first) < length and (more := next(data, b"")):
            first += more
        content = first[8:length]
        try:
            if content[:4] == b"\x28\xb5\x2f\xfd":
                content = zstandard.ZstdDecompressor().decompress(content, max_output_size=1 << 26)
            position += length
            if content:
                dictionary = zstandard.ZstdCompressionDict(content)
        except zstandard.ZstdError as error:
            raise Corrupt("zstd") from error
        first = first[length:]
    factory = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=1 << window_log)
    frame: Any = None
    begun = b""  # of the frame
    begins = 0
    for rest in _pieces(itertools.chain((first,), data), _ZSTD_CHUNK_BYTES):
        while rest:
            if frame is None:
                frame, begun = factory.decompressobj(), b""
                begins = 0 if dictionary is not None else position
            if len(begun) < _ZSTD_HEADER_BYTES:
                begun += rest[:_ZSTD_HEADER_BYTES]
            try:
                out = frame.decompress(rest)
            except zstandard.ZstdError as error:
                if (window := _window(begun)) > 1 << window_log:
                    raise WideWindow(window, window_log) from error
                raise Corrupt("zstd") from error
            if out:
                yield begins, out
            if not frame.eof:
                position += len(rest)
                break
            position += len(rest) - len(frame.unused_data)
            rest, frame = frame.unused_data, None
    if frame is not None:
        raise Cut("zstd")


def _window(header: bytes) -> int:
    """The window that the header of a frame asks for, in bytes; 0 where it cannot be read."""
    import zstandard

    try:
        return int(zstandard.get_frame_parameters(header).window_size)
    except zstandard.ZstdError:
        return 0


def _pieces(data: Iterator[bytes], size: int) -> Iterator[bytes]:
    for block in data:
        for at in range(0, len(block), size):
            yield block[at : at + size]


def _members(
    data: Iterator[bytes], make: Callable[[], Any], name: str, errors: tuple[type[Exception], ...]
) -> Iterator[bytes]:
    """All streams of bzip2 or xz, one after another. Zeros after the last are padding."""
    inflater: Any = None
    # in small pieces: what follows a stream is copied for each of very many
    for rest in _pieces(data, _MEMBER_PIECE_BYTES):
        while rest:
            if inflater is None:
                if not rest.strip(b"\0"):
                    break
                inflater = make()
            try:
                out = inflater.decompress(rest, _MEMBER_CHUNK_BYTES)
                while True:
                    if out:
                        yield out
                    if inflater.eof or inflater.needs_input:
                        break
                    out = inflater.decompress(b"", _MEMBER_CHUNK_BYTES)
            except errors as error:
                raise Corrupt(name) from error
            if not inflater.eof:
                break
            rest, inflater = inflater.unused_data, None
    if inflater is not None:
        raise Cut(name)


def bzip2_chunks(data: Iterator[bytes]) -> Iterator[bytes]:
    """All bzip2 streams of a stream, one after another."""
    return _members(data, bz2.BZ2Decompressor, "bzip2", (OSError, ValueError))


def xz_chunks(data: Iterator[bytes]) -> Iterator[bytes]:
    """All xz streams of a stream, one after another."""
    return _members(data, lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY_BYTES), "xz", (lzma.LZMAError,))


# Packings whose members or frames can be read from the middle: each stands by itself.
MEMBERS: dict[str, Callable[[Iterator[bytes], int, int], Iterator[tuple[int, bytes]]]] = {
    ".gz": gzip_members,
    ".zst": zstd_frames,
}
UNPACK: dict[str, Callable[[Iterator[bytes]], Iterator[bytes]]] = {
    "": lambda data: data,
    ".gz": gzip_chunks,
    ".zst": zstd_chunks,
    ".bz2": bzip2_chunks,
    ".xz": xz_chunks,
}


def unpack(packing: str, data: Iterator[bytes], window_log: int = ZSTD_LONG) -> Iterator[bytes]:
    """What a stream holds; packing is a key of UNPACK. window_log: see zstd_chunks."""
    return zstd_chunks(data, window_log) if packing == ".zst" else UNPACK[packing](data)
