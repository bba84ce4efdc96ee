"""From scores to arms: which documents an arm keeps, and where and by which rule it loses the others."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from curate.ablation.scored import DROPPED, FAILED, KEPT, Coded, Held, Scored
from curate.shown import without_texts
from filters.contracts import CorpusJudge
from filters.document import Document
from filters.rules import Rule
from pipelines.corpus.forms import KeyTable, Known, Living, forms_of
from pipelines.scoring.plan import CorpusVisit, JudgeVisit, LeftOut, Measure, Node, TextVisit, Visit, Writer

READ_STAGE = -1
NOBODY = np.int64(-1)


@dataclass
class StageResult:
    """One stage of an arm's funnel, in documents, bytes of text and tokens."""

    stage: str
    strategy: str
    documents_in: int = 0
    kept: int = 0
    dropped: int = 0
    failed: int = 0
    bytes_in: int = 0
    bytes_kept: int = 0
    tokens_in: int = 0
    tokens_kept: int = 0
    by_rule: Counter[str] = field(default_factory=Counter)
    by_reason: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Removal:
    """The pages that one step removes; arrays have shape (n,), one entry a page.

    dropped, failed  bool                                     names  the rules and reasons
    which            the index in names of what removed it    kept_by  the page that stays in its place, or -1
    """

    dropped: np.ndarray
    failed: np.ndarray
    names: list[str]
    which: np.ndarray
    kept_by: np.ndarray | None = None

    @classmethod
    def nothing(cls, pages: int) -> "Removal":
        """No page is removed."""
        none = np.zeros(pages, dtype=bool)
        return cls(none, none, [], np.zeros(pages, dtype=np.int16))

    @property
    def gone(self) -> np.ndarray:
        """Which pages are removed."""
        return np.asarray(self.dropped | self.failed)

    def count(self, mask: np.ndarray) -> Counter[str]:
        """How many of some pages each rule or reason removed."""
        counts = np.bincount(self.which[mask], minlength=len(self.names)).tolist()
        return Counter({name: count for name, count in zip(self.names, counts, strict=True) if count})

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        kept_by = self.kept_by.nbytes if self.kept_by is not None else 0
        return self.dropped.nbytes + self.failed.nbytes + self.which.nbytes + kept_by


@dataclass
class DecidedArm:
    """What an arm does with every page of its input group; arrays have shape (n,), one entry a page.

    left_at  index of the stage at which the page left; len(stages) where it is kept, -1 where the reader rejected it
    how      KEPT, DROPPED or FAILED              rule  code of the rule or reason (rules[code]), -1 where it is kept
    node     the text path whose texts are the arm's output
    kept_by  for what a corpus stage dropped, the page whose document stays in its place (-1: none)
    """

    arm: str
    left_at: np.ndarray
    how: np.ndarray
    rule: np.ndarray
    rules: list[str]
    stages: list[StageResult]
    node: Node
    kept_by: np.ndarray

    @property
    def group(self) -> int:
        """The input group whose pages these are."""
        return self.node.group

    @property
    def kept(self) -> np.ndarray:
        """Which pages are kept: booleans of shape (n,)."""
        return np.asarray(self.how == KEPT)


class Decider:
    """Decides arms from the scored table. What rules and corpus judges say is shared by all arms.

    documents  gives the documents of some pages as a measure sees them; needed where a corpus judge verifies candidates
    found      the evidence of text paths that corpus judges made, by number
    """

    def __init__(
        self,
        scored: Scored,
        documents: Callable[[Measure, Sequence[int]], Iterable[Document]] | None = None,
        found: Mapping[int, Mapping[str, Any]] | None = None,
    ) -> None:
        self.scored = scored
        self.documents = documents
        self._found = found or {}
        self._masks = Held()
        self._corpus = Held()
        self._living: dict[tuple[int, CorpusJudge], Living] = {}

    def decide(
        self, arm: str, visits: Sequence[Visit], left_out: LeftOut | None = None, funnel: bool = True
    ) -> DecidedArm:
        """Decide an arm, or the first steps of one. left_out decides nothing. Without a funnel, stages have no figures.

        The first visit is that of an extractor.
        """
        first = visits[0]
        if not isinstance(first, TextVisit):
            raise TypeError(f"{first.step.name} makes no text")
        pages = self.scored.pages(first.node)
        how = pages.read.copy()
        alive = how == KEPT
        left_at = np.full(pages.rows, READ_STAGE, dtype=np.int8 if len(visits) < 1 << 7 else np.int16)
        rule = np.full(pages.rows, -1, dtype=np.int16)
        kept_by: np.ndarray = np.broadcast_to(NOBODY, pages.rows)
        codes: dict[str, int] = {}
        rejected = pages.rules.codes[~alive]
        for code in np.flatnonzero(np.bincount(rejected)).tolist():
            number = codes.setdefault(pages.rules.names[code], len(codes))
            rule[(pages.rules.codes == code) & ~alive] = number
        stages: list[StageResult] = []
        node: Node | None = None
        for index, visit in enumerate(visits):
            before, entering = node, alive
            if isinstance(visit, TextVisit):
                node = visit.node
            removal = self._removal(visit, alive, left_out)
            gone = removal.gone
            if gone.any():
                left_at[gone] = index
                how[removal.dropped] = DROPPED
                how[removal.failed] = FAILED
                table = np.array([codes.setdefault(name, len(codes)) for name in removal.names], dtype=np.int16)
                rule[gone] = table[removal.which[gone]]
                if removal.kept_by is not None:
                    kept_by = kept_by if kept_by.flags.writeable else kept_by.copy()
                    kept_by[removal.dropped] = removal.kept_by[removal.dropped]
                alive = alive & ~gone
            result = StageResult(visit.step.name, visit.step.strategy_name)
            if funnel:
                self._count(result, before, node or first.node, entering, removal)
            stages.append(result)
        left_at[alive] = len(stages)
        return DecidedArm(arm, left_at, how, rule, list(codes), stages, node or first.node, kept_by)

    def failing(self, visit: JudgeVisit, rule: Rule) -> np.ndarray:
        """Where a judge's rule fails on its text path, with nothing dropped before; False where nothing was scored.

        The rule is applied to every page, whatever its language.
        """
        key = _mask_key(visit, rule)
        if key not in self._masks:
            for one, other in self._over_same_column(visit, rule):
                if _mask_key(one, other) not in self._masks:
                    self._masks.put(_mask_key(one, other), np.packbits(self._failing(one, other)))
        packed = self._masks.get(key, lambda: np.packbits(self._failing(visit, rule)))
        rows = self.scored.pages(self.scored.node_of(visit.measure)).rows
        return np.unpackbits(packed, count=rows).view(np.bool_)

    def _over_same_column(self, visit: JudgeVisit, rule: Rule) -> list[tuple[JudgeVisit, Rule]]:
        """The rules of all arms over the signal of a rule, the rule itself last: its column is read once for all."""
        found: list[tuple[JudgeVisit, Rule]] = []
        for visits in self.scored.plan.arms.values() if rule.one_of is None else ():
            for one in visits:
                if isinstance(one, JudgeVisit) and one.measure == visit.measure:
                    languages, _ = self._language(one)
                    rules = dict.fromkeys(other for language in languages for other in one.judge.rules(language))
                    found += [(one, other) for other in rules if other.signal == rule.signal and other.one_of is None]
        return [*found, (visit, rule)]

    def _failing(self, visit: JudgeVisit, rule: Rule) -> np.ndarray:
        node = self.scored.node_of(visit.measure)
        if rule.one_of is not None:
            writer = visit.measure.writer if rule.signal in visit.judge.writes else visit.language
            note = self.scored.note(writer, rule.signal, node.group)
            fails = rule.fails_column(np.array(note.names, dtype=object))[note.codes]
        else:
            values = self.scored.signal(visit.measure, rule.signal)
            fails = rule.fails_column(values) & ~np.isnan(values)
        return np.asarray(fails & self.scored.reached(node))

    def rules_by_language(self, visit: JudgeVisit) -> list[tuple[np.ndarray, tuple[Rule, ...]]]:
        """A judge's rules for each language: where the pages of that language are, and the rules for them."""
        languages, codes = self._language(visit)
        found: dict[tuple[Rule, ...], list[int]] = {}
        for code, language in enumerate(languages):
            found.setdefault(visit.judge.rules(language), []).append(code)
        if len(found) == 1:
            return [(np.ones(len(codes), dtype=bool), rules) for rules in found]
        inside = np.zeros((len(found), len(languages)), dtype=bool)
        for place, chosen in enumerate(found.values()):
            inside[place, chosen] = True
        return [(inside[place][codes], rules) for place, rules in enumerate(found)]

    def evidence(self, decided: DecidedArm, visits: Sequence[Visit]) -> list[dict[str, Any]]:
        """What corpus judges found in an arm, as a run says it of its stages, without samples of texts."""
        pages = self.scored.groups[decided.group]

        known = Known(
            lambda rows: pages.strings_at("id", rows),
            lambda rows: (pages.strings_at("url", rows), pages.strings_at("source", rows)),
        )
        found = []
        for place, visit in enumerate(visits):
            if isinstance(visit, TextVisit) and isinstance(visit.step.strategy, CorpusJudge):
                evidence = without_texts(self._found.get(visit.node.number, {}))
                evidence.pop("sample", None)
                found.append({"stage": visit.step.name, **evidence})
            elif isinstance(visit, CorpusVisit):
                here = decided.left_at == place
                alive = (decided.left_at >= place) & ~(here & (decided.how == FAILED))
                lost = np.flatnonzero(here & (decided.how == DROPPED))
                evidence = self._living_of(visit).evidence(alive, lost, decided.kept_by[lost], known)
                found.append({"stage": visit.step.name, **evidence})
        return found

    # ------------------------------------------------------------------------------------------ single kinds of steps

    def _removal(self, visit: Visit, alive: np.ndarray, left_out: LeftOut | None) -> Removal:
        """What a step removes of the pages that are alive."""
        if isinstance(visit, TextVisit):
            status = self.scored.status(visit.node)
            dropped, failed = alive & (status.how == DROPPED), alive & (status.how == FAILED)
            return Removal(dropped, failed, status.names, status.which)
        if left_out == LeftOut(visit.step.name):
            return Removal.nothing(len(alive))
        if isinstance(visit, JudgeVisit):
            return self._judge(visit, alive, left_out)
        key = (visit.measure.number, visit.judge, hashlib.blake2b(np.packbits(alive).tobytes()).digest())
        return self._corpus.get(key, partial(self._corpus_judge, visit, alive))

    def _judge(self, visit: JudgeVisit, alive: np.ndarray, left_out: LeftOut | None) -> Removal:
        dropped = np.zeros(len(alive), dtype=bool)
        which = np.zeros(len(alive), dtype=np.int16)
        names: dict[str, int] = {}
        for where, rules in self.rules_by_language(visit):
            inside = where & alive
            if not inside.any():
                continue
            for rule in rules:
                if left_out == LeftOut(visit.step.name, rule.name):
                    continue
                code = names.setdefault(rule.name, len(names))
                new = inside & self.failing(visit, rule) & ~dropped
                which[new] = code
                dropped |= new
        failed = self._failed(visit.measure, alive, names, which)
        return Removal(dropped & ~failed, failed, list(names), which)

    def _corpus_judge(self, visit: CorpusVisit, alive: np.ndarray) -> Removal:
        measure, decision = visit.measure, visit.judge.decision()
        which = np.zeros(len(alive), dtype=np.int16)
        names = {decision.rule: 0}
        failed = self._failed(measure, alive, names, which)
        documents = partial(self.documents, measure) if self.documents is not None else None
        gone, stays = self._living_of(visit).losers(alive & ~failed, documents)
        dropped = np.zeros(len(alive), dtype=bool)
        dropped[gone] = True
        kept_by = np.full(len(alive), -1, dtype=np.int64)
        kept_by[gone] = stays
        return Removal(dropped, failed, list(names), which, kept_by)

    def keys_of(self, visit: CorpusVisit) -> KeyTable:
        """The keys of a corpus judge, of all pages of the group."""
        return self._living_of(visit).keys

    def _living_of(self, visit: CorpusVisit) -> Living:
        """The decision of a corpus judge among the living; the keys are read once."""
        key = visit.measure.number, visit.judge
        if key not in self._living:
            self._living[key] = forms_of(visit.judge).living(self.scored.keys(visit.measure).tolist())
        return self._living[key]

    def _failed(self, measure: Measure, alive: np.ndarray, names: dict[str, int], which: np.ndarray) -> np.ndarray:
        """Which pages alive could not be measured; their reasons are entered in names and which."""
        faults = self.scored.faults(measure)
        if faults is None:
            return np.zeros(len(alive), dtype=bool)
        failed = np.asarray(alive & ~faults.where(""))
        present = np.bincount(faults.codes[failed], minlength=len(faults.names))
        for code in np.flatnonzero(present).tolist():
            which[failed & (faults.codes == code)] = names.setdefault(faults.names[code], len(names))
        return failed

    # ------------------------------------------------------------------------------------------------------- helpers

    def _count(
        self, result: StageResult, before: Node | None, after: Node, entering: np.ndarray, removal: Removal
    ) -> None:
        """Fill in the figures of a stage: texts are those of `before` that come in, those of `after` that go out."""
        staying = entering & ~removal.gone
        result.documents_in, result.kept = int(entering.sum()), int(staying.sum())
        if before is None:  # what the reader read
            result.bytes_in = int(self.scored.pages(after).bytes[entering].sum())
        else:
            result.bytes_in = int(self.scored.bytes(before)[entering].sum())
            result.tokens_in = int(self.scored.tokens(before)[entering].sum())
        result.bytes_kept = int(self.scored.bytes(after)[staying].sum())
        result.tokens_kept = int(self.scored.tokens(after)[staying].sum())
        result.dropped, result.failed = int(removal.dropped.sum()), int(removal.failed.sum())
        result.by_rule.update(removal.count(removal.dropped))
        result.by_reason.update(removal.count(removal.failed))

    def _language(self, visit: JudgeVisit) -> Coded:
        """Each page's language, for the rules of a judge."""
        # A judge that writes the language itself is judged by what it wrote, as in a run.
        writer = visit.measure.writer if "language" in visit.judge.writes else visit.language
        return self.scored.note(writer, "language", self.scored.node_of(visit.measure).group)


def _mask_key(visit: JudgeVisit, rule: Rule) -> tuple[int, Rule, Writer | None]:
    return visit.measure.number, rule, visit.language if rule.one_of is not None else None
