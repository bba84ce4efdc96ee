"""One strategy on one text, to try it out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import filters
from curate.configuration import RecipeError
from curate.results import Shown
from curate.rundir import UsageError
from curate.showing.changed import change
from curate.showing.lines import Line, line
from curate.showing.passages import Snippets
from curate.showing.story import checked, noted
from curate.showing.walking import Check, Passage, Walker, number
from filters.chain import Step
from filters.contracts import CorpusJudge, CorpusRewriter, Extractor, ResourceError, SettingsError, Strategy
from filters.document import Document, NoteValue, RawPage


@dataclass(frozen=True)
class Outcome:
    """What a strategy makes of a text.

    kept    whether a run would keep it here       text  the text that it hands on; None where it is dropped or failed
    rule, value, threshold  of the judgement that drops it; "" where it is kept
    checks  all rules of a judge
    scores  the values of these rules by rule, and of signals without a rule by signal
    edits   characters changed, by rule            notes   what the strategy notes (language, …)
    reason  why it failed; "" where it did not
    """

    kept: bool
    text: str | None
    rule: str = ""
    value: float | str = ""
    threshold: float | str = ""
    checks: tuple[Check, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    edits: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, NoteValue] = field(default_factory=dict)
    reason: str = ""
    _lines: tuple[Line, ...] = field(default=(), repr=False, compare=False)

    def __repr__(self) -> str:
        return repr(Shown(self._lines))

    def _repr_html_(self) -> str:
        return Shown(self._lines)._repr_html_()


class OnText:
    """A strategy that is called with texts."""

    def __init__(self, name: str, strategy: Strategy) -> None:
        self._step = Step(name, name, strategy)
        self._walker = Walker([self._step])

    def __call__(self, text: str | bytes, language: str = "", url: str = "") -> Outcome:
        """What the strategy makes of a text; extractors take HTML, as text or bytes.

        language  of the text (ISO 639-1), which a language stage would note; limits for it apply
        url       of the page
        """
        notes = {"language": language} if language else {}
        if isinstance(self._step.strategy, Extractor):
            body = text.encode("utf-8", "replace") if isinstance(text, str) else text
            kind = "text/html" if body.lstrip()[:1] == b"<" else "text/plain"
            charset = "utf-8" if isinstance(text, str) else ""
            return _outcome(self._walker.passage(self._step, RawPage("text", url, body, kind, charset, notes=notes)))
        if not isinstance(text, str):
            raise UsageError(f"{self._step.name} takes text, got {type(text).__name__}")
        return _outcome(self._walker.passage(self._step, Document("text", text, url, notes)))

    def __repr__(self) -> str:
        return f"<{self._step.name} on a text: {self._step.strategy!r}>"


def strategy(name: str | Strategy, **settings: Any) -> OnText:
    """A strategy to be called with texts: curate.strategy("quality/gopher", min_words=20)("a text").

    name      of a strategy, a dotted path to one of your own, or a strategy
    settings  as in a recipe
    Raises RecipeError for an unknown name or setting, UsageError where the strategy needs a whole corpus, or something
    that is not installed.
    """
    try:
        made = filters.make(name, settings) if isinstance(name, str) else name
        called = name if isinstance(name, str) else type(name).__name__
        if isinstance(made, (CorpusJudge, CorpusRewriter)):
            raise UsageError(f"{called} decides over a whole corpus, not over one text: use it in a run")
        made.check()
    except SettingsError as error:
        raise RecipeError(str(error)) from error
    except ResourceError as error:
        raise UsageError(str(error)) from error
    return OnText(called, made)


def _outcome(passage: Passage) -> Outcome:
    drop = passage.drop
    measured = {check.rule: check.value for check in passage.checks if not isinstance(check.value, str)}
    return Outcome(
        passage.how == "passed",
        passage.after.text if passage.after is not None else None,
        drop.rule if drop is not None else "",
        drop.value if drop is not None else "",
        drop.threshold if drop is not None else "",
        passage.checks,
        {**measured, **passage.scores},
        dict(passage.edits),
        dict(passage.notes),
        passage.reason,
        tuple(_lines(passage)),
    )


def _lines(passage: Passage) -> list[Line]:
    drop = passage.drop
    if passage.how == "failed":
        return [line(("failed", "bad"), f"  {passage.reason} {passage.detail}".rstrip())]
    if drop is not None:
        limit = f", limit {number(drop.threshold)}" if drop.threshold != "" else ""
        value = f"  value {number(drop.value)}{limit}" if drop.value != "" else ""
        found = [line((f"dropped by {drop.rule}", "bad"), value)]
    else:
        found = [line(("kept", "head"))]
    found += [checked(check, indent=1) for check in passage.checks]
    if passage.scores:
        found.append(line(", ".join(f"{key} {number(value)}" for key, value in passage.scores.items()), indent=1))
    found += noted(passage, indent=1)
    if passage.edits:
        edits = ", ".join(f"{rule} {count:,}" for rule, count in sorted(passage.edits.items()))
        found.append(line(f"{edits} characters changed", indent=1))
    if parts := change(passage, Snippets()):
        found.append(line(*parts, indent=1))
    elif passage.before is None and passage.after is not None:
        found.append(line(Snippets().text(passage.after), indent=1))
    return found
