"""What strategies need beside this project: packages that can be imported, and files that can be read."""

import importlib
import importlib.util
import os
import stat
from pathlib import Path
from typing import Any

from filters.contracts import ResourceError

# The extra of this project that brings a package; every other package is one of its own dependencies.
EXTRAS = {
    "justext": "extractors",
    "kenlm": "kenlm",
    "kiwipiepy": "kiwi",
    "lingua": "lingua",
    "sentencepiece": "kenlm",
    "sklearn": "linear",
    "tokenizers": "tokenizers",
    "torch": "transformer",
    "trafilatura": "extractors",
    "transformers": "transformer",
    "weasyprint": "pdf",
}
_DISTRIBUTIONS = {"presidio_analyzer": "presidio-analyzer", "re2": "google-re2", "spacy": "spacy"}


def need(package: str, who: str) -> Any:
    """A package, imported. Raises ResourceError that says who needs it, what is wrong, and what to install."""
    try:
        return importlib.import_module(package)
    except Exception as error:  # an ImportError, or whatever its own code raises at import
        raise ResourceError(lacking(package, who, error)) from error


def lacking(package: str, who: str, error: object) -> str:
    """The message for a package whose import failed with an error."""
    top = package.partition(".")[0]
    install = f"pip install {install_name(top)}"
    if importlib.util.find_spec(top) is None:
        return f"{who} needs the package {top}, which is not installed: {install}"
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return f"{who} needs the package {top}, which cannot be imported ({said}): {install}"


def install_name(package: str) -> str:
    """What pip is asked for to have a package: an extra of this project, or the package itself."""
    extra = EXTRAS.get(package)
    return f"'curate-lm-text[{extra}]'" if extra else _DISTRIBUTIONS.get(package, package)


def check_file(path: str | Path, what: str) -> None:
    """Raise ResourceError unless a path is a file that can be opened: reading a pipe or a device may never end."""
    try:
        kind = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        raise ResourceError(f"{what}: cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if not stat.S_ISREG(kind):
        raise ResourceError(f"{what}: {path} is {kind_of(kind)}, not a file")
    if not os.access(path, os.R_OK):
        raise ResourceError(f"{what}: cannot read {path}: Permission denied")


def kind_of(mode: int) -> str:
    """What a path is that is no file, in words."""
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"
