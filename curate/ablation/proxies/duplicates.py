"""How much of an arm's text stood in it before: what to look at where arms differ in deduplication."""

from curate.ablation.proxies.samples import Source
from filters.text.segments import segment

LEAST_CHARACTERS = 20  # of a line: shorter ones ("Share", "3.", a bracket) are alike without being copies
MOST_LINES = 5_000_000  # held at once
_AT_ONCE = 2_000  # documents
_ALL = 1 << 64


def repeated_share(source: Source) -> float:
    """The share of bytes in lines that stood before in the same arm, in [0, 1], of those in lines of 20 characters and
    more.

    Where an arm may have more than five million such lines, it looks at those with the smallest hashes: copies of a
    line are in that sample together or not at all.
    """
    bound = int(min(1.0, MOST_LINES * LEAST_CHARACTERS / max(1, source.bytes)) * (_ALL - 1))
    seen: set[int] = set()
    total = repeated = 0
    rows = range(len(source.ids))
    for start in rows[::_AT_ONCE]:
        for text in source.fetch(list(rows[start : start + _AT_ONCE])).values():
            lines = segment(text).lines
            looked_at = (lines.body_characters >= LEAST_CHARACTERS) & (lines.body_hash <= bound)
            sizes = (lines.end - lines.start)[looked_at].tolist()
            for key, size in zip(lines.body_hash[looked_at].tolist(), sizes, strict=True):
                total += size
                if key in seen:
                    repeated += size
                seen.add(key)
    return repeated / total if total else 0.0
