"""Whether a text is a sentence: judged by its form, for pipelines that emit sentences."""

from collections.abc import Callable

from filters.contracts import Judge, Scores, limit, strategy
from filters.document import Document
from filters.rules import Rule

FORMS = ("starts", "ends", "balanced", "prose")


@strategy
class Sentence(Judge):
    """Drops what is not a sentence: headings, menus, scraps of lists, truncated lines, comments and keys of code.

    A text is taken for one sentence; hold the judge in cleanup/sentences. Where Hangul stands in it, it ends in a
    final ending (-다, -요, -까 …) and closing punctuation, or in an ending that no noun has (-습니다, -했다, -세요);
    otherwise in closing punctuation after two words. Brackets, references and quotation marks may follow. Endings are
    told apart from nouns by rules of this project (filters/text/endings.py), without a model.
    """

    ends: bool = limit(True, description="drop what does not end like a sentence")
    starts: bool = limit(
        True, description="drop what begins with a sign of a comment, heading or table, a particle or a closing mark"
    )
    balanced: bool = limit(True, description="drop text with an unpaired bracket or quotation mark")
    prose: bool = limit(True, description="drop YAML keys, and code followed by a comment")

    def open(self) -> Callable[[Document], Scores]:
        """Signals `starts`, `ends`, `balanced` and `prose`, each 0 or 1."""
        from filters.text.sentence_form import form

        return lambda document: Scores(dict(zip(FORMS, map(float, document.derive(form)), strict=True)))

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """`no_ending`, `no_start`, `unbalanced` and `code`, in this order."""
        names = {"ends": "no_ending", "starts": "no_start", "balanced": "unbalanced", "prose": "code"}
        return tuple(Rule(rule, signal, at_least=1) for signal, rule in names.items() if getattr(self, signal))
