"""Strategies under large and odd texts: what each costs at 1 and at 10 MB, and models on input nobody trained them for.

python -m tests.faults.strategies STAGE|odd FOLDER   is what a row runs, in a process of its own
"""

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.table import ROOT, Fault, Place, peak_of

MEGABYTE = 1_000_000
MOST_SECONDS = 90.0  # of CPU, for a text of 10 MB: the largest that a document may have
STEEP = 30  # times the cost for ten times the text: ten would be linear, a hundred quadratic
STAGES = ("cleanup", "dedup", "language", "pii", "quality", "sampling", "toxicity")


def shapes(size: int) -> dict[str, str]:
    """Texts of about so many bytes."""
    rng = random.Random(1)
    words = [
        "강물은",
        "흐르고",
        "다리는",
        "river",
        "bridge",
        "The",
        "of",
        "010-1234-5678",
        "a@b.com",
        "https://a.example/x",
    ]
    sentence = " ".join(rng.choices(words, k=4000)) + ".\n"
    return {
        "prose": sentence * (size // len(sentence.encode()) + 1),
        "one word": "a" * size,
        "one line": "가나다 라마. " * (size // 18),
        "short lines": "- a\n" * (size // 4),
        "signs": ".,!?;:()[]{}<>\"'" * (size // 16),
    }


def costs(stage: str, folder: Path) -> dict[str, list[float]]:
    """CPU seconds of every strategy of a stage on each shape, at 1 and at 10 MB; a fault costs what it cost."""
    from filters.document import Document
    from filters.document import Fault as Failed
    from tests.fuzz.strategies import opened

    found: dict[str, list[float]] = {}
    for name, _, function in opened(folder, f"{stage}/"):
        function(Document("1", "글 a text", "http://a.example/", {"language": "ko"}, "a", 1))
        for shape in shapes(1):

            def spent(size: int, shape: str = shape, function: Any = function) -> float:
                document = Document("1", shapes(size)[shape], "http://a.example/", {"language": "ko"}, "a", 1)
                started = time.process_time()
                with contextlib.suppress(Failed):
                    function(document)
                return time.process_time() - started

            small, large = spent(MEGABYTE), spent(10 * MEGABYTE)
            for _ in range(3):  # other work on the machine only adds to a time
                if large < STEEP * max(small, 0.02):
                    break
                small, large = min(small, spent(MEGABYTE)), min(large, spent(10 * MEGABYTE))
            found[f"{name}, {shape}"] = [round(small, 3), round(large, 3)]
    return found


def odd(folder: Path) -> dict[str, str]:
    """What models answer to odd texts, where it is no answer; empty where all is well."""
    import math

    from filters.contracts import Scores
    from filters.document import Document, Drop
    from filters.document import Fault as Failed
    from tests.fuzz.strategies import opened

    texts = {
        "nothing": "",
        "blanks": " \n\t\u3000",
        "digits": "12345 678",
        "emoji": "\U0001f600" * 9,
        "NUL": "a\0b",
        "marks": "\u0301" * 500,
        "one word of 1 MB": "a" * MEGABYTE,
        "no known word": "\U0001f9ff\U0001faf6 " * 99,
        "line separators": "안녕\u2028하세요\x85\x0b\x0c",
        "private use": "\ue000\U000f0000" * 9,
        "right to left": "\u202eabc\u05d0\u05d1",
        "a label": "__label__ko __label__toxic",
        "the end of a line alone": "\n",
        "tags": "</s> </s>",
    }
    wrong = {}
    for name, _, function in opened(folder):
        if not any(word in name for word in ("fasttext", "linear", "lingua", "script", "wordlist", "presidio")):
            continue
        for label, text in texts.items():
            for language in ("", "en", "ko", "xx"):
                document = Document("1", text, "", {"language": language} if language else {}, "a", 1)
                try:
                    answer = function(document)
                except Failed:
                    continue
                except Exception as error:
                    wrong[f"{name}, {label}"] = repr(error)[:200]
                    continue
                if isinstance(answer, Scores):
                    for signal, value in answer.signals.items():
                        if math.isinf(value) or (
                            signal.endswith("score") and not math.isnan(value) and not 0 <= value <= 1
                        ):
                            wrong[f"{name}, {label}"] = f"{signal} is {value}"
                elif not isinstance(answer, (Document, Drop)) and not hasattr(answer, "dtype"):
                    wrong[f"{name}, {label}"] = f"answers with {type(answer).__name__}"
    return wrong


def _asked(place: Place, what: str, seconds: int) -> Any:
    command = [sys.executable, "-m", "tests.faults.strategies", what, str(place.folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stderr[-300:]}"
    return json.loads(done.stdout.splitlines()[-1])


def large(stage: str) -> Callable[[Place], None]:
    """Cost grows in proportion, and 10 MB are done in bounded time and memory."""

    def check(place: Place) -> None:
        answer = _asked(place, stage, 3600)
        steep = {name: spent for name, spent in answer["costs"].items() if spent[1] >= STEEP * max(spent[0], 0.02)}
        slow = {name: spent for name, spent in answer["costs"].items() if spent[1] > MOST_SECONDS}
        assert answer["costs"], "no strategy"
        assert not steep, f"not linear (CPU s at 1 and 10 MB): {steep}"
        assert not slow, f"slow (CPU s at 1 and 10 MB): {slow}"
        assert answer["peak"] < 3000, f"{answer['peak']} MB"

    return check


def odd_input(place: Place) -> None:
    """Models, and what looks like one, on texts without words."""
    assert (wrong := _asked(place, "odd", 600)) == {}, wrong


LARGE = "linear, at most 90 CPU s and 3 GB for the largest text there may be, or a failed row"

LARGE_TEXTS: list[Fault] = [
    *(
        Fault(
            f"texts of 1 and 10 MB in {stage}/*", "prose, one word, one line, short lines, signs", LARGE, large(stage)
        )
        for stage in STAGES
    ),
    Fault(
        "texts without words for models",
        "nothing, digits, emoji, marks, NUL, labels, 1 MB in one word",
        "a probability, NaN, or a failed row: nothing else",
        odd_input,
    ),
]


if __name__ == "__main__":
    what, where = sys.argv[1:]
    if what == "odd":
        print(json.dumps(odd(Path(where))))
    else:
        spent = costs(what, Path(where))
        print(json.dumps({"costs": spent, "peak": peak_of(os.getpid()) >> 20}))
