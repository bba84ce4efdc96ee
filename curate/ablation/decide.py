"""Scored table to arms: which documents an arm keeps, and where and by which rule it loses the others."""

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from curate.ablation.scored import Scored
from filters.chain import Step
from filters.contracts import Judge
from filters.document import Document
from filters.rules import Rule
from pipelines.corpus.forms import Living, forms_of
from pipelines.scoring.score import Measure, Source, Visit

KEPT, DROPPED, FAILED = 0, 1, 2
READ_STAGE = -1
_CACHE_BYTES = 1 << 29


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


@dataclass
class Decided:
    """What an arm does with every page of its input group; arrays have shape (n,), one entry a page.

    left_at  index of the stage at which the page left; len(stages) where it is kept, -1 where the reader rejected it
    how      KEPT, DROPPED or FAILED              rule  code of the rule or reason (rules[code]), -1 where it is kept
    node     the text path whose texts are the arm's output
    kept_by  for what a corpus stage dropped, the page whose document stays in its place (-1: none)
    """

    arm: str
    group: int
    left_at: np.ndarray
    how: np.ndarray
    rule: np.ndarray
    rules: list[str]
    stages: list[StageResult]
    node: int
    kept_by: np.ndarray

    @property
    def kept(self) -> np.ndarray:
        """Which pages are kept: booleans of shape (n,)."""
        return np.asarray(self.how == KEPT)


class Decider:
    """Decides arms from the scored table. Failing masks of rules are shared by all arms.

    documents  gives documents as a measure (by number) sees some pages; needed where a corpus judge verifies candidates
    """

    def __init__(
        self, scored: Scored, documents: Callable[[int, Sequence[int]], Iterable[Document]] | None = None
    ) -> None:
        self.scored = scored
        self.documents = documents
        self._masks: OrderedDict[Any, np.ndarray] = OrderedDict()
        self._languages: dict[Any, tuple[list[str], np.ndarray]] = {}
        self._sizes: dict[tuple[int, str], np.ndarray] = {}
        self._status: dict[int, tuple[np.ndarray, np.ndarray, list[str]]] = {}
        self._faults: dict[int, np.ndarray | None] = {}
        self._living: dict[int, Living] = {}
        self._corpus: OrderedDict[Any, tuple[np.ndarray, np.ndarray, list[str], np.ndarray, np.ndarray]] = OrderedDict()
        rows = max((group.rows for group in scored.groups), default=0)
        self._most_masks = max(64, _CACHE_BYTES // max(1, rows))  # one byte a row
        self._most_corpus = max(4, self._most_masks // 16)

    def decide(
        self, arm: str, visits: Sequence[Visit], leave_out: str = "", only: int | None = None, funnel: bool = True
    ) -> Decided:
        """Decide an arm. leave_out: a stage, or stage:rule, that decides nothing; only: stop before this visit."""
        group = self.scored.plan.nodes[visits[0].number].group
        pages = self.scored.groups[group]
        read = self._read(group)
        alive = read == KEPT
        left_at = np.full(pages.rows, READ_STAGE, dtype=np.int16)
        how = read.copy()
        rule = np.full(pages.rows, -1, dtype=np.int32)
        kept_by = np.full(pages.rows, -1, dtype=np.int64)
        codes: dict[str, int] = {}
        reasons = self._read_reasons(group)
        for name in sorted(set(reasons[~alive].tolist())):
            rule[(reasons == name) & ~alive] = codes.setdefault(name, len(codes))
        stages: list[StageResult] = []
        node = -1
        for index, visit in enumerate(visits):
            if only is not None and index >= only:
                break
            before = node
            entering = alive
            if visit.kind == "text":
                node = visit.number
                lost, failed, names, which = self._text(node, alive)
            elif visit.step.name == leave_out:
                lost = failed = np.zeros(0, dtype=bool)
                names, which = [], np.zeros(0, dtype=np.int32)
            elif visit.kind == "judge":
                lost, failed, names, which = self._judge(visit, alive, leave_out)
            else:
                lost, failed, names, which, twins = self._corpus_judge(visit, alive)
                kept_by[lost] = twins[lost]
            if len(lost):
                gone = lost | failed
                left_at[gone] = index
                how[lost] = DROPPED
                how[failed] = FAILED
                table = np.array([codes.setdefault(name, len(codes)) for name in names] or [0], dtype=np.int32)
                rule[gone] = table[which[gone]]
                alive = alive & ~gone
            if funnel:
                stages.append(self._stage(visit.step, before, node, entering, alive, lost, failed, names, which))
            else:
                stages.append(StageResult(visit.step.name, visit.step.strategy_name))
        left_at[alive] = len(stages)
        return Decided(arm, group, left_at, how, rule, list(codes), stages, node, kept_by)

    def failing(self, visit: Visit, rule: Rule) -> np.ndarray:
        """Where a judge's rule fails on its text path, with nothing dropped before; False where nothing was scored.

        The rule is applied to every page, whatever its language.
        """
        measure = self.scored.plan.measures[visit.number]
        key = (measure.number, rule, visit.language if rule.one_of is not None else None)
        if key in self._masks:
            self._masks.move_to_end(key)
            return self._masks[key]
        if rule.one_of is not None:
            values = self._note_values(measure, rule.signal, visit)
            mask = rule.fails_column(values)
        else:
            column = self.scored.path(measure.node).numbers(f"{measure.label}.{rule.signal}")
            mask = rule.fails_column(column) & ~np.isnan(column)
        mask &= self.reached(measure.node)
        self._masks[key] = mask
        if len(self._masks) > self._most_masks:
            self._masks.popitem(last=False)
        return mask

    def rules_by_language(self, visit: Visit) -> list[tuple[np.ndarray, tuple[Rule, ...]]]:
        """A judge's rules for each language: where the pages of that language are, and the rules for them."""
        strategy = visit.step.strategy
        if not isinstance(strategy, Judge):
            raise TypeError(f"{visit.step.name} is no judge")
        languages, codes = self._language(visit)
        found: dict[tuple[Rule, ...], np.ndarray] = {}
        for code, language in enumerate(languages):
            rules = strategy.rules(language)
            where = codes == code
            found[rules] = found[rules] | where if rules in found else where
        return [(where, rules) for rules, where in found.items()]

    def reached(self, node: int) -> np.ndarray:
        """Which pages have a text on this path."""
        return np.asarray(self.node_status(node)[0] == KEPT)

    def sizes(self, node: int, what: str) -> np.ndarray:
        """bytes or tokens of the texts on a path, 0 where there is none; int64 of shape (n,)."""
        key = (node, what)
        if key not in self._sizes:
            column = self.scored.path(node).numbers(what)
            self._sizes[key] = np.nan_to_num(column).astype(np.int64)
        return self._sizes[key]

    def value_of(self, visit: Visit, rule: Rule) -> np.ndarray:
        """The values that a rule looks at, float64 of shape (n,)."""
        measure = self.scored.plan.measures[visit.number]
        return self.scored.path(measure.node).numbers(f"{measure.label}.{rule.signal}")

    # ------------------------------------------------------------------------------------------ single kinds of steps

    def _read(self, group: int) -> np.ndarray:
        key = ("read", group)
        if key not in self._masks:
            names = self.scored.groups[group].strings("read")
            outcome = np.full(len(names), FAILED, dtype=np.int8)
            outcome[names == "kept"] = KEPT
            outcome[names == "dropped"] = DROPPED
            self._masks[key] = outcome
        return self._masks[key]

    def _read_reasons(self, group: int) -> np.ndarray:
        return self.scored.groups[group].strings("rule")

    def node_status(self, node: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
        if node not in self._status:
            table = self.scored.path(node)
            names = table.strings("status")
            status = np.full(len(names), -1, dtype=np.int8)
            status[names == "kept"] = KEPT
            status[names == "dropped"] = DROPPED
            status[names == "failed"] = FAILED
            rules = table.strings("rule")
            known = sorted(set(rules[(status == DROPPED) | (status == FAILED)].tolist()))
            code = {name: number for number, name in enumerate(known)}
            which = np.array([code.get(name, 0) for name in rules.tolist()], dtype=np.int32)
            self._status[node] = (status, which, known)
        return self._status[node]

    def _text(self, node: int, alive: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[str], np.ndarray]:
        status, which, names = self.node_status(node)
        return alive & (status == DROPPED), alive & (status == FAILED), names, which

    def _judge(
        self, visit: Visit, alive: np.ndarray, leave_out: str
    ) -> tuple[np.ndarray, np.ndarray, list[str], np.ndarray]:
        lost = np.zeros(len(alive), dtype=bool)
        which = np.zeros(len(alive), dtype=np.int32)
        names: dict[str, int] = {}
        for where, rules in self.rules_by_language(visit):
            inside = where & alive
            if not inside.any():
                continue
            for rule in rules:
                if f"{visit.step.name}:{rule.name}" == leave_out:
                    continue
                code = names.setdefault(rule.name, len(names))
                new = inside & self.failing(visit, rule) & ~lost
                which[new] = code
                lost |= new
        faults = self._fault_reasons(visit.number)
        failed = np.zeros(len(alive), dtype=bool)
        if faults is not None:
            failed = alive & (faults != "")
            for reason in sorted(set(faults[failed].tolist())):
                which[failed & (faults == reason)] = names.setdefault(reason, len(names))
            lost &= ~failed
        return lost, failed, list(names), which

    def _fault_reasons(self, number: int) -> np.ndarray | None:
        if number not in self._faults:
            measure = self.scored.plan.measures[number]
            table = self.scored.path(measure.node)
            name = f"{measure.label}!"
            self._faults[number] = table.strings(name) if name in table.names else None
        return self._faults[number]

    def _corpus_judge(
        self, visit: Visit, alive: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, list[str], np.ndarray, np.ndarray]:
        measure = self.scored.plan.measures[visit.number]
        step: Any = visit.step.strategy
        key = (visit.number, step, hashlib.blake2b(np.packbits(alive).tobytes()).digest())
        if key not in self._corpus:
            if visit.number not in self._living:
                column = self.scored.path(measure.node).binary(f"{measure.label}#keys")
                self._living[visit.number] = forms_of(step).living(column)  # type: ignore[arg-type]
            faults = self._fault_reasons(visit.number)
            failed = alive & (faults != "") if faults is not None else np.zeros(len(alive), dtype=bool)
            texts = partial(self.documents, measure.number) if self.documents is not None else None
            gone, stays = self._living[visit.number].losers(alive & ~failed, texts)
            lost = np.zeros(len(alive), dtype=bool)
            lost[gone] = True
            twins = np.full(len(alive), -1, dtype=np.int64)
            twins[gone] = stays
            which = np.zeros(len(alive), dtype=np.int32)
            names = {step.decision().rule: 0}
            if faults is not None:
                for reason in sorted(set(faults[failed].tolist())):
                    which[failed & (faults == reason)] = names.setdefault(reason, len(names))
            self._corpus[key] = (lost, failed, list(names), which, twins)
            if len(self._corpus) > self._most_corpus:
                self._corpus.popitem(last=False)
        return self._corpus[key]

    # ------------------------------------------------------------------------------------------------------- helpers

    def _stage(
        self,
        step: Step,
        before: int,
        after: int,
        entering: np.ndarray,
        alive: np.ndarray,
        lost: np.ndarray,
        failed: np.ndarray,
        names: Sequence[str],
        which: np.ndarray,
    ) -> StageResult:
        result = StageResult(step.name, step.strategy_name)
        result.documents_in, result.kept = int(entering.sum()), int(alive.sum())
        if before < 0:  # what the reader read
            pages = self.scored.groups[self.scored.plan.nodes[after].group]
            result.bytes_in = int(np.nan_to_num(pages.numbers("bytes"))[entering].sum())
        else:
            result.bytes_in = int(self.sizes(before, "bytes")[entering].sum())
            result.tokens_in = int(self.sizes(before, "tokens")[entering].sum())
        result.bytes_kept = int(self.sizes(after, "bytes")[alive].sum())
        result.tokens_kept = int(self.sizes(after, "tokens")[alive].sum())
        if len(lost):
            result.dropped, result.failed = int(lost.sum()), int(failed.sum())
            for counter, mask in ((result.by_rule, lost), (result.by_reason, failed)):
                codes, counts = np.unique(which[mask], return_counts=True)
                counter.update({names[code]: int(count) for code, count in zip(codes, counts, strict=True)})
        return result

    def _language(self, visit: Visit) -> tuple[list[str], np.ndarray]:
        source = self._language_source(visit)
        group = self.scored.plan.nodes[self.scored.plan.measures[visit.number].node].group
        key = (source, group)
        if key not in self._languages:
            values = self.scored.note(source, "language", group)
            known, codes = np.unique(values.astype(str), return_inverse=True)
            self._languages[key] = ([str(name) for name in known], codes)
        return self._languages[key]

    def _language_source(self, visit: Visit) -> Source | None:
        # A judge that writes the language itself is judged by what it wrote, as in a run.
        return ("measure", visit.number) if "language" in visit.step.strategy.writes else visit.language

    def _note_values(self, measure: Measure, name: str, visit: Visit) -> np.ndarray:
        group = self.scored.plan.nodes[measure.node].group
        if name in measure.step.strategy.writes:
            return self.scored.note(("measure", measure.number), name, group)
        return self.scored.note(visit.language, name, group)
