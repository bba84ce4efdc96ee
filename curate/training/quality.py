"""Train a quality classifier from good and bad texts, as DCLM's, and measure it on texts it has not seen."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from curate.evaluation.metrics import Interval
from curate.training import corpus, fasttext
from curate.training.corpus import Side
from curate.training.drawing import keyed
from curate.training.examples import DataError
from curate.training.settings import check, settings_from
from curate.training.spent import cpu_seconds
from curate.training.texts import text_files
from filters import make, models

GOOD, BAD = "hq", "cc"  # DCLM's labels
SUFFIXES = (".bin", ".ftz")
MOST = 200_000
MANY = 10_000  # texts from which on the rate is DCLM's


@dataclass(frozen=True, slots=True)
class QualitySettings:
    """Settings of the training, by fastText's own names where it has them.

    The defaults are those of DCLM's classifier: baselines/train_fasttext_classifier.py, with word n-grams of up to 2
    (Li et al. 2024, arXiv 2406.11794). Its model has no character n-grams; minn 2 and maxn 4 suit Korean. lr 0 stands
    for rate_for() of the texts, which is DCLM's 0.1 where they are many.
    """

    dim: int = 100
    bucket: int = 2_000_000
    minn: int = 0
    maxn: int = 0
    word_ngrams: int = 2
    min_count: int = 1
    lr: float = 0.0
    epoch: int = 5
    seed: int = 1


def rate_for(texts: int) -> float:
    """The learning rate for a number of texts to learn from: 0.1 for MANY and more, and for fewer as much higher as
    they are fewer, up to 1, the highest that fastText's documentation advises.

    What a model learns grows with texts, epochs and rate. DCLM's 0.1 is made for 400,000 texts; a thousand leave the
    weights near where they began, and scores that hardly tell good from bad.
    """
    return round(min(1.0, 0.1 * max(1.0, MANY / texts)), 3)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """How the model does on texts it has not learned from: the chance that a good text scores higher than a bad one."""

    good: int
    bad: int
    auc: Interval

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"good": self.good, "bad": self.bad, "auc": self.auc.as_dict()}


@dataclass(frozen=True, slots=True)
class TrainedQuality:
    """What came of a training.

    model        its path            sha256  of the file           card  the path of the model card
    learned      texts it learned from, by kind                    held_out  None where nothing was held out
    sides        what became of the texts read: good, bad, and test_good and test_bad where a test set was given
    cpu_seconds  of reading, training and measuring
    """

    model: Path
    sha256: str
    card: Path
    settings: Mapping[str, Any]
    learned: Mapping[str, int]
    sides: Mapping[str, Side]
    held_out: HeldOut | None
    cpu_seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; of paths only the names of files."""
        return {
            "strategy": "quality/fasttext-top",
            "model": self.model.name,
            "sha256": self.sha256,
            "card": self.card.name,
            "settings": dict(self.settings),
            "data": {name: side.as_dict() for name, side in self.sides.items()},
            "learned": dict(self.learned),
            "held_out": self.held_out.as_dict() if self.held_out else None,
            "cpu_seconds": round(self.cpu_seconds, 1),
        }


def train(
    positive: Sequence[str],
    negative: Sequence[str],
    model: Path,
    test_positive: Sequence[str] = (),
    test_negative: Sequence[str] = (),
    text: str = "text",
    held_out_share: float = 0.1,
    most: int = MOST,
    **settings: Any,
) -> TrainedQuality:
    """Train a fastText classifier with the labels `hq` and `cc`, and write it and its card (MODEL.md) beside it.

    positive, negative            what good and bad texts are read from: files of rows, globs, folders, directories of
                                  finished runs
    model                         ends in .bin, or .ftz for a quantised model
    test_positive, test_negative  texts to measure on; without them a share of the others, chosen by a hash of the text
    text                          the field of rows that holds the text
    most                          texts of each kind to use at most (DCLM: 200,000)
    settings                      of QualitySettings; the card holds those that were used

    Of texts that are nearly the same (MinHash, as dedup/minhash) one is used, so none that is measured on is near one
    that is learned from; of a good and a bad one the good one stays. The model depends on the set of texts alone:
    neither on the order nor on the files they come in. Raises DataError.
    """
    chosen = settings_from(QualitySettings, settings)
    check(model, SUFFIXES, held_out_share)
    if bool(test_positive) != bool(test_negative):
        raise DataError("a test set needs both good and bad texts")
    if most < 1:
        raise DataError("at least one text of each kind must be used")
    start = cpu_seconds()
    given = {"good": positive, "bad": negative, "test_good": test_positive, "test_bad": test_negative}
    sides = {name: corpus.gather(text_files(inputs, text), most) for name, inputs in given.items()}
    corpus.separate(*sides.values())
    learned, apart = _parts(sides, held_out_share)
    labelled = [(label, line) for label, lines in learned.items() for line in lines]
    labelled.sort(key=lambda one: keyed(one[1], b"order"))
    used = dataclasses.asdict(chosen) | {"lr": chosen.lr or rate_for(len(labelled))}
    fasttext.train(labelled, model, used, quantise=model.suffix == ".ftz")
    found = TrainedQuality(
        model,
        models.digest(model),
        model.with_name(f"{model.name}.md"),
        used,
        {label: len(lines) for label, lines in learned.items()},
        {name: side for name, side in sides.items() if side.files},
        _measured(model, apart) if apart is not None else None,
        cpu_seconds() - start,
    )
    found.card.write_text(card(found), encoding="utf-8")
    return found


def _parts(sides: Mapping[str, Side], share: float) -> tuple[dict[str, list[str]], dict[str, list[str]] | None]:
    """(lines to learn from, lines to measure on or None), by label."""
    learned = {GOOD: sides["good"].lines, BAD: sides["bad"].lines}
    apart: dict[str, list[str]] | None = None
    if sides["test_good"].files:
        apart = {GOOD: sides["test_good"].lines, BAD: sides["test_bad"].lines}
    elif share > 0:
        apart = {}
        for label, lines in learned.items():
            learned[label], apart[label] = corpus.split(lines, share)
    for part, name in ((learned, "to learn from"), (apart, "to measure on")):
        for label, kind in ((GOOD, "good"), (BAD, "bad")):
            if part is not None and not part[label]:
                raise DataError(f"there is no {kind} text {name}, once repeated ones are left out")
    return learned, apart


def _measured(model: Path, apart: Mapping[str, Sequence[str]]) -> HeldOut:
    from curate.evaluation.quality import evaluate

    judge = make("quality/fasttext", {"model": str(model), "label": GOOD, "min_score": None})
    lines = [line for label in (GOOD, BAD) for line in apart[label]]
    good = np.arange(len(lines)) < len(apart[GOOD])
    found = evaluate(judge, lines, good.tolist(), language="")  # type: ignore[arg-type]
    return HeldOut(len(apart[GOOD]), len(apart[BAD]), found.aucs["score"])


def card(trained: TrainedQuality) -> str:
    """The model card, Markdown: use, figures, data and their fingerprints, settings. It names no folder and no date:
    the same training writes the same card."""
    kind = "quantised fastText model" if trained.model.suffix == ".ftz" else "fastText model"
    lines = [
        f"# {trained.model.name}",
        "",
        f"A {kind} that scores how much a text is like the good ones it was trained on (label `{GOOD}`) rather than "
        f"the bad ones (`{BAD}`). sha256 `{trained.sha256}`.",
        "",
        "```yaml",
        f"- quality/fasttext-top: {{model: {trained.model.name}, keep_top: 0.1}}",
        "```",
        "",
        "## Figures",
        "",
    ]
    if trained.held_out is not None:
        measured = trained.held_out
        lines.append(
            f"ROC AUC {measured.auc} (95 % bootstrap interval) on {measured.good:,} good and {measured.bad:,} bad "
            "texts that it has not learned from, none of them nearly the same as one that it has."
        )
    else:
        lines.append("Nothing was held out, so nothing was measured.")
    lines += ["", "## Data", "", f"Learned from {trained.learned[GOOD]:,} good and {trained.learned[BAD]:,} bad texts."]
    for name, side in trained.sides.items():
        lines += ["", f"### {_SIDES[name]}", "", "| file | texts | sha256 |", "|---|---|---|"]
        lines += [f"| {one.name} | {one.texts:,} | `{one.sha256}` |" for one in side.files]
        left_out = {
            "without a word": side.empty,
            "beyond the number to use": side.not_sampled,
            "repeated": side.repeated,
            "nearly the same as a text of the other kind": side.in_other,
            "nearly the same as a text of the test set": side.in_test,
        }
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in left_out.items() if count) or "none"
        lines += ["", f"Read {side.read:,}, used {len(side.lines):,}; left out: {reasons}."]
        lines.append(f"Fingerprint of the texts used: `{corpus.fingerprint(side.lines)}`.")
    lines += ["", "## Settings", "", "```json", json.dumps(dict(trained.settings), indent=1), "```", ""]
    return "\n".join(lines)


_SIDES = {"good": "Good texts", "bad": "Bad texts", "test_good": "Good texts of the test set",
          "test_bad": "Bad texts of the test set"}  # fmt: skip
