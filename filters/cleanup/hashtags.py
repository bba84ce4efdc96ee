"""Hashtags: a run of them at the end of what is written goes, one that stands in a sentence keeps its word."""

from dataclasses import dataclass

import re2

from filters.cleanup.remnants import Edit, outside_any_code, removal, replacement
from filters.text.patterns import BLANK as B
from filters.text.patterns import BLANKS, Span

HASHTAG = r"[#＃][\p{L}\p{N}_]"
_HASHTAG = re2.compile(r"[#＃]([\p{L}\p{N}_]+)")
_HANGUL = re2.compile(r"\p{Hangul}")
_YEAR_TAG = re2.compile(r"(?:19|20)[0-9][0-9]\p{L}{2}")  # #2022월드컵; #1, #305호 and #1234를 are numbers
_COLOUR = re2.compile(r"[0-9A-Fa-f]{3,4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8}")
_DIRECTIVE = re2.compile(  # of C, C#, R, Rust, editors and linters
    "include|define|undef|ifdef|ifndef|if|elif|else|endif|pragma|error|warning|line|region|endregion|import|using|use|let|"
    "set|show|eval|coding|encoding|nullable|r|load|reference|TODO|FIXME|NOTE|noqa|type"
)
# What stands before a comment, and around a selector
_CODE_SIGN = re2.compile(r"[=;(){}\[\]]")
_ASSIGNMENT = re2.compile(r"\s=\s")
_ENDS_IN_CODE = re2.compile(r"[{};]" + B + "*$")
_NEXT_IS_BRACE = re2.compile(r"\s*\{")
_SENTENCE_END = re2.compile(r"[.!?…。](?:" + B + "|$)")
_OPENING, _CLOSING = "‘“'\"`([{<「『《〈", "’”'\"`]}>」』》〉"
# 우리 팀은 #드림팀: the sentence needs the word
_PARTICLE_BEFORE = re2.compile(r"\p{Hangul}(?:은|는|을|를|의|와|과|에서|으로)" + B + "+$")
_BEFORE_TAIL = re2.compile(r"[.!?…~。\p{Hangul}\p{So}]" + B + "*$")
_MAX_AROUND = 400


@dataclass(slots=True)
class _Run:
    """Hashtags with at most blanks between them: the span, and where each one's sign stands."""

    start: int
    end: int
    signs: list[int]


def hashtags(text: str) -> Edit:
    """Runs of #tags that end a line go with the blanks before them; within a sentence only the signs go.

    Numbers (#1), colours (#ffcc00), fragments of addresses, Markdown headings and links, comments, directives and
    selectors of code, and tags in quotation marks or brackets are no hashtags.
    """
    gone: list[Span] = []
    signs: list[Span] = []
    for run in _runs(text):
        before, after = text[run.start - 1 : run.start], text[run.end : run.end + 1]
        if (before and before in _OPENING) or (after and after in _CLOSING):
            continue
        first = max(0, run.start - _MAX_AROUND)
        head = text[max(first, text.rfind("\n", first, run.start) + 1) : run.start]
        rest = text[run.end : run.end + _MAX_AROUND].split("\n", 1)[0]
        if _is_code(text, run, head, rest):
            continue
        glued = before and before != "\n" and before not in BLANKS
        if rest.strip(_ALL_BLANKS):
            if not glued and _in_sentence(text[run.start : run.end], head, rest):
                signs += [(sign, sign + 1) for sign in run.signs]
        elif len(run.signs) == 1 and not glued and _PARTICLE_BEFORE.search(head):
            signs.append((run.start, run.start + 1))
        elif _ends_writing(text, run, before) if glued else _is_tail(run, text[run.start : run.end], head):
            gone.append((run.start, run.end))
    shorter, removed = removal(text, outside_any_code(text, gone))
    if signs and not removed:  # one kind at a time: the rule is asked again, and spans are those of one text
        return replacement(text, ((span, "") for span in outside_any_code(text, signs)))
    return shorter, removed


_ALL_BLANKS = "".join(sorted(BLANKS))


def _runs(text: str) -> list[_Run]:
    """The runs of what can be a hashtag by its letters."""
    runs: list[_Run] = []
    for match in _HASHTAG.finditer(text):
        start, end = match.span()
        tag = text[start + 1 : end]
        if tag.isdigit() or not any(map(str.isalpha, tag[:64])) or (tag[0].isdigit() and not _YEAR_TAG.match(tag)):
            continue
        if tag.isascii() and (_COLOUR.fullmatch(tag) or _DIRECTIVE.fullmatch(tag)):
            continue
        if runs and BLANKS.issuperset(text[runs[-1].end : start]):
            runs[-1].end = end
            runs[-1].signs.append(start)
        else:
            runs.append(_Run(start, end, [start]))
    return runs


def _is_code(text: str, run: _Run, head: str, rest: str) -> bool:
    """Whether the line is code: a comment after ASCII with a sign of code, a selector, a fragment of an address."""
    if _ENDS_IN_CODE.search(rest) or (
        not head.strip() and not rest.strip() and _NEXT_IS_BRACE.match(text[run.end : run.end + 24])
    ):
        return True
    ascii_tag = text[run.start + 1 : run.end].isascii()
    if _ASSIGNMENT.search(head):
        return True
    if head.strip() and (head.isascii() or ascii_tag) and (_CODE_SIGN.search(head) or head.rstrip().endswith(":")):
        return True
    token = head.split(" ")[-1]
    return bool(token) and ("/" in token or "[" in token)


def _in_sentence(run: str, head: str, rest: str) -> bool:
    """Whether what stands on both sides, or only after, makes a sentence with the tags.

    ASCII after # is a comment, a number of a file or an error of a spreadsheet (#VALUE!) more often than a tag: it
    needs a capital and the end of a sentence. At the beginning of a line Korean tags need the end too.
    """
    if not run.isascii():
        return bool(head.strip()) or bool(_SENTENCE_END.search(rest))
    return bool(head.strip()) and run[1].isupper() and rest[0] in " \t,.…" and bool(_SENTENCE_END.search(rest))


def _is_tail(run: _Run, tags: str, head: str) -> bool:
    """Whether the tags that end a line were written as such: Korean ones, several, or one after a sentence."""
    return not tags.isascii() or len(run.signs) > 1 or bool(_BEFORE_TAIL.search(head))


def _ends_writing(text: str, run: _Run, before: str) -> bool:
    """Whether tags glued to a word or its punctuation are Korean ones, at the end of what is written."""
    return bool(_HANGUL.search(text[run.start : run.end])) and (bool(_HANGUL.match(before)) or before in ".!?~…❤♥)")
