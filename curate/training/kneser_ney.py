"""N-gram models with interpolated modified Kneser-Ney smoothing (Chen and Goodman 1998), written as ARPA files.

The estimates are those of KenLM's lmplz (Heafield et al. 2013). All n-grams are counted in memory by sorting, which
takes 200 to 320 bytes at the peak for each word of the texts: about 60 to sort, and 26 for each different n-gram.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np

UNKNOWN, BEGIN, END = 0, 1, 2
SPECIAL = (b"<unk>", b"<s>", b"</s>")
FALLBACK = (0.5, 1.0, 1.5)  # discounts of counts 1, 2 and 3 or more, where the texts are too few to tell: lmplz's
_NEVER = -99.0  # the chance of <s>, which is only a context
_ROWS = 100_000


@dataclass(frozen=True)
class Grams:
    """The different n-grams of one n, in the order of their words; arrays of shape (n-grams,).

    prefix  of all words but the last, its number among the (n - 1)-grams; for n = 1: 0
    last    the number of the last word           suffix  of all words but the first, its number
    count   how often it occurs                   first  whether it begins a sentence, with <s>
    """

    prefix: np.ndarray
    last: np.ndarray
    suffix: np.ndarray
    count: np.ndarray
    first: np.ndarray


@dataclass(frozen=True)
class Estimates:
    """A model: for each n the chance of every n-gram, the weight with which it backs off, and whether it is written.

    discounts  by n, of n-grams with a count of 1, 2 and 3 or more; fallback  the n that have none of their own
    """

    grams: tuple[Grams, ...]
    chances: tuple[np.ndarray, ...]
    backoffs: tuple[np.ndarray, ...]
    kept: tuple[np.ndarray, ...]
    discounts: tuple[tuple[float, float, float], ...]
    fallback: tuple[int, ...]


def numbered(lines: Iterable[str], min_count: int = 1) -> tuple[list[bytes], np.ndarray]:
    """(words, text): the different words, <unk>, <s> and </s> first and the others in the order of their bytes; the
    numbers of all words, int32 of shape (t,), each line between <s> and </s>. Lines without words are left out.

    min_count  words that occur less often count as <unk>
    """
    known = {word: number for number, word in enumerate(SPECIAL)}
    blocks: list[np.ndarray] = []
    block: list[int] = []
    for line in lines:
        words = line.encode("utf-8", "replace").split()  # by white space of ASCII alone, as models do
        if not words:
            continue
        block.append(BEGIN)
        block += [number if (number := known.setdefault(word, len(known))) > END else UNKNOWN for word in words]
        block.append(END)
        if len(block) > _ROWS:
            blocks.append(np.array(block, np.int32))
            block = []
    text = np.concatenate([*blocks, np.array(block, np.int32)])
    names = list(known)
    counts = np.bincount(text, minlength=len(names))
    stays = [number for number in range(END + 1, len(names)) if counts[number] >= min_count]
    stays.sort(key=names.__getitem__)
    order = [*range(END + 1), *stays]
    renumbered = np.zeros(len(names), np.int32)  # UNKNOWN
    renumbered[order] = np.arange(len(order), dtype=np.int32)
    return [names[number] for number in order], renumbered[text]


def count(text: np.ndarray, words: int, order: int) -> tuple[Grams, ...]:
    """All n-grams of n = 1 to `order`, none across lines. text: as numbered() gives it; words: how many differ."""
    places = np.arange(len(text)) - np.maximum.accumulate(np.where(text == BEGIN, np.arange(len(text)), 0))
    every = np.arange(words, dtype=np.int32)
    none = np.zeros(words, np.int32)
    found = [Grams(none, every, none, np.bincount(text, minlength=words).astype(np.int32), every == BEGIN)]
    numbers = text.astype(np.int64)  # of the n-gram that ends at each place
    for n in range(2, order + 1):
        ends = np.flatnonzero(places >= n - 1)
        codes = numbers[ends - 1] * words + text[ends]
        different, at, inverse, counts = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
        at = ends[at]
        suffix = numbers[at].astype(np.int32)
        prefix, last = (part.astype(np.int32) for part in divmod(different, words))
        found.append(Grams(prefix, last, suffix, counts.astype(np.int32), places[at] == n - 1))
        numbers = np.full(len(text), -1, np.int64)
        numbers[ends] = inverse
    return tuple(found)


def estimate(grams: Sequence[Grams], prune: int = 0) -> Estimates:
    """The model of these counts. prune: n-grams of 3 and more words that occur no more often are not written; what
    they would get goes to the shorter n-grams, and all chances still add up to 1."""
    chances: list[np.ndarray] = []
    backoffs: list[np.ndarray] = []
    kept: list[np.ndarray] = []
    discounts: list[tuple[float, float, float]] = []
    fallback: list[int] = []
    chance = np.empty(0)
    for n, here in enumerate(grams, 1):
        counts = _adjusted(here, grams[n] if n < len(grams) else None)
        if n == 1:
            counts = counts.copy()
            counts[BEGIN] = 0
        own = _discounts(counts)
        if own is None:
            fallback.append(n)
        discounts.append(own or FALLBACK)
        taken = np.array((0.0, *discounts[-1]))[np.minimum(counts, 3)]
        stays = here.count > prune if n > 2 else np.ones(len(counts), bool)
        kept.append(stays)
        contexts = len(grams[n - 2].last) if n > 1 else 1
        total = np.bincount(here.prefix, weights=counts, minlength=contexts)
        given = np.bincount(here.prefix, weights=np.where(stays, taken, counts), minlength=contexts)
        weights = np.divide(given, total, out=np.ones(contexts), where=total > 0)
        # below words come all of them alike, but for <s>, which never follows
        shorter = chance[here.suffix] if n > 1 else np.full(len(counts), 1 / (len(counts) - 1))
        chance = (counts - taken) / np.maximum(total, 1)[here.prefix] + weights[here.prefix] * shorter
        if n == 1:
            chance[BEGIN] = 0.0
        else:
            backoffs.append(weights.astype(np.float32))
        chances.append(chance.astype(np.float32))
    backoffs.append(np.ones(len(grams[-1].last), np.float32))
    return Estimates(tuple(grams), tuple(chances), tuple(backoffs), tuple(kept), tuple(discounts), tuple(fallback))


def _adjusted(here: Grams, longer: Grams | None) -> np.ndarray:
    """Counts as Kneser and Ney take them: of the longest n-grams, and of those that begin a sentence, how often they
    occur; of others, how many different words they follow."""
    if longer is None:
        return here.count
    before = np.bincount(longer.suffix, minlength=len(here.last))
    return np.where(here.first, here.count, before)


def _discounts(counts: np.ndarray) -> tuple[float, float, float] | None:
    """What is taken off counts of 1, 2, and 3 or more (Chen and Goodman 1998, equation 26); None where it cannot be."""
    seen = np.bincount(counts[counts > 0].clip(max=5), minlength=5)[:5].astype(float)
    if not seen[1:4].all():
        return None
    share = seen[1] / (seen[1] + 2 * seen[2])
    found = tuple(float(k - (k + 1) * share * seen[k + 1] / seen[k]) for k in (1, 2, 3))
    if any(not 0 <= amount <= k for k, amount in enumerate(found, 1)):
        return None
    return found  # type: ignore[return-value]


def write_arpa(words: Sequence[bytes], model: Estimates, file: IO[bytes]) -> tuple[int, ...]:
    """Write a model as ARPA, n-grams in the order of their words; returns their numbers by n."""
    numbers = tuple(int(np.count_nonzero(stays)) for stays in model.kept)
    head = ["\\data\\", *(f"ngram {n}={number}" for n, number in enumerate(numbers, 1)), ""]
    file.write("\n".join(head).encode() + b"\n")
    with np.errstate(divide="ignore"):
        for n in range(1, len(numbers) + 1):
            file.write(f"\\{n}-grams:\n".encode())
            rows = np.flatnonzero(model.kept[n - 1])
            for start in range(0, len(rows), _ROWS):
                file.writelines(_lines(words, model, n, rows[start : start + _ROWS]))
            file.write(b"\n")
    file.write(b"\\end\\\n")
    return numbers


def _lines(words: Sequence[bytes], model: Estimates, n: int, rows: np.ndarray) -> Iterator[bytes]:
    columns = []
    at = rows
    for grams in reversed(model.grams[:n]):
        columns.append(grams.last[at].tolist())
        at = grams.prefix[at]
    chances = np.maximum(np.log10(model.chances[n - 1][rows]), _NEVER).tolist()
    backoffs = np.maximum(np.log10(model.backoffs[n - 1][rows]), _NEVER).tolist()
    longest = n == len(model.grams)
    for chance, backoff, *numbers in zip(chances, backoffs, *reversed(columns), strict=True):
        line = b"%.7g\t%b" % (chance, b" ".join([words[number] for number in numbers]))
        yield line + b"\n" if longest or not backoff else b"%b\t%.7g\n" % (line, backoff)
