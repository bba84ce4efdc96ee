"""N-gram language models as judges ask them: ARPA files, KenLM's binary files, and SentencePiece before both."""

import functools
import gzip
import os
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

from filters.contracts import ResourceError
from filters.needs import need
from filters.quality.perplexity import file_of
from filters.text.arpa import Malformed, Sum, log10_of, read_arpa

_KENLM = b"mmap lm http://kheafield.com/code format version"
_GZIP = b"\x1f\x8b"
WHO = "quality/perplexity"

Scorer = Callable[[str], Sum]


def load(model: str, tokenizer: str | None, sha256: Mapping[str, str]) -> Scorer:
    """The function from normalised lines to the sum of their log10 chances. Raises ResourceError.

    model      an ARPA file, plain or .gz, or a binary file of KenLM's, which needs the package kenlm
    tokenizer  a SentencePiece model that cuts lines into the model's words; None: they are parted by spaces
    """
    path = file_of(model, sha256)
    with open(path, "rb") as file:
        head = file.read(len(_KENLM))
    scorer = _kenlm(model, path) if head == _KENLM else _arpa(model, path, *_stamp(path))
    if tokenizer is None:
        return scorer
    pieces = sentencepiece(tokenizer, file_of(tokenizer, sha256))
    return lambda lines: scorer("\n".join(" ".join(pieces(line)) for line in lines.split("\n")))


def _stamp(path: Path) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns


@functools.lru_cache(maxsize=8)
def _arpa(model: str, path: Path, size: int, changed: int) -> Scorer:
    try:
        data = path.read_bytes()
        table = read_arpa(gzip.decompress(data) if data.startswith(_GZIP) else data)
    except (OSError, EOFError, zlib.error) as error:
        raise ResourceError(f"model {model}: cannot read it: {error}") from error
    except Malformed as error:
        raise ResourceError(f"model {model}: neither an ARPA file nor a binary file of KenLM's: {error}") from error
    return functools.partial(log10_of, table)


def _kenlm(model: str, path: Path) -> Scorer:
    kenlm = need("kenlm", f"{WHO}: a binary model")
    try:
        loaded = kenlm.Model(str(path))
    except (OSError, RuntimeError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise ResourceError(f"model {model}: KenLM cannot load it: {said}") from error

    def score(lines: str) -> Sum:
        total, words, count = 0.0, 0, 0
        for line in lines.split("\n"):
            data = line.replace("\0", " ").encode("utf-8", "replace")
            if length := len(data.split()):
                total += loaded.score(data)
                words += length
                count += 1
        return Sum(total, words, count)

    return score


def sentencepiece(model: str, path: Path) -> Callable[[str], list[str]]:
    """The function from a line to its pieces. Raises ResourceError."""
    package = need("sentencepiece", f"{WHO}: tokenizer")
    try:
        processor = package.SentencePieceProcessor(model_file=str(path))
    except (OSError, RuntimeError, ValueError) as error:
        raise ResourceError(f"model {model}: not a SentencePiece model") from error
    encode: Callable[[str], list[str]] = processor.encode_as_pieces
    return encode
