"""What counts as a word: pieces of UAX #29, or the tokens of a library that finds words."""

from collections.abc import Callable, Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Literal

from filters.contracts import SettingsError
from filters.document import Document
from filters.needs import need

if TYPE_CHECKING:
    from filters.text.segments import Words

Tokens = Literal["unicode", "spacy", "kiwi"]
_PACKAGES = {"spacy": "spacy", "kiwi": "kiwipiepy"}


def check(words: str, who: str) -> None:
    """Raise ResourceError where the library that finds the words cannot be imported."""
    if words in _PACKAGES:
        need(_PACKAGES[words], f"{who}: words: {words}")


def check_semantics(words: str, semantics: str) -> None:
    """Raise SettingsError for tokens of a library under definitions that count other words."""
    if words != "unicode" and semantics != "datatrove":
        raise SettingsError(f"{words} needs semantics: datatrove", ("words",))


def resources(words: str) -> Mapping[str, str]:
    """The versions of Kiwi and of its models, on which its words depend; spaCy's English tokenizer is rules alone."""
    if words != "kiwi":
        return {}
    try:
        return {"words": ", ".join(f"{name} {metadata.version(name)}" for name in ("kiwipiepy", "kiwipiepy_model"))}
    except metadata.PackageNotFoundError:  # check() tells what is missing
        return {}


def finder(words: str) -> "Callable[[Document], Words]":
    """The function from a document to its words, with whatever had to load; each text is cut once."""
    if words == "spacy":
        from filters.text.spacy_words import spacy_words, tokenizer

        tokenizer()
        return lambda document: document.derive(spacy_words)
    if words == "kiwi":
        from filters.text.kiwi_words import analyser, kiwi_words

        analyser()
        return lambda document: document.derive(kiwi_words)
    from filters.text.segments import segment

    return lambda document: document.derive(segment).words
