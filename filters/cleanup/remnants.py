"""Remnants of markup and typing: invisible characters, entities, tags of HTML, empty brackets, blanks."""

import bisect
import html
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import re2

from filters.text.patterns import BLANK, BLANKS, Span, code_spans, cut, outside_code
from filters.text.unicode import repair

Edit = tuple[str, int]  # the text after a rule, and how many characters the rule removed


def removal(text: str, spans: Iterable[Span], between: str = "") -> Edit:
    """The text without these spans, and the characters removed with them."""
    spans = list(spans)
    if not spans:
        return text, 0
    after = cut(text, spans, between)
    return after, len(text) - len(after)


def replacement(text: str, edits: Iterable[tuple[Span, str]]) -> Edit:
    """The text with these ordered, disjoint spans replaced, and by how many characters it got shorter."""
    pieces, position = [], 0
    for (start, end), new in edits:
        pieces += [text[position:start], new]
        position = end
    if not pieces:
        return text, 0
    after = "".join([*pieces, text[position:]])
    return after, len(text) - len(after)


def outside_any_code(text: str, spans: Iterable[Span]) -> list[Span]:
    """Those of the spans that touch no code, Markdown's or what reads like a program."""
    found = list(spans)
    return _code(text).outside(found) if found else found


@lru_cache(maxsize=4)  # the rules of one round ask for the same text
def _code(text: str) -> Any:
    from filters.text.code import code_spans as all_code_spans  # a kernel: Numba is loaded when it is needed

    return all_code_spans(text)


# --- characters that do not show -------------------------------------------------------------------------------
_LINE_ENDS = frozenset("\u2028\u2029\x85")
INVISIBLE = (
    r"[\x{ad}\x{61c}\x{180e}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2064}\x{2066}-\x{206f}\x{feff}"
    r"\x{fff9}-\x{fffb}\x{80}-\x{9f}\x{3164}\x{ffa0}\x{2028}\x{2029}]+"
)
_INVISIBLE = re2.compile(INVISIBLE)
_TO_NOTHING: dict[int, str | None] = {
    code: "\n" if chr(code) in _LINE_ENDS else None
    for first, last in re.findall(r"\\x{(\w+)}(?:-\\x{(\w+)})?", INVISIBLE)
    for code in range(int(first, 16), int(last or first, 16) + 1)
}
# The joiners shape Arabic and Indic words and join emoji: between such characters they are text.
_JOINED = re2.compile(
    r"[\p{Arabic}\p{Syriac}\p{Devanagari}\p{Bengali}\p{Gurmukhi}\p{Gujarati}\p{Oriya}\p{Tamil}\p{Telugu}\p{Kannada}"
    r"\p{Malayalam}\p{Sinhala}\p{Khmer}\p{Myanmar}\p{Mongolian}\p{So}\p{Sk}\x{fe0f}]"
)


def invisible(text: str) -> Edit:
    """Zero-width and direction marks, soft hyphens, BOM, C1 controls, Hangul fillers; line separators become LF."""
    if "\u200c" not in text and "\u200d" not in text:
        after = text
        for code, plain in _TO_NOTHING.items():  # far faster than str.translate: few of them occur in a text
            character = chr(code)
            if character in after:
                after = after.replace(character, plain or "")
        return after, len(text) - len(after) or int(after != text)
    edits = []
    for match in _INVISIBLE.finditer(text):
        start, end = match.span()
        run = text[start:end]
        if (
            run in ("\u200c", "\u200d")
            and _JOINED.match(text[start - 1 : start])
            and _JOINED.match(text[end : end + 1])
        ):
            continue
        edits.append(((start, end), run.translate(_TO_NOTHING)))
    after, shorter = replacement(text, edits)
    return after, shorter or len(edits)


# --- entities --------------------------------------------------------------------------------------------------
ENTITY = r"&(?:(?:amp|AMP|#0*38|#[xX]0*26);)*(?:[A-Za-z][A-Za-z0-9]+|#[0-9]+|#[xX][0-9A-Fa-f]+);"
_ENTITY = re2.compile(ENTITY)
_QUOTES = frozenset("'\"‘’“”")


def entities(text: str) -> Edit:
    """Named and numeric references that end in a semicolon, however often their ampersand was escaped."""
    edits = []
    for start, end in outside_code(text, (match.span() for match in _ENTITY.finditer(text))):
        if text[start - 1 : start] in _QUOTES and text[end : end + 1] in _QUOTES and text[end : end + 1]:
            continue  # '&gt;' is spoken of
        entity = text[start:end]
        name = "&" + entity[entity.rfind(";", 0, -1) + 1 :].removeprefix("&")
        if len(name) > 33:
            continue
        plain = repair(html.unescape(name))
        if plain != name and len(plain) < end - start:
            edits.append(((start, end), plain))
    return replacement(text, edits)


# --- tags ------------------------------------------------------------------------------------------------------
_BLOCK = (
    "br|hr|p|div|ul|ol|li|dl|dt|dd|table|thead|tbody|tfoot|tr|td|th|h[1-6]|blockquote|pre|figure|figcaption|center|"
    "section|article|header|footer|nav|aside|address|details|html|body|head|caption"
)
_INLINE = (
    "span|em|strong|font|img|code|sup|sub|small|big|strike|del|ins|nobr|wbr|iframe|noscript|meta|col|colgroup|kbd|tt|"
    "cite|abbr|embed|svg"
)
_LETTER = "a|b|i|u|s|q"
# Words that also stand in angle brackets as placeholders: tags only with a valued attribute, or closing.
_PLACEHOLDER = (
    "map|data|time|object|link|main|title|label|input|source|output|param|var|summary|menu|select|option|form|"
    "textarea|base|picture|track|fieldset|legend|canvas|area|dialog|template|slot|progress|meter|ruby|rt|rp|"
    "path|video|audio|button|mark|script|style"
)
_S = r"[\s" + BLANK[1:]  # \s of RE2 is ASCII, and blanks() makes plain spaces of the others
_ATTRIBUTE = _S + r"+[A-Za-z_:@#][-A-Za-z0-9_:.@\[\]]*"
_VALUE = _S + "*=" + _S + r"""*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=`]+)"""
_ATTRIBUTES = f"(?:{_ATTRIBUTE}(?:{_VALUE})?)*"
_VALUED = f"{_ATTRIBUTE}{_VALUE}{_ATTRIBUTES}"
_BLOCK_TAG = re2.compile(f"</?(?:{_BLOCK}|{_BLOCK.upper()})(?:{_ATTRIBUTES}){_S}*/?>")
_INLINE_TAG = re2.compile(
    f"</?(?:{_INLINE}|{_INLINE.upper()})(?:{_ATTRIBUTES}){_S}*/?>"
    f"|</?(?:{_LETTER}){_S}*/?>|<(?:{_LETTER}|{_LETTER.upper()}|{_PLACEHOLDER}|{_PLACEHOLDER.upper()}){_VALUED}{_S}*/?>"
    f"|</(?:{_LETTER.upper()}|{_PLACEHOLDER}|{_PLACEHOLDER.upper()}){_S}*>"
)
_NAME = re2.compile("</?([A-Za-z][A-Za-z0-9]*)")
_OPENS = re2.compile(f"<(?i:script|style)(?:{_S}[^<>]*)?>")
_BREAK = re.compile("\n")
_CLOSES = re2.compile("</([A-Za-z][A-Za-z0-9]*)")
_NEVER_CLOSED = frozenset(
    ("br", "hr", "p", "li", "td", "th", "tr", "dt", "dd", "img", "wbr", "input", "meta", "col", "embed")
)
_WITH_CONTENT = (  # what must occur, the pattern
    ("<!--", re2.compile(r"(?s)<!--.*?-->")),
    ("</script", re2.compile(f"(?s)<script(?:{_S}[^<>]*)?>.*?</script{_S}*>")),
    ("</SCRIPT", re2.compile(f"(?s)<SCRIPT(?:{_S}[^<>]*)?>.*?</SCRIPT{_S}*>")),
    ("</style", re2.compile(f"(?s)<style(?:{_S}[^<>]*)?>.*?</style{_S}*>")),
    ("</STYLE", re2.compile(f"(?s)<STYLE(?:{_S}[^<>]*)?>.*?</STYLE{_S}*>")),
    ("<!", re2.compile(r"<!(?i:DOCTYPE)(?:[^<>\n]|\n[^<>\n])*>|<!\[CDATA\[")),
)
TAG = (
    rf"<!|</?(?:{_BLOCK}|{_INLINE}|{_LETTER}|{_BLOCK.upper()}|{_INLINE.upper()}|{_LETTER.upper()})(?:{_S}|[/>])"
    rf"|<(?:{_PLACEHOLDER}|{_PLACEHOLDER.upper()}){_S}|</(?:{_PLACEHOLDER}|{_PLACEHOLDER.upper()})(?:{_S}|>)"
    rf"|<(?i:script|style)(?:{_S}|>)"
)


# A tag that a sentence speaks of (HTML의 <p> 태그, <br>을 쓴다) stands there as a noun does: apart from the word before
# it, and before a blank, a particle or a mark. Where a particle could be a word (이, 가), only within a line.
_NOUN_BEFORE = frozenset((*BLANKS, *"([{（「『《/,·~"))
_NOUN_AFTER = re2.compile(
    r"[,/·、~)\]}）」』》]|(?:은|는|을|를|의|에|에는|에서|에도|와|과|로|으로|라고|라는|처럼|부터|까지|보다|마다)"
    rf"(?:{BLANK}|[.,!?:;)\]]|$)"
)
_NOUN_AFTER_WITHIN = re2.compile(rf"{BLANK}+[^\s<]|(?:이|가|도|만|나|이나|란|이란)(?:{BLANK}|[.,!?:;)])")
_BREAKS = ("br", "hr")  # mark-up between two words as well
_ENDS_SENTENCE = frozenset(".!?…。！？")


def tags(text: str) -> Edit:
    """Tags of HTML elements, comments, script and style with what they hold. Tags of blocks become line feeds. What
    sentences speak of stays."""
    length = len(text)
    closed = {match.group(1).lower() for match in _CLOSES.finditer(text)}
    for needs, pattern in _WITH_CONTENT:
        if needs in text:
            text, _ = removal(text, outside_code(text, _elements(text, pattern)))
    for pattern, between in ((_BLOCK_TAG, "\n"), (_INLINE_TAG, "")):
        found = [match.span() for match in pattern.finditer(text) if _is_tag(text, *match.span(), closed=closed)]
        found = _outside_programs(text, outside_code(text, _no_nouns(text, found)))
        if not between:
            text, found = _apart(text, found)
        text, _ = removal(text, found, between)
    return text, length - len(text)


def _elements(text: str, pattern: Any) -> Iterable[Span]:
    """Comments, and elements with what they hold, but for those whose first tag a sentence speaks of: they begin at
    the next one of their name that none does."""
    for match in pattern.finditer(text):
        start, end = match.span()
        if text[start + 1] == "!" or not _is_noun(text, start, text.index(">", start) + 1):
            yield start, end
            continue
        for opening in _OPENS.finditer(text[start:end]):
            left, right = start + opening.start(), start + opening.end()
            if _name(text, left) == _name(text, start) and not _is_noun(text, left, right):
                yield left, end
                break


def _no_nouns(text: str, found: list[Span]) -> list[Span]:
    """Those of the tags that no sentence speaks of. Where one of a name is mark-up, all of it in that line are."""
    nouns = {span for span in found if _is_noun(text, *span)}
    if not nouns:
        return found
    breaks = [match.start() for match in _BREAK.finditer(text)]
    in_line = [(_name(text, start), bisect.bisect(breaks, start)) for start, _ in found]
    acting = {place for span, place in zip(found, in_line, strict=True) if span not in nouns}
    return [span for span, place in zip(found, in_line, strict=True) if place in acting]


def _name(text: str, start: int) -> str:
    """The element's name of the tag that starts there."""
    return _NAME.match(text[start : start + 16]).group(1).lower()


def _is_noun(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start] or "\n", text[end : end + 5]
    if before != "\n" and before not in _NOUN_BEFORE:
        return False
    if _NOUN_AFTER.match(after):
        return True
    within = before != "\n" and text[max(0, start - 4) : start].rstrip(_ALL_BLANKS)[-1:] not in _ENDS_SENTENCE
    if not within or "=" in text[start:end] or _name(text, start) in _BREAKS:
        return False
    return _NOUN_AFTER_WITHIN.match(after) is not None


def _is_tag(text: str, start: int, end: int, *, closed: set[str]) -> bool:
    """Whether an element's name in angle brackets is a tag: not a type parameter (Vec<P>), not in quotation marks, and
    no placeholder (<head>, <address>), which a tag without attributes is that nothing closes."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if text[start + 1].isupper() and text[start + 2] in "> " and before.isidentifier():
        return False
    if before and before in _QUOTES and after and after in _QUOTES:
        return False
    name = text[start + 1 : end - 1].rstrip("/ ").lower()
    return not name.isalnum() or name in _NEVER_CLOSED or name in closed


def _outside_programs(text: str, found: list[Span]) -> list[Span]:
    """Those of the tags in whose lines no code is left when all tags are blanked: print("<b>") keeps its own."""
    if not found:
        return found
    pieces, position = [], 0
    for start, end in found:
        pieces += [text[position:start], " " * (end - start)]
        position = end
    code = _code("".join([*pieces, text[position:]]))
    return [span for span in found if not code.touches(*span)] if code.kinds else found


def _apart(text: str, found: list[Span]) -> tuple[str, list[Span]]:
    """The text with a blank for each of the tags that open between letters of different scripts (저수준<sup>Low), and
    the other tags where they then stand."""
    pieces, position, shift = [], 0, 0
    others: list[Span] = []
    for start, end in found:
        before, after = text[start - 1 : start], text[end : end + 1]
        if text[start + 1] != "/" and before.isalpha() and after.isalpha() and before.isascii() != after.isascii():
            pieces += [text[position:start], " "]
            position, shift = end, shift + end - start - 1
        else:
            others.append((start - shift, end - shift))
    return "".join([*pieces, text[position:]]), others


# --- empty brackets --------------------------------------------------------------------------------------------
_PAIRS = {"(": ")", "[": "]", "{": "}", "（": "）", "［": "］", "｛": "｝", "「": "」", "『": "』", "【": "】"}
_PAIRS |= {"〔": "〕", "《": "》", "〈": "〉", "〖": "〗", "⟨": "⟩"}
_ENDS = frozenset(_PAIRS.values())
_OPENING = "".join(f"\\x{{{ord(c):x}}}" for c in _PAIRS)
_WIDE_OPENING = "".join(f"\\x{{{ord(c):x}}}" for c in _PAIRS if not c.isascii())
_CLOSING = "".join(f"\\x{{{ord(c):x}}}" for c in _PAIRS.values())
# ASCII brackets count after a CJK character, a blank or a line's start only: anywhere else they belong to code.
_BEFORE_EMPTY = f"(?:[{_WIDE_OPENING}]|(?:^|{BLANK}|[" + r"\p{Hangul}\p{Han}\p{Hiragana}\p{Katakana}])[(\[{])"
EMPTY_PAIR = f"(?m){_BEFORE_EMPTY}(?:[{_OPENING}{_CLOSING}]|{BLANK})*[{_CLOSING}]"
_BRACKET_RUN = re2.compile(EMPTY_PAIR)
_CJK = re2.compile(r"[\p{Hangul}\p{Han}\p{Hiragana}\p{Katakana}]")
_PARTICLE = re2.compile(
    "(?:은|는|이|가|을|를|의|에|와|과|도|로|만|으로|에서|에게|까지|부터|처럼|보다|이나|라는|이란|라고)"
)
# Prose about brackets and about empty values, and blanks to be filled in.
_SPOKEN_OF = re2.compile(
    r"(?:배열|리스트|목록|객체|딕셔너리|사전|튜플|집합|괄호|값|타입|유닛|블록|블럭|함수|메서드|매크로)$"
)
_SPOKEN_OF_ENGLISH = frozenset((
    "function", "fn", "func", "return", "async", "type", "def", "if", "while", "to", "just", "and", "or", "the",
    "a", "an", "with", "of", "in", "as", "is", "are", "be", "by", "for", "use", "uses", "using", "write", "called",
    "operator", "operators", "parentheses", "parenthesis", "brackets", "bracket", "braces", "pair", "pairs", "list",
    "tuple", "array", "key", "set", "dict", "call", "calls", "empty", "either", "than", "like", "character",
    "characters", "symbol", "symbols", "not",
))  # fmt: skip
_BEHIND_ARGUMENTS = frozenset(("const", "noexcept", "throw", "throws", "volatile", "override", "final", "mutable"))
_TO_FILL_IN = re2.compile(BLANK + r"*(?:안|속|에 들어갈|에 알맞은|의 (?:값|타입))")
_WIDE = re2.compile(f"{BLANK}{BLANK}|\\x{{3000}}")  # a blank as wide as a word
# 수도는 ( )이다: a particle before the brackets and an ending behind them have no noun but the one to fill in
_AFTER_PARTICLE = re2.compile(r"\p{Hangul}(?:은|는|을|를|에|의|에서|으로|와|과) *$")
_ENDING = re2.compile(
    BLANK + r"*(?:이다|이고|이며|이라|입니다|이었|였|라고|다[.]|은|는|이|가|을|를|의|에|로|으로|와|과)"
)


def brackets(text: str) -> Edit:
    """Pairs of brackets with nothing in them, nested ones too. Calls, literals, check boxes and blanks to fill stay."""
    found: list[Span] = []
    for match in _BRACKET_RUN.finditer(text):
        start, end = match.span()
        found += _empty_pairs(text, start + (text[start] not in _PAIRS), end)
    for number, (start, end) in enumerate(found):
        if _CJK.match(text[end : end + 1]) and text[start] in _PAIRS and text[start - 1 : start] in BLANKS:
            # a particle stands behind the brackets: 고조선 ( )의
            before = text[max(0, start - 20) : start].rstrip(_ALL_BLANKS)
            behind = text[end : end + 2].strip(_ALL_BLANKS + "\n.,")
            if before and _CJK.match(before[-1]) and _PARTICLE.fullmatch(behind):
                found[number] = (max(0, start - 20) + len(before), end)
    return removal(text, outside_any_code(text, found))


def _empty_pairs(text: str, start: int, end: int) -> list[Span]:
    """The outermost empty pairs in text[start:end], which holds brackets and blanks only."""
    open_at: list[tuple[int, bool]] = []  # where a bracket opened, and whether anything but blanks stays inside
    found: list[Span] = []
    for position in range(start, end):
        character = text[position]
        if character in _PAIRS:
            open_at.append((position, False))
        elif character not in BLANKS:
            if not open_at or _PAIRS[text[open_at[-1][0]]] != character:
                open_at.clear()
                continue
            first, filled = open_at.pop()
            if not filled and open_at and text[first - 1] in _PAIRS and text[position + 1 : position + 2] in _ENDS:
                continue  # stays or goes with the brackets around it
            if not filled and _removable(text, first, position + 1):
                while found and found[-1][0] > first:
                    found.pop()
                found.append((first, position + 1))
            elif open_at:
                open_at[-1] = (open_at[-1][0], True)
    return found


def _removable(text: str, start: int, end: int) -> bool:
    if _WIDE.search(text[start + 1 : end - 1]):
        return False
    if text[start] not in "([{":
        return True
    apart = text[start - 1 : start] == " "
    if apart and (text[start] != "(" or text[start + 1 : end - 1].strip()):
        return False  # [] and ([]) in running text are spoken of
    before = text[max(0, start - 12) : start]
    word = before.rstrip(" ")
    after = text[end : end + 12]
    if _TO_FILL_IN.match(after) or after.startswith(("{", "=", ";", ".", "(", "[", ":")):
        return False
    if not word or word[-1] in "\n([{（「":
        # first on its line or in other brackets
        return word[-1:] in ("（", "「") or (after[:1] == " " and bool(_CJK.match(after[1:2])))
    if _CJK.match(word[-1]):
        return not _SPOKEN_OF.search(word) and not (
            (apart and _AFTER_PARTICLE.search(before) and (_ENDING.match(after) or word.endswith("에")))
            or word[-1] in "をにはがのでと"
        )
    # English: a word, a blank, the brackets, a blank, a word; never name() or function () {
    return (
        text[start] == "("
        and "\t" not in text[max(0, start - 120) : start].rpartition("\n")[2]  # a cell of a table
        and _BEHIND_ARGUMENTS.isdisjoint(after.split()[:1])
        and len(word) < len(before)
        and word[-1].islower()
        and after[:1] == " "
        and after[1:2].islower()
        and word.split()[-1].lower() not in _SPOKEN_OF_ENGLISH
    )


# --- blanks ----------------------------------------------------------------------------------------------------
# Within a line, tabs are not counted: extractors set them between the cells of a table.
_NO_BLANK, _SPACE = "[^\\n" + BLANK[1:], BLANK.replace("\\t", "")
DOUBLE_BLANK = f"(?m){_NO_BLANK}{_SPACE}{_SPACE}|{BLANK}$"
_DOUBLE_SPACE = re2.compile(f"{_NO_BLANK}{_SPACE}{_SPACE}+")
_ALL_BLANKS = "".join(sorted(BLANKS))
_RARE = re2.compile("[" + BLANK[1:].replace(" \\t", ""))  # any blank but space and tab
_SPACES = _ALL_BLANKS.replace("\t", "")
_VERBATIM_STARTS = ("\t", ">", "|", "│", "├", "└", "//")
# Lines whose blanks say something: indented by four, code, tables, trees, aligned comments and numbers.
_VERBATIM = re2.compile(
    r"^(?:\t| {4}|[>|│├└┌║$])|^ *(?://|#+ |\* ) |[;{}\\]$|\t\t|[0-9]  +[-0-9]|\|.*\|"
    r"|  +(?:#|//|/\*|--|<!--|\^|│|←|=|\|)|[\[(,=:]  +[-0-9\"'\[({.]|[(\[{（［][ \x{3000}]{2,}[)\]}）］]"
)
_CODE_SIGNS = frozenset("={}[]_<>\\|/")


def blanks(text: str) -> Edit:
    """Runs of blanks within a line become a space, blanks at its end go; indentation, code and tables stay.

    Two spaces at a line's end stay: a line break of Markdown.
    """
    from filters.text.blanks import TRAILING, WITHIN, loose_lines  # a kernel: Numba is loaded when it is needed

    edits = []
    for start, end, kind in loose_lines(text):
        line = text[start:end]
        within = kind & WITHIN and line[:4].strip(_SPACES) and not line.startswith(_VERBATIM_STARTS)
        if not (within or kind & TRAILING):
            continue
        bare = _bare(line) if end < len(text) else line.rstrip(_ALL_BLANKS)
        if within:
            bare = _single(bare)
        if bare != line:
            edits.append(((start, end), bare))
    code = code_spans(text) if edits else ()
    return replacement(text, (edit for edit in edits if not (code and _touches(code, *edit[0]))))


def _single(line: str) -> str:
    """The line with its inner runs of blanks made one space each, unless they say something."""
    ascii_only = line.isascii()
    if (ascii_only and not _CODE_SIGNS.isdisjoint(line)) or _VERBATIM.search(line):
        return line
    if not ascii_only and not _CODE_SIGNS.isdisjoint(line) and not _CJK.search(line):
        return line
    if "\t" in line or (not ascii_only and _RARE.search(line) is not None):
        spans = [match.span() for match in _DOUBLE_SPACE.finditer(line)]
        return replacement(line, (((start + 1, end), " ") for start, end in spans if end < len(line)))[0]
    body = line.strip(" ")
    start = line.find(body[:1])
    after = line[start + len(body) :]
    while "  " in body:
        body = body.replace("  ", " ")
    return line[:start] + body + after


def _bare(line: str) -> str:
    bare = line.rstrip(_ALL_BLANKS)
    return line if bare and len(line) == len(bare) + 2 and line.endswith("  ") else bare


def _touches(spans: Sequence[Span], start: int, end: int) -> bool:
    """Whether one of the ordered, disjoint spans and this line have a character in common."""
    index = bisect.bisect_left(spans, (start, start))
    return any(first < end and start < last for first, last in spans[max(index - 1, 0) : index + 1])
