"""What is missing is said in one line for people: which package, which extra, which file, and never a credential."""

import os
import sys
from pathlib import Path

import pytest

import filters
from filters.chain import fault_of, first_cause
from filters.contracts import ResourceError
from filters.extraction import html
from filters.needs import check_file, need

ARPA = str(Path(__file__).parents[1] / "curate" / "training" / "lmplz.arpa")


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """A package that is installed and cannot be imported."""
    (tmp_path / "justext.py").write_text("import lxml_html_cleaner_that_is_not_there\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "justext", raising=False)
    html._check_child.cache_clear()


def test_a_package_is_imported_not_only_looked_for(broken):
    with pytest.raises(ResourceError) as caught:
        filters.make("extraction/justext").check()
    assert "lxml_html_cleaner_that_is_not_there" in str(caught.value)
    assert "pip install 'curate-lm-text[extractors]'" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "settings", "package", "install"),
    [
        ("extraction/trafilatura", {}, "trafilatura", "'curate-lm-text[extractors]'"),
        ("extraction/justext", {}, "justext", "'curate-lm-text[extractors]'"),
        ("language/lingua", {}, "lingua", "'curate-lm-text[lingua]'"),
        ("cleanup/sentences", {"splitter": "kiwi"}, "kiwipiepy", "'curate-lm-text[kiwi]'"),
        ("quality/gopher", {"semantics": "datatrove", "words": "spacy"}, "spacy", "spacy"),
        ("quality/fineweb", {"words": "kiwi"}, "kiwipiepy", "'curate-lm-text[kiwi]'"),
        ("quality/perplexity", {"model": ARPA, "tokenizer": ARPA}, "sentencepiece", "'curate-lm-text[kenlm]'"),
        ("pii/presidio", {}, "presidio_analyzer", "presidio-analyzer"),
        ("dedup/minhash-datasketch", {}, "datasketch", "datasketch"),
    ],
)
def test_a_strategy_says_what_to_install(monkeypatch, name, settings, package, install):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ResourceError, match=rf"{package}.*pip install {install}".replace("[", r"\[")):
        filters.make(name, settings).check()


def test_what_the_extraction_process_lacks_is_said():
    with pytest.raises(ResourceError, match=r"no-such-library: .* does not load: KeyError at .*: 'no-such-library'"):
        html._check_child("no-such-library", "{}")


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "missing"])
@pytest.mark.parametrize(
    ("strategy", "setting"),
    [
        ("quality/fasttext", "model"),
        ("quality/perplexity", "model"),
        ("quality/url", "strict"),
        ("toxicity/wordlist", "lists"),
        ("toxicity/linear", "model"),
        ("pii/patterns", "key_file"),
    ],
)
def test_reading_what_is_no_file_never_hangs(tmp_path, strategy, setting, kind):
    path = {"device": "/dev/zero", "folder": str(tmp_path)}.get(kind, str(tmp_path / "x"))
    if kind == "pipe":
        os.mkfifo(path)
    settings = {setting: {"en": path} if setting == "lists" else path}
    if setting == "key_file":
        settings["action"] = "hash"
    with pytest.raises(ResourceError, match="(?i:no such file)" if kind == "missing" else kind):
        filters.make(strategy, settings).check()


def test_a_file_of_no_kind_is_named(tmp_path):
    check_file(__file__, "a file")
    with pytest.raises(ResourceError, match=r"a list: .*x: No such file"):
        check_file(tmp_path / "x", "a list")


def test_an_error_for_people_is_not_masked_by_what_caused_it():
    try:
        try:
            need("a_package_that_is_not_there", "this test")
        except ResourceError as error:
            raise RuntimeError("somebody wraps it") from error
    except RuntimeError as error:
        reason, detail = fault_of(first_cause(error))
    assert reason == "error:ResourceError"
    assert detail.startswith("this test needs the package a_package_that_is_not_there, which is not installed")
