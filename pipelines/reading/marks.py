"""The brackets, braces and commas of JSON that stand outside of its strings, found without a step for each of them."""

import numpy as np

QUOTE, BACKSLASH, OPEN, CLOSE, COMMA = range(1, 6)
_BLOCK_BYTES = 1 << 20

_KINDS = np.zeros(256, dtype=np.uint8)
for _kind, _characters in ((QUOTE, b'"'), (BACKSLASH, b"\\"), (OPEN, b"[{"), (CLOSE, b"]}"), (COMMA, b",")):
    _KINDS[list(_characters)] = _kind


class Marks:
    """The marks of a stream of JSON, block after block."""

    def __init__(self) -> None:
        self._within = 0  # a string
        self._escaped = False  # the next byte is

    def of(self, block: bytes) -> tuple[np.ndarray, np.ndarray]:
        """Where the marks of the next block stand in it, and whether each is OPEN, CLOSE or COMMA."""
        if not block:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint8)
        kinds = _KINDS[np.frombuffer(block, dtype=np.uint8)]
        at = np.flatnonzero(kinds)
        kinds = kinds[at]
        escaping = self._escaping(at[kinds == BACKSLASH])
        quotes = kinds == QUOTE
        if self._escaped or len(escaping):
            escaped = np.isin(at, escaping + 1, assume_unique=True)
            escaped[:1] |= self._escaped and len(at) > 0 and at[0] == 0
            quotes &= ~escaped
        self._escaped = bool(len(escaping)) and int(escaping[-1]) == len(block) - 1
        within = np.cumsum(quotes) + self._within
        self._within = int(within[-1]) & 1 if len(within) else self._within
        outside = (kinds >= OPEN) & (within & 1 == 0)
        return at[outside], kinds[outside]

    def _escaping(self, backslashes: np.ndarray) -> np.ndarray:
        """Those backslashes that are not escaped themselves: of a row of them every other one."""
        if not len(backslashes):
            return backslashes
        begins = np.diff(backslashes, prepend=-2) > 1
        begin = np.flatnonzero(begins)
        place = np.arange(len(backslashes)) - begin[np.cumsum(begins) - 1]
        if self._escaped and backslashes[0] == 0:  # the first row begins with one that is escaped
            first = begin[1] if len(begin) > 1 else len(backslashes)
            place[:first] += 1
        return backslashes[place % 2 == 0]


def count_values(data: bytes, enough: int) -> int:
    """About how many values JSON holds, at most enough + a block of them: what its brackets and commas separate."""
    marks, found = Marks(), 1
    for at in range(0, len(data), _BLOCK_BYTES):
        found += int(np.count_nonzero(marks.of(data[at : at + _BLOCK_BYTES])[1] != CLOSE))
        if found > enough:
            break
    return found
