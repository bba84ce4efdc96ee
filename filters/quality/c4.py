"""C4's page rules: lorem ipsum, curly brackets, and the number of sentences."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from filters.cleanup.c4_lines import DEFAULTS as LINE_DEFAULTS
from filters.cleanup.c4_lines import LineRules, fill
from filters.contracts import Judge, Scores, limit, strategy
from filters.document import Document
from filters.needs import need
from filters.rules import Rule

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "dclm": {**LINE_DEFAULTS["dclm"], "min_sentences": 3, "max_characters": 190_000},
    "datatrove": {**LINE_DEFAULTS["datatrove"], "min_sentences": 5, "max_characters": None},
}


@strategy
class C4(LineRules, Judge):
    """C4's page rules, over the page as C4's line rules would leave it.

    max_characters  of the page before any line is removed (DCLM and TFDS: 190,000)
    lorem_ipsum     no line that is complete, terminated and long enough has "lorem ipsum"
    curly_bracket   no such line, less those with "javascript", has "{"
    too_few_sentences  in the lines that stay
    too_few_long_lines  off by default; mC4's rule in place of terminal punctuation: 3 lines of 200 characters

    The judge changes nothing, `cleanup/c4-lines` with the same settings does. Put the judge first: its decisions are
    then those of datatrove's C4QualityFilter, whose page rules look at lines before they are removed. Sentences are
    counted by rules over characters that follow spaCy's sentencizer; `splitter: spacy` asks spaCy itself, which is
    about a hundred times slower.
    Sources: Raffel et al. 2020; TFDS c4_utils.py; DCLM's c4.yaml; datatrove 0.10.1.
    """

    min_sentences: int | None = limit(3, ge=0, description="fewest sentences in a page; null = off")
    max_characters: int | None = limit(190_000, ge=0, description="most characters in a page; null = off")
    curly_bracket: bool = limit(True, description='drop pages with "{"')
    lorem_ipsum: bool = limit(True, description='drop pages with "lorem ipsum"')
    min_long_lines: int | None = limit(
        None, ge=0, description="fewest lines of `long_line` characters in a page (mC4: 3); null = off"
    )
    long_line: int = Field(200, ge=1, description="characters that make a line long")
    splitter: Literal["rules", "spacy"] = Field(
        "rules", description="what counts sentences; spacy needs the extra `spacy`"
    )

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, given: Any) -> Any:
        return fill(given, DEFAULTS)

    def check(self) -> None:
        """Raises ResourceError if the settings ask for spaCy and it is missing."""
        if self.splitter == "spacy":
            need("spacy", "quality/c4: splitter spacy")

    def open(self) -> Callable[[Document], Scores]:
        """Scores {"characters", "lorem_ipsum", "curly_bracket": lines, "sentences", "long_lines"}."""
        from filters.text.lines import c4_reader

        options = self.options(long_line=self.long_line)
        count = _spacy_sentences() if self.splitter == "spacy" else None

        def scores(document: Document) -> Scores:
            page = document.derive(c4_reader(options(str(document.notes.get("language", "")))))
            return Scores(
                {
                    "characters": float(page.characters),
                    "lorem_ipsum": float(page.lorem),
                    "curly_bracket": float(page.curly),
                    "sentences": float(page.sentences if count is None else sum(map(count, page.text.split("\n")))),
                    "long_lines": float(page.long_lines),
                }
            )

        return scores

    def rules(self, language: str = "") -> tuple[Rule, ...]:
        """The rules in C4's order, without those that are off."""
        rules = []
        if (most := self.value("max_characters", language)) is not None:
            rules.append(Rule("max_characters", "characters", at_most=most))
        if (long_lines := self.value("min_long_lines", language)) is not None:
            rules.append(Rule("too_few_long_lines", "long_lines", at_least=long_lines))
        if self.lorem_ipsum:
            rules.append(Rule("lorem_ipsum", "lorem_ipsum", at_most=0))
        if self.curly_bracket:
            rules.append(Rule("curly_bracket", "curly_bracket", at_most=0))
        if (least := self.value("min_sentences", language)) is not None:
            rules.append(Rule("too_few_sentences", "sentences", at_least=least))
        return tuple(rules)


@functools.cache
def _spacy_sentences() -> Callable[[str], int]:
    """A function that counts sentences as datatrove does: spaCy's English tokenizer and its sentencizer."""
    import spacy

    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")

    def count(line: str) -> int:
        pipeline.max_length = max(pipeline.max_length, len(line) + 10)
        with pipeline.memory_zone():
            return sum(bool(sentence.text.strip()) for sentence in pipeline(line).sents)

    return count


__all__ = ["C4"]
