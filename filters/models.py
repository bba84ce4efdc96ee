"""Model files: found by package, path or URL, verified before anything reads them."""

import contextlib
import functools
import hashlib
import importlib.util
import mmap
import os
import struct
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from filters.contracts import ResourceError
from filters.credentials import masked
from filters.needs import check_file

MAX_DOWNLOAD = 8 << 30  # bytes; the largest fastText classifier in use (DCLM's) has 2.4 GB
TIMEOUT = 60  # seconds without a byte before a download is abandoned
_CHUNK = 1 << 20


def check_made(model: str, command: str) -> None:
    """Raise ResourceError, which names the command that makes one, where a model is a path and nothing is there."""
    if "://" not in model and not model.startswith("package:") and not Path(model).expanduser().exists():
        raise ResourceError(masked(f"model {model}: No such file; train one: {command} --model {model}", model))


def resolve(model: str, sha256: str | None = None) -> Path:
    """The local file of a model: `package:NAME/FILE` (a file of an installed package), a path, or an https URL.

    With a sha256 the content is verified. A URL needs one; what it names is downloaded once, to `cache_folder()`.
    Raises ResourceError, naming the model, when the file is missing, differs from the checksum, or cannot be a model:
    a saved web page, a pickle (loading one runs code), a Git LFS pointer, nothing. Credentials in a URL are not shown.
    """
    try:
        return _resolve(model, sha256)
    except ResourceError as error:
        raise ResourceError(masked(str(error), model)) from error.__cause__


def _resolve(model: str, sha256: str | None) -> Path:
    if sha256 is not None:
        sha256 = sha256.strip().lower()
        if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
            raise ResourceError(f"model {model}: {sha256!r:.80} is not a sha256 (64 hexadecimal digits)")
    scheme, separator, rest = model.partition("://")
    if separator:
        if scheme.lower() != "https":
            raise ResourceError(f"model {model}: only https URLs, paths and package:NAME/FILE are read")
        if sha256 is None:
            raise ResourceError(f"model {model}: a URL needs the sha256 of the file")
        path = _downloaded(model, rest, sha256)
    elif model.startswith("package:"):
        path = _in_package(model)
    else:
        path = Path(model).expanduser()
    check_file(path, f"model {model}")
    try:
        with open(path, "rb") as file:
            head = file.read(512)
    except OSError as error:
        raise ResourceError(f"model {model}: cannot read {path}: {error.strerror}") from error
    if sha256 is not None and (found := digest(path)) != sha256:
        raise ResourceError(f"model {model}: sha256 mismatch: {path} has {found}, expected {sha256}")
    _refuse(model, path, head)
    return path


def digest(path: str | Path) -> str:
    """The sha256 of a file, in hexadecimal; computed again only when its size or modification time changes."""
    status = os.stat(path)
    return _digest(str(Path(path).absolute()), status.st_size, status.st_mtime_ns)


@functools.cache
def _digest(path: str, size: int, changed: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_folder() -> Path:
    """Where downloaded models are kept: $CURATE_CACHE, else `curate` in $XDG_CACHE_HOME or ~/.cache."""
    if own := os.environ.get("CURATE_CACHE"):
        return Path(own) / "models"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "curate" / "models"


def _in_package(model: str) -> Path:
    name, _, inside = model.removeprefix("package:").partition("/")
    try:
        spec = importlib.util.find_spec(name) if name.isidentifier() else None
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise ResourceError(f"model {model}: the package {name!r:.80} is not installed (pip install {name:.80})")
    folder = Path(next(iter(spec.submodule_search_locations))).resolve()
    path = (folder / inside).resolve()
    if not path.is_relative_to(folder):
        raise ResourceError(f"model {model}: {inside!r} leaves the package's folder")
    return path


def _refuse(model: str, path: Path, head: bytes) -> None:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    kind = ""
    if not head:
        kind = "an empty file"
    elif start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<error")):
        kind = "a web page saved in place of a model"
    elif head.startswith(b"version https://git-lfs"):
        kind = "a Git LFS pointer, not the file itself"
    elif _pickled(head):
        kind = "a pickle, and loading one may run code"
    if kind:
        raise ResourceError(f"model {model}: {path} is {kind}")


def _pickled(head: bytes) -> bool:
    # protocols 2 to 5 begin with an opcode of their own; 0 and 1 with a mark, a container or a global, as text
    if head[:1] == b"\x80" and len(head) > 1 and 2 <= head[1] <= 5:
        return True
    return head[:1] in (b"c", b"(") and b"\n" in head and _printable(head.partition(b"\n")[0])


def _printable(line: bytes) -> bool:
    return all(0x20 <= byte < 0x7F for byte in line)


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not newurl.lower().startswith("https://"):
            raise urllib.error.URLError("redirected away from https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opened(url: str) -> IO[bytes]:
    opened: IO[bytes] = urllib.request.build_opener(_OnlyHttps).open(url, timeout=TIMEOUT)
    return opened


def _downloaded(url: str, rest: str, sha256: str) -> Path:
    """The file behind a URL, in the cache under its checksum: a file there is complete."""
    name = Path(urllib.parse.unquote(urllib.parse.urlsplit("//" + rest).path)).name
    suffix = "".join(letter for letter in Path(name).suffix if letter.isascii() and (letter.isalnum() or letter == "."))
    folder = cache_folder()
    path = folder / (sha256 + suffix)
    if path.exists():
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as part:
            try:
                found = _fetch(url, part)
                if found != sha256:
                    raise ResourceError(f"model {url}: sha256 mismatch: the download has {found}, expected {sha256}")
                os.replace(part.name, path)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(part.name)
    except (OSError, ValueError) as error:  # URLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise ResourceError(f"model {url}: download failed: {reason}") from error
    return path


def _fetch(url: str, target: IO[bytes]) -> str:
    content, size = hashlib.sha256(), 0
    with _opened(url) as source:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > MAX_DOWNLOAD:
                raise ResourceError(f"model {url}: larger than {MAX_DOWNLOAD} bytes")
            content.update(chunk)
            target.write(chunk)
    target.flush()
    return content.hexdigest()


# --- fastText ---------------------------------------------------------------------------------------------------

_MAGIC, _VERSION = 793712314, 12
_SUPERVISED = 3


class FastTextModel:
    """A supervised fastText model. One a process and file, shared by all who load it.

    labels  without fastText's prefix `__label__`, most frequent first
    """

    def __init__(self, path: Path) -> None:
        from fasttext.FastText import _FastText

        # load_model() would print a warning about fastText's own past to stderr
        self._model = _FastText(model_path=str(path))
        self.labels: tuple[str, ...] = tuple(map(_label, self._model.get_labels()))

    def predict(self, texts: Sequence[str], k: int = 1) -> list[list[tuple[str, float]]]:
        """For each text its k best (label, probability in [0, 1]), best first; k = -1: all labels.

        A text must be one line. Without any word or n-gram the model knows, fastText answers with an empty list or
        with the labels' priors.
        """
        # The form for lists: predict(str) fails with NumPy 2. fastText's rounding can exceed 1.
        labels, scores = self._model.predict(list(texts), k=k)
        return [
            [(_label(label), min(float(score), 1.0)) for label, score in zip(*answer, strict=True)]
            for answer in zip(labels, scores, strict=True)
        ]

    @property
    def bare_predict(self) -> Callable[[str, int, float, str], list[tuple[float, str]]]:
        """fastText's own function, which benchmarks measure against: (line with its newline, k, threshold, what to do
        about bytes that are not UTF-8) -> [(probability, label)]."""
        found: Callable[[str, int, float, str], list[tuple[float, str]]] = self._model.f.predict
        return found


def train_fasttext(data: str, target: str, quantise: bool, **settings: Any) -> None:
    """Train a supervised model from a file of lines with labels, on one thread, and write it.

    settings  those of fastText's train_supervised, by its own names
    """
    import fasttext

    model = fasttext.train_supervised(input=data, thread=1, verbose=0, **settings)
    if quantise:
        model.quantize(input=data, retrain=False, qnorm=True, thread=1, verbose=0)
    model.save_model(target)


def _label(label: str) -> str:
    return label.removeprefix("__label__")


def load_fasttext(model: str, sha256: str | None = None) -> FastTextModel:
    """The fastText classifier of a file, verified and loaded once a process. Raises ResourceError."""
    path = resolve(model, sha256)
    status = path.stat()
    return _loaded(path.absolute(), status.st_size, status.st_mtime_ns)


@functools.cache
def _loaded(path: Path, size: int, changed: int) -> FastTextModel:
    check_fasttext(path)
    try:
        return FastTextModel(path)
    except (ValueError, RuntimeError, MemoryError) as error:
        raise ResourceError(f"model {path}: fastText cannot load it: {type(error).__name__}") from error


def check_fasttext(path: str | Path) -> None:
    """Raise ResourceError unless a file has the exact structure of a supervised fastText model, version 12.

    fastText believes the sizes it reads: half a model costs it gigabytes of memory before it dies. The layout is that
    of fastText 0.9.3, FastText::saveModel: settings, dictionary, input matrix, output matrix. This does not find
    changed numbers within the matrices; a sha256 does.
    """
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if not size:
                raise _Malformed("it is empty")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                _walk(content, size)
    except (_Malformed, struct.error) as error:
        why = str(error) if isinstance(error, _Malformed) else "it ends too early"
        raise ResourceError(f"model {path}: not a usable fastText model: {why}") from error
    except OSError as error:
        raise ResourceError(f"model {path}: cannot read it: {error.strerror}") from error


class _Malformed(Exception):
    pass


def _walk(content: mmap.mmap, size: int) -> None:
    magic, version = struct.unpack_from("<ii", content, 0)
    if magic != _MAGIC:
        raise _Malformed("it does not begin like one")
    if version != _VERSION:
        raise _Malformed(f"version {version}, expected {_VERSION}")
    dim, _, _, _, _, _, _, kind, bucket, minn, maxn, _ = struct.unpack_from("<12i", content, 8)
    if kind != _SUPERVISED:
        raise _Malformed("it holds word vectors, not a classifier")
    if not (0 < dim <= 10_000 and bucket >= 0 and minn >= 0 and maxn >= 0):
        raise _Malformed("impossible settings")
    at = 8 + 48 + 8
    entries, words, labels, _, pruned = struct.unpack_from("<iiiqq", content, at)
    at += 28
    if not (labels > 0 and words >= 0 and entries == words + labels and pruned >= -1):
        raise _Malformed("impossible counts in its dictionary")
    if entries * 10 > size - at:
        raise _Malformed("it ends within its dictionary")
    for _ in range(entries):
        at = content.find(b"\0", at) + 10  # the end of the word, then its count (8 bytes) and kind (1)
        if at < 10 or at > size:
            raise _Malformed("it ends within its dictionary")
    at += 8 * max(pruned, 0)
    (quantized,) = struct.unpack_from("<?", content, at)
    at, rows, columns = _matrix(content, at + 1, quantized)
    # quantised models may have pruned their words and buckets
    if columns != dim or (pruned < 0 and rows not in (words, words + bucket)):
        raise _Malformed("its input matrix does not fit its settings")
    (output_quantized,) = struct.unpack_from("<?", content, at)
    at, rows, columns = _matrix(content, at + 1, quantized and output_quantized)
    if (rows, columns) != (labels, dim):
        raise _Malformed("its output matrix does not fit its settings")
    if at != size:
        raise _Malformed(f"{size} bytes, expected {at}")


def _matrix(content: mmap.mmap, at: int, quantized: bool) -> tuple[int, int, int]:
    """Where a matrix that begins at a position ends, and its rows and columns."""
    if not quantized:
        rows, columns = struct.unpack_from("<qq", content, at)
        _count(rows, columns)
        return at + 16 + 4 * rows * columns, rows, columns
    norms, rows, columns, codes = struct.unpack_from("<?qqi", content, at)
    _count(rows, columns, codes)
    at = _quantizer(content, at + 21 + codes)
    return (_quantizer(content, at + rows) if norms else at), rows, columns


def _quantizer(content: mmap.mmap, at: int) -> int:
    (dim,) = struct.unpack_from("<i", content, at)
    _count(dim)
    return at + 16 + 4 * 256 * dim


def _count(*numbers: int) -> None:
    if any(number < 0 or number > 1 << 40 for number in numbers):
        raise _Malformed("impossible sizes of a matrix")


__all__ = ["FastTextModel", "cache_folder", "check_fasttext", "digest", "load_fasttext", "resolve", "train_fasttext"]
