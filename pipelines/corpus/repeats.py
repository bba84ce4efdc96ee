"""Repeated runs of words: all words of the corpus are sorted in the memory of one machine."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from filters.contracts import Repeats
from filters.text import suffix
from pipelines.corpus.cuts import CutForms, Cuts, places_of, table
from pipelines.corpus.forms import DecisionError, Spread
from pipelines.corpus.keyfile import KeyFile
from pipelines.manifest import Shard


class _Forms(CutForms[Repeats], shape=Repeats):
    def further(self, counts: Mapping[str, int]) -> dict[str, Any]:
        return {"words": counts["words"], "words_cut": counts["words_cut"]}

    def check_against(self, folder: str) -> None:
        raise DecisionError(f"{self.name}: spans cannot be found against an earlier run: that would need its text")

    def check_spread(self) -> NoReturn:
        raise DecisionError(
            f"{self.name} sorts the words of the whole corpus on one machine, and does not run on engines that spread "
            "it over many: run it without --runner, or use dedup/bff or dedup/lines"
        )

    def transforms(self, shards: Any, numbered: Any, spread: Spread) -> tuple[Any, Any]:
        self.check_spread()

    def find(self, shards: Sequence[Shard], cuts: Cuts, against: str | None, keep: str | None) -> dict[str, int]:
        files = [KeyFile(shard.keys) for shard in shards]
        total = sum(file.shape("values")[0] for file in files)
        if total > self.decision.max_words:
            raise DecisionError(
                f"{total} words are more than max_words: {self.decision.max_words}. All words are sorted in the memory "
                f"of one machine (about {40 * total >> 20} MiB here); raise max_words if it has that much, or use "
                "dedup/bff or dedup/lines, which have no such bound"
            )
        if not total:
            return {"words": 0, "words_cut": 0}
        places = places_of(files)
        sizes = [np.diff(file["ends"], prepend=0) for file in files]  # words of each document
        rows = np.concatenate([np.repeat(np.arange(len(size)), size) for size in sizes])
        piece = np.concatenate([np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size) for size in sizes])
        owner = np.repeat(np.arange(len(files)), [size.sum() for size in sizes])
        starts = np.cumsum([0, *(shard.rows for shard in shards)])
        texts = places[starts[owner] + rows]
        in_order = np.argsort(texts, kind="stable")
        tokens = np.concatenate([file["values"] for file in files])[in_order]
        texts = texts[in_order]
        left = np.arange(total)
        # Cutting brings words together that were apart, and may make new repeats of them.
        while True:
            gone = suffix.repeats(tokens[left], texts[left], self.decision.length)
            if not gone.any():
                break
            left = left[~gone]
        lost = np.ones(total, dtype=bool)
        lost[left] = False
        chosen = np.sort(in_order[lost])
        for number in range(len(files)):
            mine = chosen[owner[chosen] == number]
            cuts.add(number, table(rows[mine], piece[mine]))
        return {"words": total, "words_cut": len(chosen)}
