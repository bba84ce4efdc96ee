"""What is shown of a decision about duplicates: sizes of clusters, the largest, true similarities of some pairs.

The same on one machine and on an engine, where a few kilobytes a partition are collected for it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import TaggedOutput

from filters.contracts import Duplicates
from filters.dedup import clusters
from filters.dedup.minhash import Shingler
from filters.dedup.survivors import rank_width
from filters.document import Document
from filters.sketch import EXAMPLES
from filters.snippets import MOST, Concealer
from filters.text.minhash import jaccard
from pipelines.corpus.columns import Columns
from pipelines.corpus.forms import Known
from pipelines.corpus.keyfile import KeyFile
from pipelines.corpus.losing import LOSING_DOCUMENTS, LOSING_SHARE, Losses, Place, is_losing, losses, places, together
from pipelines.corpus.losing import shown as losing_shown
from pipelines.corpus.losing import warnings as losing_warnings
from pipelines.corpus.shuffle import Join, add_up, only_shard, rows_of, shards_of, shuffled
from pipelines.corpus.spool import addresses, documents_at, ids_at
from pipelines.manifest import Shard

WORSE = "worse_survivors"
SAMPLED_PAIRS = 20
LARGEST_CLUSTERS = 10
ALARMING_SHARE = 0.01


@dataclass
class Clusters:
    """Clusters of duplicates.

    sizes    how many clusters there are of each size
    largest  (-documents, hash of the one kept, its row or node), ascending, LARGEST_CLUSTERS of them
    sample   (hash of a document lost, its row or node, that of the one kept), ascending, SAMPLED_PAIRS of them
    counts   of the test of clusters' members (sameness.counted), and of documents better than the one kept for them;
             empty where nothing was tested or compared
    """

    sizes: dict[int, int] = field(default_factory=dict)
    largest: list[tuple[int, int, int]] = field(default_factory=list)
    sample: list[tuple[int, int, int]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls, lost: np.ndarray, kept: np.ndarray, hashed: Callable[[np.ndarray], np.ndarray], sampled: Any = None
    ) -> "Clusters":
        """From the documents lost and the one kept for each; hashed gives the hashes of some (ascending).

        sampled  bool of shape (len(lost),): the pairs that the sample is taken from; all by default
        """
        best, others = np.unique(kept, return_counts=True)
        found, counts = np.unique(others + 1, return_counts=True)
        hashes = hashed(best)
        rows = np.lexsort((best, hashes, -others))[:LARGEST_CLUSTERS]
        largest = list(zip((-others[rows] - 1).tolist(), hashes[rows].tolist(), best[rows].tolist(), strict=True))
        if sampled is not None:
            lost, kept = lost[sampled], kept[sampled]
        ascending = np.argsort(lost, kind="stable")
        lost, kept = lost[ascending], kept[ascending]
        hashes = hashed(lost)
        rows = np.argsort(hashes, kind="stable")[:SAMPLED_PAIRS]
        sample = list(zip(hashes[rows].tolist(), lost[rows].tolist(), kept[rows].tolist(), strict=True))
        return cls(dict(zip(found.tolist(), counts.tolist(), strict=True)), largest, sample)

    def counting(self, counts: Mapping[str, int]) -> "Clusters":
        """These clusters, with more counts."""
        return replace(self, counts={**self.counts, **counts})

    @classmethod
    def together(cls, parts: Iterable["Clusters"]) -> "Clusters":
        """The clusters of parts that share none."""
        found = cls()
        for part in parts:
            for size, count in part.sizes.items():
                found.sizes[size] = found.sizes.get(size, 0) + count
            found.largest = sorted(found.largest + part.largest)[:LARGEST_CLUSTERS]
            found.sample = sorted(found.sample + part.sample)[:SAMPLED_PAIRS]
            for name, count in part.counts.items():
                found.counts[name] = found.counts.get(name, 0) + count
        return found

    def evidence(
        self,
        decision: Duplicates,
        documents: int,
        without_keys: int,
        ids: Mapping[int, str],
        losing: Sequence[dict[str, Any]],
    ) -> dict[str, Any]:
        """The evidence, without a sample; ids: of the documents in `largest`; losing: from losing.shown()."""
        largest = [(-size, ids[best]) for size, _, best in self.largest]
        counts = {name: self.counts.get(name, 0) for name in counted_for(decision)}
        worse = counts.get(WORSE, 0)
        return {
            "documents": documents,
            "without_keys": without_keys,
            "duplicates": sum((size - 1) * count for size, count in self.sizes.items()),
            "clusters": sum(self.sizes.values()),
            "cluster_sizes": {str(size): self.sizes[size] for size in sorted(self.sizes)},
            "largest_clusters": [{"documents": size, "kept_id": name} for size, name in largest],
            **counts,
            "losing": list(losing),
            "warnings": [
                *worse_warning(decision, worse, sum((size - 1) * count for size, count in self.sizes.items())),
                *losing_warnings(losing),
                *(
                    f"one cluster holds {size} documents, {100 * size / documents:.1f} % of all (kept: {name}); "
                    "a template or an error page may link pages that differ"
                    for size, name in largest
                    if size > max(2, ALARMING_SHARE * documents)
                ),
            ],
        }


def counted_for(decision: Duplicates) -> tuple[str, ...]:
    """The counts that the evidence of a decision has."""
    tested = ("candidates", "similar", "contained", "different") if decision.sameness is not None else ()
    return (*tested, WORSE) if decision.compare is not None else tested


def worse_warning(decision: Duplicates, worse: int, duplicates: int) -> list[str]:
    """What to say where documents were dropped for one that has less of the note they are compared by."""
    if not worse:
        return []
    return [
        f"{worse} of {duplicates} documents were dropped for one with less {decision.compare}: "
        f"survivor: {{best: {decision.compare}}} keeps the other"
    ]


def worse_of(decision: Duplicates, order: np.ndarray, lost: np.ndarray, kept: np.ndarray) -> dict[str, int]:
    """How many documents lost were better than the one kept, by the column of the order that has the note compared.

    order  uint64, shape (n, m); lost, kept: rows of it
    """
    if decision.compare is None:
        return {}
    column = order[:, rank_width(decision.survivor)]
    return {WORSE: int(np.count_nonzero(column[lost] < column[kept]))}


def ids_by_row(found: Clusters, ids: Callable[[Sequence[int]], Sequence[str]]) -> dict[int, str]:
    """The ids of the documents kept in the largest clusters; ids gives those of some rows, ascending."""
    rows = sorted({best for _, _, best in found.largest})
    return dict(zip(rows, ids(rows), strict=True))


def shingler_for_evidence(decision: Duplicates) -> Callable[[Document], Any]:
    """The shingler of a decision, or that of dedup/minhash."""
    return decision.shingler() if decision.shingler is not None else Shingler(None, None)


def _shown_text(concealer: Concealer, document: Document) -> str:
    """The beginning without personal data; twice as long as it is shown, as what a recipe's own stages find is
    replaced later."""
    return concealer.excerpt(document, 2 * MOST)


def _sampled(sample: Iterable[tuple[str, str, float]], texts: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The sample as plain data from (id lost, id kept, similarity), and its first pairs with their texts."""
    pairs = [{"id": a, "kept_id": b, "jaccard": round(similarity, 4)} for a, b, similarity in sample]
    shown = [{**pair, "text": lost, "kept_text": kept} for pair, (lost, kept) in zip(pairs, texts, strict=False)]

    def by_id(pair: Mapping[str, Any]) -> tuple[str, str]:
        return str(pair["id"]), str(pair["kept_id"])

    return {"sample": sorted(pairs, key=by_id), "examples": sorted(shown, key=by_id)}


def evidence_here(
    decision: Duplicates, corpus: Columns, lost: np.ndarray, kept: np.ndarray, counts: Mapping[str, int]
) -> dict[str, Any]:
    """The evidence on this machine; the sample is of pairs whose documents are both of this run."""
    found = Clusters.of(lost, kept, corpus.mixed, kept < corpus.new).counting(counts)
    without_keys = int(np.count_nonzero(~corpus.takes_part()[: corpus.new]))
    ids = ids_by_row(found, lambda rows: corpus.ids(np.array(rows, dtype=np.int64)))
    shingle = shingler_for_evidence(decision)
    rows = np.unique(np.array([row for _, a, b in found.sample for row in (a, b)], dtype=np.int64))
    concealer = Concealer()
    shown = {row for _, a, b in found.sample[:EXAMPLES] for row in (a, b)}
    known = {}
    for row, document in zip(rows.tolist(), corpus.documents(rows), strict=True):
        text = _shown_text(concealer, document) if row in shown else ""
        known[row] = (document.id, shingle(document), text)
    pairs = [(known[a], known[b]) for _, a, b in found.sample]
    sample = [(lost[0], kept[0], jaccard(lost[1], kept[1])) for lost, kept in pairs]
    texts = [(lost[2], kept[2]) for lost, kept in pairs[:EXAMPLES]]
    losing = _losing_here(corpus, lost, kept)
    return {**found.evidence(decision, corpus.new, without_keys, ids, losing), **_sampled(sample, texts)}


def _losing_here(corpus: Columns, lost: np.ndarray, kept: np.ndarray) -> list[dict[str, Any]]:
    """The hosts and sources that lose nearly all. Those that lose much are found first, so memory holds no others."""
    gone: dict[Place, int] = {}
    for number, part in corpus.split(lost):
        urls, sources = addresses(corpus.shards[number])
        for row in (lost[part] - corpus.starts[number]).tolist():
            for place in places(urls[row], sources[row]):
                gone[place] = gone.get(place, 0) + 1
    much = {place for place, count in gone.items() if count > LOSING_SHARE * LOSING_DOCUMENTS}
    if not much:
        return []
    found = dict.fromkeys(much, Losses())
    best, of_loser = np.unique(kept, return_inverse=True)
    names = corpus.ids(best)
    parts = dict(corpus.split(lost))
    for number, shard in enumerate(corpus.shards):
        part = parts.get(number, slice(0, 0))
        mine = lost[part]
        rows = (mine - corpus.starts[number]).tolist()
        hashes, ids = corpus.mixed(mine).tolist(), corpus.ids(mine)
        kept_ids = [names[place] for place in of_loser[part].tolist()]
        examples = zip(rows, zip(hashes, ids, kept_ids, strict=True), strict=True)
        here = losses(*addresses(shard), examples)
        for place in much & here.keys():
            found[place] = together([found[place], here[place]])
    return losing_shown(found.items())


def losing_among(
    known: Known, alive: np.ndarray, lost: np.ndarray, kept: np.ndarray, mixed: np.ndarray
) -> list[dict[str, Any]]:
    """The hosts and sources that lose nearly all, among the documents alive; mixed: hashes of all documents."""
    rows = np.flatnonzero(alive)
    if len(lost) <= LOSING_SHARE * LOSING_DOCUMENTS:
        return []
    numbers = np.searchsorted(rows, lost).tolist()
    examples = zip(mixed[lost].tolist(), known.ids(lost.tolist()), known.ids(kept.tolist()), strict=True)
    here = losses(*known.addresses(rows.tolist()), zip(numbers, examples, strict=True))
    return losing_shown(here.items())


def losses_of(shard: Shard, rows: Sequence[int], kept_ids: Sequence[str]) -> dict[Place, Losses]:
    """The losses of the hosts and sources of a shard, of which these rows are dropped."""
    file = KeyFile(shard.keys)
    lost = np.array(rows, dtype=np.int64)
    hashes = clusters.mixed_order(file["order"][lost]).tolist() if len(lost) else []
    examples = zip(hashes, ids_at(file, lost), kept_ids, strict=True)
    return losses(*addresses(shard), zip(rows, examples, strict=True))


class CollectEvidence(beam.PTransform):
    """Clusters of partitions -> one element: the evidence.

    counts    PCollection of {"documents": n, "without_keys": n}        numbered  PCollection of (number, Shard)
    losses    PCollection of (place, its losses) of every shard
    """

    def __init__(self, decision: Duplicates, numbered: Any, counts: Any, losses: Any) -> None:
        super().__init__()
        self.decision, self.numbered, self.counts, self.losses = decision, numbered, counts, losses

    def expand(self, parts: Any) -> Any:
        counts = self.counts | "counts" >> beam.CombineGlobally(add_up)
        found = parts | "clusters" >> beam.CombineGlobally(_Together())
        looked_up = (
            found
            | "shown" >> beam.FlatMap(_shown)
            | "to shown" >> Join(self.numbered)
            | "look up" >> beam.ParDo(_LookUp(self.decision)).with_outputs("shingles", "texts", main="ids")
        )
        losing = (
            self.losses
            | "losses" >> beam.CombinePerKey(together_of_parts)
            | "losing" >> beam.Filter(_is_losing)
            | "all losing" >> beam.combiners.ToList()
        )
        similar = looked_up["shingles"] | "group sample" >> beam.GroupByKey() | "similarity" >> beam.Map(_similarity)
        return found | "evidence" >> beam.Map(
            _whole,
            decision=self.decision,
            losing=beam.pvalue.AsSingleton(losing),
            counts=beam.pvalue.AsSingleton(counts),
            ids=beam.pvalue.AsDict(looked_up["ids"]),
            similar=beam.pvalue.AsDict(similar),
            texts=beam.pvalue.AsDict(looked_up["texts"]),
        )


class _Together(beam.CombineFn):
    # hints that name a dataclass are refused, see shuffle.py
    def create_accumulator(self) -> Any:
        return Clusters()

    def add_input(self, accumulator: Any, part: Any) -> Any:
        return Clusters.together([accumulator, part])

    def merge_accumulators(self, accumulators: Iterable[Any]) -> Any:
        return Clusters.together(accumulators)

    def extract_output(self, accumulator: Any) -> Any:
        return accumulator


def _shown(found: Any) -> Iterator[tuple[int, tuple[int, int]]]:
    """(number of the shard, (node, number in the sample or -1)) for the documents that the evidence shows."""
    nodes = [(best, -1) for _, _, best in found.largest]
    nodes += [(one, place) for place, (_, a, b) in enumerate(found.sample) for one in (a, b)]
    numbers = shards_of(np.array([one for one, _ in nodes], dtype=np.uint64))
    yield from zip(numbers.tolist(), nodes, strict=True)


class _LookUp(beam.DoFn):
    """(number, shard with nodes) -> (node, id); (number in the sample, (node, shingles)) goes to "shingles", and
    (node, beginning of the text) to "texts"."""

    def __init__(self, decision: Duplicates) -> None:
        self.decision = decision

    def setup(self) -> None:
        self._shingle = shingler_for_evidence(self.decision)
        self._concealer = Concealer()

    def process(self, element: tuple[int, Any]) -> Iterator[Any]:
        sent = sorted(set(element[1]["sent"]))
        if not sent:
            return
        shard = only_shard(element[1])
        nodes = np.unique(np.array([one for one, _ in sent], dtype=np.uint64))
        yield from zip(nodes.tolist(), ids_at(KeyFile(shard.keys), rows_of(nodes)), strict=True)
        places: dict[int, list[int]] = {}
        for one, place in sent:
            if place >= 0:
                places.setdefault(one, []).append(place)
        wanted = np.array(sorted(places), dtype=np.uint64)
        for one, document in zip(sorted(places), documents_at(shard, rows_of(wanted).tolist()), strict=True):
            shingles = np.unique(self._shingle(document)).tobytes()
            for place in places[one]:
                shuffled("shingles of the sample", len(shingles))
                yield TaggedOutput("shingles", (place, (one, shingles)))
            if min(places[one]) < EXAMPLES:
                yield TaggedOutput("texts", (one, _shown_text(self._concealer, document)))


def _similarity(element: tuple[int, Iterable[tuple[int, bytes]]]) -> tuple[int, float]:
    first, second = (np.frombuffer(data, dtype=np.uint64) for data in dict(element[1]).values())
    return element[0], jaccard(first, second)


def together_of_parts(parts: Iterable[Any]) -> Any:
    """losing.together, with hints that Beam takes."""
    return together(Losses(*part) for part in parts)


def _is_losing(element: tuple[Any, Any]) -> bool:
    return is_losing(element[1])


def _whole(
    found: Any,
    decision: Any,
    losing: Any,
    counts: Mapping[str, int],
    ids: Mapping[int, str],
    similar: Mapping[int, float],
    texts: Mapping[int, str],
) -> dict[str, Any]:
    shown = [(texts[a], texts[b]) for _, a, b in found.sample[:EXAMPLES]]
    sample = [(ids[a], ids[b], similar[place]) for place, (_, a, b) in enumerate(found.sample)]
    numbers = counts.get("documents", 0), counts.get("without_keys", 0)
    evidence = found.evidence(decision, *numbers, ids, losing_shown(losing))
    return {**evidence, **_sampled(sample, shown)}


def hashed_by_node(nodes: np.ndarray, order: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The function from nodes to the hash of id and content of their documents.

    nodes  uint64, shape (n,)        order  of these, uint64, shape (n, m)
    """
    ascending = np.argsort(nodes)
    known, hashes = nodes[ascending], clusters.mixed_order(order[ascending])

    def hashed(wanted: np.ndarray) -> np.ndarray:
        found: np.ndarray = hashes[np.searchsorted(known, wanted)]
        return found

    return hashed
