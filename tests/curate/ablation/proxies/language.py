"""Made-up languages: words from syllables, each word followed by one of a few others."""

import hashlib
import random

import numpy as np

from curate.ablation.proxies.judge import Entrant
from curate.ablation.proxies.samples import Source


class Language:
    """A vocabulary and what may follow what, both drawn by a seed."""

    def __init__(self, seed: int, words: int = 300) -> None:
        rng = random.Random(seed)
        consonants = rng.sample("bcdfghjklmnprstvwz", 9)
        made = [
            "".join(rng.choice(consonants) + rng.choice("aeiou") for _ in range(rng.randint(2, 4)))
            for _ in range(words)
        ]
        self.words = made
        self.next = {word: rng.sample(made, 4) for word in made}

    def text(self, rng: random.Random, words: int = 120) -> str:
        """A text of so many words in sentences."""
        word, found = rng.choice(self.words), []
        for number in range(words):
            found.append(word.capitalize() if number % 12 == 0 else word)
            if number % 12 == 11:
                found[-1] += "."
            word = rng.choice(self.next[word])
        return " ".join(found)

    def texts(self, seed: int, count: int, words: int = 120) -> list[str]:
        """So many texts."""
        rng = random.Random(seed)
        return [self.text(rng, words) for _ in range(count)]


def source(texts: list[str], strata: list[str] | None = None, ids: list[str] | None = None) -> Source:
    """Texts as what an arm keeps."""
    names = np.array(ids or [f"d{number}" for number in range(len(texts))], dtype=object)
    sizes = np.array([len(text.encode()) for text in texts], dtype=np.int64)
    kinds = np.array(strata or [""] * len(texts), dtype=object)
    return Source(names, sizes, lambda rows: {row: texts[row] for row in rows}, kinds)


def entrant(name: str, texts: list[str], strata: list[str] | None = None, dedup: str = "") -> Entrant:
    """An arm that keeps these texts; a text has the same id in all arms that keep it."""
    return Entrant(name, source(texts, strata, [str(hash_of(text)) for text in texts]), dedup)


def hash_of(text: str) -> int:
    """A number for a text, the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def decisions(report: dict, left: str, right: str) -> dict[str, str]:
    """The decisions about a pair, by reference."""
    pair = next(one for one in report["pairs"] if (one["left"], one["right"]) == (left, right))
    return {name: row["decision"] for name, row in pair["references"].items()}
