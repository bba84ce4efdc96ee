"""Quality by a supervised fastText model, as DCLM's OH-2.5 + ELI5 classifier: above a score, or the best share."""

import math
from collections.abc import Callable, Mapping

from pydantic import Field

from filters import models
from filters.contracts import Judge, ResourceError, Scores, limit, strategy
from filters.document import Document
from filters.rules import Rule
from filters.top_share import TopShareJudge

_LABEL = "__label__"


@strategy
class FastText(Judge):
    """Keeps texts that a supervised fastText model scores at least `min_score`.

    The text is stripped and its lines are joined by single spaces; the score is the probability of `label`, as in
    DCLM. DCLM's limit (fasttext_filter.yaml: 0.018112) kept the best tenth of its own pool with its own model: take
    a quantile of yours, or quality/fasttext-top.
    """

    model: str = Field(min_length=1, description="the model: a path, package:NAME/FILE, or a URL (with sha256)")
    sha256: str | None = Field(None, description="expected sha256 of the model file")
    label: str = Field("hq", min_length=1, description=f"the label of good texts, with or without {_LABEL}")
    min_score: float | None = limit(0.5, ge=0, le=1, description="keep at this probability or above; null = off")

    def check(self) -> None:
        """Raises ResourceError if the model is missing, damaged, or has no such label."""
        scorer_of(self.model, self.sha256, self.label)

    def resources(self) -> Mapping[str, str]:
        """sha256 of the model."""
        return digest_of(self.model, self.sha256)

    def open(self) -> Callable[[Document], Scores]:
        """Scores of shape {"score": p}, p in [0, 1]; NaN for a text without words."""
        score = scorer_of(self.model, self.sha256, self.label)
        return lambda document: Scores({"score": score(document)})

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """`min_score`: a text with exactly this score stays."""
        return (Rule("min_score", "score", at_least=self.min_score),) if self.min_score is not None else ()


@strategy
class FastTextTop(TopShareJudge):
    """Keeps the share of the corpus that a supervised fastText model scores best (DCLM: the best tenth)."""

    model: str = Field("", description="the model: a path, package:NAME/FILE, or a URL (with sha256); required")
    sha256: str | None = Field(None, description="expected sha256 of the model file")
    label: str = Field("hq", min_length=1, description=f"the label of good texts, with or without {_LABEL}")

    def check(self) -> None:
        """Raises ResourceError if the model is missing, damaged, or has no such label."""
        if not self.model:
            raise ResourceError("model: a fastText model is required")
        scorer_of(self.model, self.sha256, self.label)

    def resources(self) -> Mapping[str, str]:
        """sha256 of the model."""
        return digest_of(self.model, self.sha256) if self.model else {}

    def scorer(self) -> Callable[[Document], float]:
        """The probability of the label; NaN for a text without words, which takes no part and stays."""
        return scorer_of(self.model, self.sha256, self.label)


def line_of(text: str) -> str:
    """The line that a classifier learns from and scores: stripped, lines joined by single spaces; "" without a word."""
    line = " ".join(text.strip().splitlines()).replace("\0", " ")
    return line if line.strip() else ""


_MADE_BY = "curate train quality --positive GOOD.jsonl.gz --negative BAD.jsonl.gz"


def digest_of(model: str, sha256: str | None) -> dict[str, str]:
    """sha256 of a model file, by the name of its setting."""
    models.check_made(model, _MADE_BY)
    return {"model": models.digest(models.resolve(model, sha256))}


def scorer_of(model: str, sha256: str | None, label: str) -> Callable[[Document], float]:
    """The function from a document to the probability of a label. Raises ResourceError."""
    models.check_made(model, _MADE_BY)
    loaded = models.load_fasttext(model, sha256)
    wanted = label.removeprefix(_LABEL)
    known = [name.removeprefix(_LABEL) for name in loaded.labels]
    if wanted not in known:
        raise ResourceError(f"model {model}: no label {wanted!r} (it has: {', '.join(sorted(known)[:20])})")

    def score(document: Document) -> float:
        line = line_of(document.text)
        if not line:
            return math.nan
        answers = dict(loaded.predict([line], k=-1)[0])
        # fastText's softmax adds 1e-5 to every probability
        return min(1.0, answers.get(wanted, 0.0))

    return score
