"""Whether a piece of text has the form of a sentence: how it begins and ends, and whether it is whole."""

from typing import NamedTuple

import re2

from filters.text.endings import has_final_ending
from filters.text.unicode import repair

_HANGUL = re2.compile("[가-힣]")
_MARKS = frozenset(".!?。！？…‥")
_DECORATION = frozenset(" \t\u00a0\u3000~∼～^*_ㅋㅎㅠㅜㅡ♡♥★☆;")
_PAIRS = {")": "(", "]": "[", "）": "（", "］": "［", "”": "“", "’": "‘", "」": "「", "』": "『", '"': '"', "'": "'"}
_PAIRS |= {"〉": "〈", "》": "《", "】": "【"}
_QUOTES = frozenset("”’」』\"'")
_FACE_ENDS = frozenset("()DP^")
_PARTICLES = frozenset("을를은는에으이라부까처하인")
_MAX_TAIL = 8  # brackets and quotations looked through at the end

# Signs of comments, headings, prompts, tables and mark-up; what closes something that was never opened; particles
_NO_START = re2.compile(
    r"(?:#|//|/\*|\*/|\"\"\"|'''|```|~~~|>>>|\$[ \t]|==|=>|[|%@&<}\])）」』”,:;、。·→¶]"
    r"|--+[ \t]?[A-Za-z가-힣-]|\.[^.A-Za-z])"
    r"|(?:을|를|은|는|에서|에게|으로|이라는|라는|이라고|라고|에는|에도|까지|부터|처럼|이며|하며|하는|인)[ \t,]"
)
_CODE = re2.compile(
    r"^[a-z_][A-Za-z0-9_.-]*[ \t]*:(?:[ \t]|$)"  # a key of YAML
    r"|^[\x00-\x7f]+[ \t]#[ \t]?[^\x00-\x7f]|^[\x00-\x7f]*[;{}),\s][ \t]*(?://|/\*|--)[ \t]"  # a comment after code
)
_INLINE_CODE = re2.compile("`[^`]*`")
_NUMBERED = re2.compile(r"^(?:[>*+•·▪■□○●◦▶▷◆◇※\-–—][ \t\x{a0}\x{3000}]+)*(?:\(?[0-9A-Za-z가-힣]{1,3}[.)][ \t])?[ \t]*")
_FACE = re2.compile(r"[:;=]'?-?[()DP]|\^[_.]?\^;*\)|\([\^;ㅡㅜㅠTㅇ>][^()]{0,4}[\^;ㅡㅜㅠT<ㅇ]\)")
_FACE_AT_END = re2.compile(f"(?:{_FACE.pattern})\\s*$")
_ENGLISH = re2.compile(r"\p{L}[^\s]*[ \t\x{a0}\x{3000}]+[^\s]*\p{L}|[\p{Han}\p{Hiragana}\p{Katakana}]{3}|\p{Thai}{3}")


class Form(NamedTuple):
    """The form of a piece of text.

    starts    it begins as a sentence can, not like a comment, a heading, a row of a table or after a cut
    ends      it ends as a sentence: in a final ending where Hangul stands in it, else in closing punctuation
    balanced  brackets and quotation marks that open close again, and the other way round
    prose     no key of YAML and no code with a comment after it
    """

    starts: bool
    ends: bool
    balanced: bool
    prose: bool


def form(text: str) -> Form:
    """The form of a text, which is taken for one sentence; white space at its ends does not count."""
    try:
        body = text.strip()
        body.encode()
    except UnicodeEncodeError:
        body = repair(text).strip()
    if body and not _is_hangul(body[0]):
        body = body[_NUMBERED.match(body).end() :]
    return Form(_starts(body), _ends(body), _balanced(body), _is_prose(body))


def _is_hangul(character: str) -> bool:
    return "가" <= character <= "힣"


def _starts(body: str) -> bool:
    # most sentences begin with a syllable that no particle begins with
    first = body[:1]
    return bool(first) and not ((first in _PARTICLES or not _is_hangul(first)) and _NO_START.match(body[:24]))


def _is_prose(body: str) -> bool:
    if not body[:1].isascii():
        return True  # keys and code begin in ASCII
    return not _CODE.search(_INLINE_CODE.sub("", body) if "`" in body else body)


def _ends(text: str) -> bool:
    """Whether a text ends as a sentence, whatever brackets, references and marks come after the ending."""
    text = text.rstrip()
    question = text[-1:] in "?？"
    if text[-1:] in _FACE_ENDS:
        face = _FACE_AT_END.search(text[-12:])
        if face:
            text = text[: max(0, len(text) - 12) + face.start()] + "."
    end, marked, colon = len(text), False, False
    for _ in range(_MAX_TAIL):
        while end and (text[end - 1] in _MARKS or text[end - 1] in _DECORATION):
            marked = marked or text[end - 1] in _MARKS
            end -= 1
        if end and text[end - 1] in ":：" and end == len(text):
            colon, end = True, end - 1
            continue
        opening = _PAIRS.get(text[end - 1 : end])
        if opening is None:
            break
        start = text.rfind(opening, 0, end - 1)
        if start < 0:
            end -= 1  # closes what an earlier sentence opened
        elif not text[:start].strip(" \t-–—"):
            return _ends(text[start + 1 : end - 1] + ("." if marked else ""))
        elif text[end - 1] in _QUOTES:
            return False  # what stands before the quotation has no verb
        else:
            end = start
    if end and _is_hangul(text[end - 1]):
        return has_final_ending(text[max(0, end - 24) : end], marked, question)
    if text.isascii() or _HANGUL.search(text) is None:
        return marked and not colon and _ENGLISH.search(text) is not None
    return False


def _balanced(text: str) -> bool:
    return _closes(text) or (_FACE_ENDS.intersection(text) != set() and _closes(_FACE.sub("", text)))


def _closes(text: str) -> bool:
    if text.isascii():
        pairs: tuple[str, ...] = ("()", "[]")
    else:
        pairs = ("()", "[]", "“”", "「」", "『』", "（）")
    return text.count('"') % 2 == 0 and all(text.count(pair[0]) == text.count(pair[1]) for pair in pairs)
