"""C4's line rules as a rewriter, and the settings that C4's page rules share with them."""

import string
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import ArgsKwargs

from filters.by_language import ByLanguage
from filters.contracts import FrozenMap, Rewriter, by_language, strategy
from filters.document import Document, Drop

if TYPE_CHECKING:
    from filters.text.lines import LineOptions

# Korean prose ends its sentences like English (다. 요. ?), and besides in full-width marks, "…" and closing
# quotes: a line of dialogue ends in one.
KOREAN_TERMINALS = ".?!…\"'”’。？！」』"

MAX_PHRASES = 50  # of a language; the kernel tells phrases apart by a mask of 63 bits

# What stands in Korean where an English page has C4's phrases: cookie notices, links to policies, script warnings
KOREAN_PHRASES = (
    *("자바스크립트를 활성화", "자바스크립트를 사용", "쿠키를 사용", "쿠키 정책", "쿠키 설정", "쿠키 허용"),
    *("개인정보처리방침", "개인정보 처리방침", "개인정보 취급방침", "개인정보취급방침", "이용약관", "이용 약관"),
)

# What `semantics` means for the settings that are not given. DCLM (baselines_configs/c4.yaml) has the numbers of the
# original code (TFDS c4_utils.py); datatrove 0.10.1 (C4QualityFilter) has those its docstring takes from the paper.
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "dclm": {"terminal": {"": '.?!"', "ko": KOREAN_TERMINALS}, "min_words": 5},
    "datatrove": {"terminal": {"": ".?!\"'", "ko": KOREAN_TERMINALS}, "min_words": 3},
}

# The same text has 0.68 of the words in Korean that it has in English (docs/korean.md): 5 words become 3.
LANGUAGES: Mapping[str, Mapping[str, float | None]] = {"ko": {"min_words": 3}}


def fill(given: Any, defaults: Mapping[str, Mapping[str, Any]]) -> Any:
    """Settings as they were given to a strategy, with those that follow from `semantics` filled in."""
    if not isinstance(given, ArgsKwargs):
        return given
    settings = dict(given.kwargs or {})
    chosen = defaults.get(settings.get("semantics", "dclm"), {})
    return ArgsKwargs(given.args, {**chosen, **settings})


@strategy
class LineRules(ByLanguage):
    """What C4 asks of a line."""

    semantics: Literal["dclm", "datatrove"] = Field(
        "dclm",
        description="whose reading of C4: it sets the defaults below, and how lines are split and stripped "
        "(dclm: at newlines, blank lines stay; datatrove: as str.splitlines, lines stripped)",
    )
    terminal: FrozenMap[str, str] = Field(
        FrozenMap(DEFAULTS["dclm"]["terminal"]),
        description='characters by language, one of which a line must end in ("" = all other languages); '
        "an empty string switches the rule off, as FineWeb does",
    )
    ellipsis: bool = Field(
        True, description='remove lines that end in "...", for languages in which "…" is not a terminal'
    )
    min_words: int | None = by_language(5, ge=0, description="fewest words (between white space) in a line; null = off")
    max_word_characters: int | None = Field(1000, ge=1, description="remove lines with a longer word; null = off")
    citations: bool = Field(True, description="remove citation marks: [3], [], [edit], [citation needed]")
    javascript: bool = Field(True, description='remove lines with the word "javascript"')
    policy: bool = Field(True, description="remove lines with phrases about cookies, privacy and terms of use")

    phrases: FrozenMap[str, tuple[str, ...]] = Field(
        FrozenMap({"ko": KOREAN_PHRASES}),
        description="more phrases by language that remove a line, whatever the case of A to Z; booked under policy",
    )
    shipped: ClassVar[Mapping[str, Mapping[str, float | None]]] = LANGUAGES

    @field_validator("phrases")
    @classmethod
    def _lower(cls, given: FrozenMap[str, tuple[str, ...]]) -> FrozenMap[str, tuple[str, ...]]:
        for language, phrases in given.items():
            if len(phrases) > MAX_PHRASES or any(not phrase.strip() or "\n" in phrase for phrase in phrases):
                raise ValueError(f"{language}: at most {MAX_PHRASES} phrases, none empty or with a newline")
        lower = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
        return FrozenMap({name: tuple(phrase.translate(lower) for phrase in given[name]) for name in given})

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, given: Any) -> Any:
        return fill(given, DEFAULTS)

    def options(self, **more: Any) -> "Callable[[str], LineOptions]":
        """A function from language to the kernel's options."""
        from filters.text.lines import LineOptions

        dclm = self.semantics == "dclm"

        def build(language: str) -> LineOptions:
            words = self.value("min_words", language)
            terminal = self.terminal.get(language, self.terminal.get("", ""))
            return LineOptions(
                any_break=not dclm, strip=not dclm, trim_end=dclm, keep_blank=dclm, words_after_citations=dclm,
                citations=self.citations, terminal=terminal, ellipsis=self.ellipsis and "…" not in terminal,
                min_words=-1 if words is None else int(words),
                max_word=-1 if self.max_word_characters is None else self.max_word_characters,
                script=self.javascript, policy=self.policy,
                phrases=self.phrases.get(language, self.phrases.get("", ())), **more,
            )  # fmt: skip

        known = {language: build(language) for language in {"", *self.terminal, *self.phrases, *self.languages}}
        return lambda language: known.get(language) or known[""]

    def made_for(self) -> frozenset[str] | None:
        """Languages with terminal punctuation of their own and, where phrases count, with phrases."""
        terminal = {"en", *self.terminal} - {""} if any(self.terminal.values()) else None
        phrases = {"en", *self.phrases} - {""} if self.policy or self.javascript else None
        if terminal is None or phrases is None:
            both = terminal or phrases
            return None if both is None else frozenset(both)
        return frozenset(terminal & phrases)

    def warnings(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Terminal punctuation and phrases are known for some languages only."""
        said = []
        named = {language for language in self.terminal if language} | {"en"}
        unknown = sorted(set(languages) - named)
        if unknown and any(self.terminal.values()):
            said.append(f"C4's terminal punctuation is that of English for {', '.join(unknown)}; set `terminal`")
        foreign = sorted(set(languages) - {"en", *self.phrases})
        if foreign and (self.policy or self.javascript):
            said.append(f"C4's phrases (javascript, cookies) are English; set `phrases` for {', '.join(foreign)}")
        return tuple(said)


@strategy
class C4Lines(LineRules, Rewriter):
    """C4's line rules: keeps sentences, removes menus, code and cookie notices.

    In this order a line is removed for a word of over 1000 characters, for no terminal punctuation at its end, for
    fewer words than `min_words`, for "javascript", for a phrase of policies; citation marks are cut out of the lines
    that stay. A page of which nothing stays is dropped. Sources: Raffel et al. 2020; DCLM's c4.yaml; datatrove's
    C4QualityFilter.

    The page rules (lorem ipsum, curly brackets, sentences) are `quality/c4`; put it first for decisions that equal
    theirs, since a removed line may have held the bracket.
    """

    def open(self) -> Callable[[Document], Document | Drop]:
        """The rewriter; edits name the line rules and `white_space` (line ends and white space around lines)."""
        from filters.text.lines import LINE_RULES, c4_reader

        options = self.options()

        def rewrite(document: Document) -> Document | Drop:
            page = document.derive(c4_reader(options(str(document.notes.get("language", "")))))
            if not page.text:
                return Drop("no_lines_left", 0, 1)
            edits = {rule: int(count) for rule, count in zip(LINE_RULES, page.removed, strict=True)}
            edits["white_space"] = page.characters - len(page.text) - sum(edits.values())
            return document.with_text(page.text, edits)

        return rewrite


__all__ = ["C4Lines", "LineRules"]
