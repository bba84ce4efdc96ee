"""Every strategy on any text: it answers as its contract says, twice the same, and personal data is gone afterwards."""

import contextlib
import copy
import math
from pathlib import Path
from typing import Any

from tests.fuzz.engine import Target

GUIDED = ("filters",)  # packages whose branches are seen

# Control characters stand for what chance would not write, so that one changed byte changes much.
PIECES = (
    "\n", "\n\n", "\r\n", "\u2028", " ", "\u3000", "가나다라 마바사. ", "ㅋㅋㅋㅋ", "e\u0301\u0302", "\u1100\u1161",
    "a@b.com으로 ", "010-1234-5678", "900101-1234568", "192.168.0.1", "4111 1111 1111 1111", "https://a.example/?x=1#",
    "#태그 ", "{\"a\": [1, 2]}", "<p>글</p>", "<div>" * 9, "{ var a = function() { return 1; } }", "lorem ipsum ",
    "The man who mends the clocks, and he knows them. ", "Read more... ", "• ", "...", "\U0001f600\u200d\U0001f1f0",
    "\ufeff\u200b\x85", "漢字かな交じり文。", "시발 ", "x" * 300, "1,234.5 ",
)  # fmt: skip
MAY_BE_INFINITE = ("quality/gopher-repetition",)  # where there is nothing to divide by, as in DCLM
LANGUAGES = ("", "en", "ko", "ja", "und", "zh")


def text_of(data: bytes) -> str:
    """A text: bytes below 32 are pieces, the others UTF-8."""
    text = data.decode("utf-8", "replace")
    return "".join(PIECES[ord(sign)] if ord(sign) < 32 else sign for sign in text)


def opened(folder: Path, stage: str = "") -> list[tuple[str, Any, Any]]:
    """(name, strategy, open function) of all, or those of a stage, that run without a child process and without a
    model of somebody's."""
    from filters import STRATEGIES, make
    from filters.contracts import CorpusRewriter, Extractor, ResourceError, SettingsError

    found = []
    for name in sorted(name for name in STRATEGIES if name.startswith(stage)):
        for settings in ({}, _small_models(folder).get(name)):
            try:
                strategy = make(name, settings or {})
                strategy.check()
            except (SettingsError, ResourceError):
                continue
            if not isinstance(strategy, (CorpusRewriter, Extractor)):
                found.append((name, strategy, strategy.open()))
                break
    return found


def _small_models(folder: Path) -> dict[str, dict[str, Any]]:
    """Settings with models that are trained here, once."""
    import numpy as np

    from curate.training.toxicity import Examples, train

    pairs = [f"{word} number {n}" for n in range(150) for word in ("a vile and awful insult", "a calm, friendly text")]
    found: dict[str, dict[str, Any]] = {}
    for name, suffix in (("toxicity/linear", ".npz"), ("toxicity/fasttext", ".bin")):
        model = folder / f"model{suffix}"
        if not model.exists():
            train(Examples(tuple(pairs), np.array([True, False] * 150)), model)
        found[name] = {"model": str(model), "level": "sentence"}
    for name in ("quality/fasttext", "quality/fasttext-top"):
        found[name] = {"model": found["toxicity/fasttext"]["model"], "label": "toxic@lower"}
    return found


def target(folder: Path) -> Target:
    """The target: the first byte of an input chooses the strategy, the second the language."""
    from filters.contracts import CorpusJudge, Judge, Rewriter, Scores
    from filters.document import Document, Drop, Fault

    known = opened(folder)
    for _, _, function in known:  # kernels compile at their first call, which takes seconds
        with contextlib.suppress(Fault):
            function(Document("1", "".join(PIECES), "http://a.example/", {"language": "ko"}, "a", 1))
    signals: dict[str, frozenset[str]] = {}

    def answer(function: Any, document: Any) -> Any:
        try:
            return function(document)
        except Fault as fault:
            return str(fault)

    def comparable(found: Any) -> Any:
        if isinstance(found, Scores):
            return {name: repr(value) for name, value in found.signals.items()}, dict(found.notes)
        return found.tobytes() if hasattr(found, "tobytes") else found

    def one(data: bytes) -> bool | None:
        if len(data) < 3:
            return False
        name, strategy, function = known[data[0] % len(known)]
        language = LANGUAGES[data[1] % len(LANGUAGES)]
        notes = {"language": language} if language else {}
        document = Document("1", text_of(data[2:]), "http://a.example/b?c=1", notes, "a", 1, "2026-01-01T00:00:00Z")
        before = copy.deepcopy(document)
        found = answer(function, document)
        assert document == before, f"{name} changed its input"
        again = answer(function, copy.deepcopy(before))
        assert comparable(again) == comparable(found), f"{name} answers twice differently"
        if isinstance(strategy, Judge):
            assert isinstance(found, (Scores, str)), name
            if isinstance(found, Scores):
                names = frozenset(found.signals)
                assert signals.setdefault(name, names) == names, f"{name} answers with different signals"
                endless = any(math.isinf(value) for value in found.signals.values())
                assert not endless or name in MAY_BE_INFINITE, f"{name}: infinite"
        elif isinstance(strategy, Rewriter):
            assert isinstance(found, (Document, Drop, str)), name
            if isinstance(found, Document):
                found.text.encode()
                assert all(count > 0 for count in found.edits.values()), f"{name}: {found.edits}"
                if name == "pii/patterns":
                    twice = function(found)
                    assert isinstance(twice, Document), name
                    assert twice.text == found.text, f"{name}: scrubbing twice changes more"
                if name == "cleanup/unicode":
                    twice = function(found)
                    assert isinstance(twice, Document), name
                    assert twice.text == found.text, f"{name}: repairing twice changes more"
        else:
            assert isinstance(strategy, CorpusJudge), name
        return None

    return one


def seeds() -> dict[str, bytes]:
    """A text with all pieces for every strategy there may be, by name."""
    everything = bytes(range(32))
    made = {f"pieces-{number:02}": bytes((number, number)) + everything for number in range(40)}
    made["korean"] = b"\x05\x02" + "갯벌에서 일하는 사람들은 시계보다 물때를 먼저 본다.\n".encode() * 3
    made["english"] = b"\x07\x01" + b"The man who mends the clocks carries a bag of keys.\n" * 4
    made["code"] = b"\x0b\x01" + b"for (int i = 0; i < 9; i++) { a[i] = b; }\n" * 4
    return made
