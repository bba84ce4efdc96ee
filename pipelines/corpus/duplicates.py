"""Duplicates: documents that share a key are linked, and one document of each cluster stays."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import apache_beam as beam
import numpy as np

from filters.contracts import CorpusJudge, CorpusRewriter, Duplicates
from filters.dedup import clusters
from filters.dedup.survivors import identity, rank, rank_width
from filters.document import Document
from pipelines import storage
from pipelines.corpus import evidence, keyfile, sameness
from pipelines.corpus.clustered import Found, decisions
from pipelines.corpus.columns import Columns
from pipelines.corpus.components import ConnectedComponents
from pipelines.corpus.duplicates_shuffled import (
    Bands,
    Members,
    Survivors,
    WriteLosers,
    labelled,
    links_of,
    member_bytes,
    with_kept,
)
from pipelines.corpus.forms import Decided, DecisionError, Documents, Forms, KeyTable, Known, Living, Spread
from pipelines.corpus.keyfile import KeyFile
from pipelines.corpus.shuffle import Join
from pipelines.corpus.spool import ids_at, write_decisions
from pipelines.corpus.verification import Verify, verified_among, verified_here
from pipelines.manifest import Shard


class _Forms(Forms[Duplicates], shape=Duplicates):
    def __init__(self, step: CorpusJudge | CorpusRewriter, decision: Duplicates) -> None:
        super().__init__(step, decision)
        self.width = decision.width
        self.orders = rank_width(decision.survivor, decision.compare) + 2
        self.signed = decision.signed

    def order(self, document: Document) -> tuple[int, ...]:
        return (*rank(self.decision.survivor, document, self.decision.compare), *identity(document))

    def check_against(self, folder: str) -> None:
        if self.decision.verify is not None:
            raise DecisionError(
                f"{self.name}: verify needs texts, and keys of earlier runs have none: leave verify out"
            )
        super().check_against(folder)

    # --------------------------------------------------------------------------------------------- on this machine

    def decide(self, shards: Sequence[Shard], directory: str, against: str | None, keep: str | None) -> Decided:
        corpus = Columns(shards, self.earlier(against))
        takes_part = corpus.takes_part()
        rows = np.flatnonzero(takes_part)
        everyone = len(rows) == corpus.size

        def columns() -> Iterator[np.ndarray]:
            for number in range(self.width if len(rows) else 0):
                column = corpus.column(f"key{number}")
                yield column if everyone else column[rows]

        order = corpus.order(self.orders)
        ranked = order[rows]
        if against is not None:
            ranked = np.column_stack([rows < corpus.new, ranked]).astype(np.uint64, copy=False)
        if self.decision.links_at is None:
            labels = clusters.link(columns(), len(rows))
        else:
            pairs = clusters.candidates(columns(), ranked)
            labels = verified_here(self.decision, corpus, rows, pairs, directory)
        members, begins = clusters.members_of(labels, ranked)
        del labels, ranked
        members = rows[members]
        verify = self.decision.sameness
        test = None
        if verify is not None:
            test = partial(sameness.tested_here, verify, members, begins, corpus.documents, directory)
        found = Found.of(members, begins, test)
        mine = found.lost < corpus.new
        decided = self._write(corpus, found, mine, directory)
        counts = found.counts(self.decision, order, mine)
        lost, kept = found.lost[mine], found.kept[mine]
        decided.evidence = evidence.evidence_here(self.decision, corpus, lost, kept, counts)
        if keep is not None:
            self._leave_keys(shards, lost, keep)
        return decided

    def _write(self, corpus: Columns, found: Found, mine: np.ndarray, directory: str) -> Decided:
        decided = Decided()
        lost, kept = found.lost[mine], found.kept[mine]
        best, of_loser = np.unique(kept, return_inverse=True)
        ids = corpus.ids(best)
        signed = bool(len(lost)) and all("signature" in file for file in corpus.files if file.header["rows"])
        signatures = corpus.signatures(best) if signed and found.tested is None else None
        copies = corpus.copies()
        stays, counts, first = clusters.stands_for(found.rows, found.begins, found.lost, found.kept, copies)
        losers, stayers = dict(corpus.split(lost)), dict(corpus.split(stays))
        for number, shard in enumerate(corpus.shards):
            part = losers.get(number, slice(0, 0))
            rows = lost[part] - corpus.starts[number]
            similarity = value = np.ones(len(rows))
            if signatures is not None and len(rows):
                ours = corpus.files[number]["signature"][rows]
                similarity = value = (ours == signatures[of_loser[part]]).mean(axis=1)
            elif found.tested is not None:
                value, similarity = found.tested.value[mine][part], found.tested.similarity[mine][part]
            names = [ids[place] for place in of_loser[part].tolist()]
            stay = stayers.get(number, slice(0, 0))
            noted = stays[stay] - corpus.starts[number], counts[stay], corpus.mixed_of(first[stay])
            columns = decisions(self.decision, (rows, names, value, similarity), noted)
            path = write_decisions(directory, shard, columns)
            if path is not None:
                decided.paths[shard.name] = path
        return decided

    def _leave_keys(self, shards: Sequence[Shard], lost: np.ndarray, folder: str) -> None:
        """Write the keys of the documents that stay, without their texts. lost: rows over all shards, ascending."""
        start = 0
        for shard in shards:
            file = KeyFile(shard.keys)
            stays = np.ones(shard.rows, dtype=bool)
            stays[lost[(lost >= start) & (lost < start + shard.rows)] - start] = False
            stays &= file["takes_part"]
            start += shard.rows
            rows = np.flatnonzero(stays)
            ids = [text.encode("utf-8", "surrogatepass") for text in ids_at(file, rows)]
            arrays = {
                "order": file["order"][rows],
                "copies": file["copies"][rows],
                "ids": np.frombuffer(b"".join(ids), dtype=np.uint8),
                "id_ends": np.cumsum([len(text) for text in ids], dtype=np.int64),
                **{f"key{column}": file[f"key{column}"][rows] for column in range(self.width)},
                "takes_part": np.ones(len(rows), dtype=bool),
            }
            if "signature" in file:
                arrays["signature"] = file["signature"][rows]
            head = {"shard": shard.name, "rows": len(rows), **self.key_settings()}
            keyfile.write(storage.join(folder, f"{shard.name}.keys"), arrays, head)

    # --------------------------------------------------------------------------------------------- as Beam transforms

    def transforms(self, shards: Any, numbered: Any, spread: Spread) -> tuple[Any, Any]:
        decision = self.decision
        verify = decision.links_at is not None
        bands = beam.ParDo(Bands(self.width, verify, spread.key_bytes), spread.documents)
        keys = numbered | "keys" >> bands.with_outputs("counts", "links", main="keys")
        links = keys["keys"] | "group keys" >> beam.GroupByKey() | "links" >> beam.FlatMap(links_of, verify=verify)
        if verify:
            links = links | "verified" >> Verify(decision, numbered)
        links = [links, keys["links"]] | "all links" >> beam.Flatten()
        members = Members(decision, member_bytes(decision, self.orders), spread.key_bytes)
        survivors = (
            links
            | "components" >> ConnectedComponents(spread.key_bytes, spread.edges_here)
            | "labels" >> beam.FlatMap(labelled)
            | "to members" >> Join(numbered)
            | "order" >> beam.ParDo(members, spread.documents)
            | "group clusters" >> beam.GroupByKey()
            | "survivors"
            >> beam.ParDo(Survivors(decision, self.orders)).with_outputs("clusters", "stay", main="losers")
        )
        losers = survivors["losers"] | "to kept" >> Join(numbered) | "kept" >> beam.FlatMap(with_kept)
        decided = (
            [losers, survivors["stay"]]
            | "all decided" >> beam.Flatten()
            | "to losers" >> Join(numbered)
            | "write" >> beam.ParDo(WriteLosers(decision, spread.directory)).with_outputs("losses", main="decided")
        )
        collect = evidence.CollectEvidence(decision, numbered, keys["counts"], decided["losses"])
        return decided["decided"], survivors["clusters"] | "evidence" >> collect

    # ------------------------------------------------------------------------------------------------ among the living

    def living(self, records: Sequence[bytes | None]) -> Living:
        return _Living(self.decision, self.key_table(records))


class _Living(Living):
    """Only documents that share a key with another one take part: others are never duplicates, whoever is alive."""

    def __init__(self, decision: Duplicates, keys: KeyTable) -> None:
        super().__init__(keys)
        self._decision = decision
        rows = np.flatnonzero(keys.takes_part)
        shares = np.zeros(len(rows), dtype=bool)
        for column in range(keys.values.shape[1]):
            values = keys.values[rows, column]
            order = np.argsort(values)
            same = values[order[1:]] == values[order[:-1]]
            shares[order[1:][same]] = True
            shares[order[:-1][same]] = True
        self._matters = np.zeros(len(keys), dtype=bool)
        self._matters[rows[shares]] = True
        self._test = sameness.AmongLiving(decision.sameness, len(keys)) if decision.sameness is not None else None

    def losers(
        self, alive: np.ndarray | None = None, documents: Documents | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        rows = np.flatnonzero(self._matters if alive is None else self._matters & alive)
        columns = (self.keys.values[rows, column] for column in range(self.keys.values.shape[1]))
        order = self.keys.order[rows]
        if documents is None and self._decision.verify is not None:
            raise ValueError("verifying candidates needs their documents")
        if self._decision.links_at is not None and documents is not None:
            labels = verified_among(self._decision, rows, clusters.candidates(columns, order), documents)
        else:
            labels = clusters.link(columns, len(rows))
        members, begins = clusters.members_of(labels, order)
        members = rows[members]
        test = None
        if self._test is not None and documents is not None:
            everyone = np.ones(len(self.keys), dtype=bool)
            test = partial(self._test.tested, everyone if alive is None else alive, members, begins, documents)
        found = Found.of(members, begins, test)
        return found.lost, found.kept

    def evidence(self, alive: np.ndarray, lost: np.ndarray, kept: np.ndarray, known: Known) -> dict[str, Any]:
        mixed = clusters.mixed_order(self.keys.order)
        counts = evidence.worse_of(self._decision, self.keys.order, lost, kept)
        if self._test is not None:
            counts |= self._test.counts(alive)
        found = evidence.Clusters.of(lost, kept, lambda rows: mixed[rows]).counting(counts)
        without_keys = int(np.count_nonzero(alive & ~self.keys.takes_part))
        ids = evidence.ids_by_row(found, known.ids)
        losing = evidence.losing_among(known, alive, lost, kept, mixed)
        return found.evidence(self._decision, int(np.count_nonzero(alive)), without_keys, ids, losing)
