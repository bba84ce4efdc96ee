"""Runs of one character, found in all of a text at once."""

from collections.abc import Callable, Sequence

import numpy as np

_SIGNS = "!?.~^;,…·ㆍ‥。、！？～〜♡♥★☆ㅡ"
_LAST = 0x2FFFF
_KINDS: np.ndarray | None = None
_JAMO, _LETTER_OR_SIGN = 1, 2


def _kinds() -> np.ndarray:
    """By code point, shape (0x30000,): 1 for compatibility jamo, 2 for letters beyond ASCII and signs, else 0."""
    global _KINDS
    if _KINDS is None:
        import regex

        kinds = np.zeros(_LAST + 1, dtype=np.uint8)
        for match in regex.finditer(r"[\p{L}--\p{ASCII}]+", "".join(map(chr, range(0xD800))), regex.V1):
            kinds[match.start() : match.end()] = _LETTER_OR_SIGN
        rest = "".join(map(chr, range(0xE000, _LAST + 1)))
        for match in regex.finditer(r"\p{L}+", rest):
            kinds[0xE000 + match.start() : 0xE000 + match.end()] = _LETTER_OR_SIGN
        kinds[[ord(sign) for sign in _SIGNS]] = _LETTER_OR_SIGN
        kinds[0x3131:0x3164] = _JAMO
        _KINDS = kinds
    return _KINDS


def _kinds_within(codes: np.ndarray, same: np.ndarray, bound: int) -> np.ndarray:
    """The kinds of the characters inside runs longer than bound; same: whether neighbours are equal."""
    if len(same) < bound:
        return np.zeros(0, dtype=np.uint8)
    # such a run has bound equal neighbours in a row
    streak = same[bound - 1 :].copy()
    for shift in range(1, min(bound, 4)):
        streak &= same[bound - 1 - shift : len(same) - shift]
    inside = np.flatnonzero(streak)
    return _kinds()[np.minimum(codes[inside], _LAST)] if len(inside) else np.zeros(0, dtype=np.uint8)


def shorten_runs(
    text: str,
    longest_jamo: int | None,
    longest: int | None,
    kept: Callable[[str], Sequence[tuple[int, int]]] = lambda text: (),
) -> tuple[str, int, int]:
    """The text with runs of one jamo cut to longest_jamo, runs of one letter beyond ASCII or one sign cut to longest.

    None cuts nothing. kept(text) names spans to leave as they are. Returns the text and how many characters were
    removed of jamo, and of the rest.
    """
    bound = min(value for value in (longest_jamo, longest) if value is not None)
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    if len(codes) <= bound:
        return text, 0, 0
    same = codes[1:] == codes[:-1]
    # spaces, digits and rules of dashes are of no kind; three dots are within the longest run of a sign
    kinds = _kinds_within(codes, same, bound)
    if longest is not None and longest > bound and not (kinds == _JAMO).any():
        kinds = _kinds_within(codes, same, longest) if kinds.any() else kinds
    if not kinds.any():
        return text, 0, 0
    starts = np.concatenate(([0], np.flatnonzero(~same) + 1))
    lengths = np.diff(np.concatenate((starts, [len(codes)])))
    long = lengths > bound
    starts, lengths = starts[long], lengths[long]
    kinds = _kinds()[np.minimum(codes[starts], _LAST)]
    limits = np.where(kinds == _JAMO, longest_jamo or len(codes), longest or len(codes))
    chosen = (kinds > 0) & (lengths > limits)
    if not chosen.any():
        return text, 0, 0
    protected = kept(text)
    pieces, position, removed = [], 0, [0, 0, 0]
    ends = [end for _, end in protected]
    for start, length, limit, kind in zip(
        starts[chosen].tolist(), lengths[chosen].tolist(), limits[chosen].tolist(), kinds[chosen].tolist(), strict=True
    ):
        if protected:
            index = int(np.searchsorted(ends, start, side="right"))
            if index < len(protected) and protected[index][0] < start + length:
                continue
        pieces.append(text[position : start + limit])
        position = start + length
        removed[kind] += length - limit
    pieces.append(text[position:])
    return "".join(pieces), removed[_JAMO], removed[_LETTER_OR_SIGN]
