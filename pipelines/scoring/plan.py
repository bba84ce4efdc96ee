"""Arms to a plan: every text is made once, every judge scores it once, whatever the number of arms. No Beam here."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from filters.chain import Step
from filters.contracts import (
    Buckets,
    CorpusJudge,
    CorpusRewriter,
    Extractor,
    Judge,
    Rewriter,
    Strategy,
    TopShare,
)


@dataclass(frozen=True)
class Writer:
    """Who wrote a note: the step of a text path (measure is None), or a judge that was measured on it."""

    node: int
    measure: int | None = None


Reads = tuple[tuple[str, Writer | None], ...]  # the notes that a step reads, each with who wrote it before


@dataclass(frozen=True)
class Node:
    """A text path: an extractor, or a rewriter after another path. parent is -1 for an extractor.

    A corpus judge makes one too, where a later step reads what it notes: that depends on which documents are alive.

    group  the input group whose pages are read
    """

    number: int
    parent: int
    step: Step
    reads: Reads = ()
    group: int = 0

    @property
    def is_corpus(self) -> bool:
        """Whether the text, or a note that comes with it, depends on which documents are alive."""
        return isinstance(self.step.strategy, (CorpusJudge, CorpusRewriter))

    @property
    def writer(self) -> Writer:
        """The writer of the notes that come with the text."""
        return Writer(self.number)


@dataclass(frozen=True)
class Measure:
    """A judge or a corpus judge on a text path: scored once, whatever thresholds the arms give it.

    name  the step's name; unlike it, unique on the text path
    """

    number: int
    node: int
    step: Step
    name: str
    reads: Reads = ()

    @property
    def writer(self) -> Writer:
        """The writer of the judge's notes."""
        return Writer(self.node, self.number)


@dataclass(frozen=True)
class TextVisit:
    """A step of an arm that makes a text."""

    step: Step
    node: Node


@dataclass(frozen=True)
class JudgeVisit:
    """A judge in an arm: its step, whose limits are the arm's own, and the measure with its scores.

    language  who wrote the language that the judge's rules are chosen by
    """

    step: Step
    measure: Measure
    language: Writer | None = None

    @property
    def judge(self) -> Judge:
        """The strategy of the step."""
        if not isinstance(self.step.strategy, Judge):
            raise TypeError(f"{self.step.name} is not a judge")
        return self.step.strategy


@dataclass(frozen=True)
class CorpusVisit:
    """A corpus judge in an arm, and the measure with its keys."""

    step: Step
    measure: Measure

    @property
    def judge(self) -> CorpusJudge:
        """The strategy of the step."""
        if not isinstance(self.step.strategy, CorpusJudge):
            raise TypeError(f"{self.step.name} is not a corpus judge")
        return self.step.strategy


Visit = TextVisit | JudgeVisit | CorpusVisit


@dataclass(frozen=True)
class LeftOut:
    """What decides nothing in an arm: a stage, or one rule of it."""

    stage: str
    rule: str | None = None


def texts_depend_on(visits: Sequence[Visit]) -> bool:
    """Whether one of these steps makes texts that depend on which documents come to it."""
    return any(isinstance(visit, TextVisit) and visit.node.is_corpus for visit in visits)


@dataclass
class Plan:
    """What is computed for all arms together; arms holds the visits of each, in the order of its steps.

    left_out  by arm, what decides nothing in it
    """

    nodes: list[Node] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)
    arms: dict[str, tuple[Visit, ...]] = field(default_factory=dict)
    left_out: Mapping[str, LeftOut] = field(default_factory=dict)

    def roots(self, group: int) -> tuple[Node, ...]:
        """The extractors of an input group."""
        return tuple(node for node in self.nodes if node.parent < 0 and node.group == group)

    def parent(self, node: Node) -> Node | None:
        """The text path that a text path goes on from; None for an extractor."""
        return self.nodes[node.parent] if node.parent >= 0 else None

    def lineage(self, node: Node) -> list[Node]:
        """A text path and those it goes on from, the extractor first."""
        parent = self.parent(node)
        return [*(self.lineage(parent) if parent is not None else ()), node]

    def children(self, node: Node) -> list[Node]:
        """The text paths that go on from one."""
        return [child for child in self.nodes if child.parent == node.number]

    def measures_at(self, node: Node) -> list[Measure]:
        """What is measured on a text path."""
        return [measure for measure in self.measures if measure.node == node.number]

    def described(self, node: Node) -> str:
        """A text path in words."""
        return " > ".join(one.step.name for one in self.lineage(node))

    def notes_read_later(self) -> dict[Writer, tuple[str, ...]]:
        """By writer, the notes that some step reads."""
        found: dict[Writer, set[str]] = {}
        for reads in (*(node.reads for node in self.nodes), *(measure.reads for measure in self.measures)):
            for name, writer in reads:
                if writer is not None:
                    found.setdefault(writer, set()).add(name)
        return {writer: tuple(sorted(names)) for writer, names in found.items()}


def make_plan(arms: Mapping[str, tuple[Sequence[Step], int]], left_out: Mapping[str, LeftOut] | None = None) -> Plan:
    """The trie of all arms' steps; arms maps a name to its steps and its input group.

    left_out  by arm, what decides nothing in it

    Texts are shared where everything that changes text is equal, scores where the text, the judge's scoring key and
    the notes it reads are. A corpus rewriter's text depends on which documents are alive, so it is shared only by arms
    that are equal in all steps before it. Text paths and measures are numbered in the order of the arms.
    """
    planner = _Planner(Plan(left_out=left_out or {}))
    for arm, (steps, group) in arms.items():
        planner.add(arm, steps, group)
    return planner.plan


class _Planner:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._nodes: dict[Hashable, Node] = {}
        self._measures: dict[Hashable, Measure] = {}
        self._names: set[tuple[int, str]] = set()

    def add(self, arm: str, steps: Sequence[Step], group: int) -> None:
        visits: list[Visit] = []
        current = -1
        writers: dict[str, Writer] = {}
        before: tuple[Hashable, ...] = (group,)
        left_out = self.plan.left_out.get(arm)
        noting = _read_later(steps)
        for place, step in enumerate(steps):
            strategy = step.strategy
            before = (*before, strategy)
            if left_out is not None and step.name == left_out.stage:
                before = (*before, left_out)
            reads = tuple((name, writers.get(name)) for name in strategy.notes_read())
            if place in noting:  # it adds to what an earlier step noted under the same names
                reads = (*reads, *((name, writers.get(name)) for name in strategy.writes))
            if isinstance(strategy, (Extractor, Rewriter, CorpusRewriter)) or place in noting:
                whole = isinstance(strategy, (CorpusJudge, CorpusRewriter))
                key: Hashable = before if whole else (current, group, strategy, reads)
                node = self._node(key, current, step, reads, group)
                current = node.number
                visits.append(TextVisit(step, node))
                writers.update(dict.fromkeys(strategy.writes, node.writer))
            elif isinstance(strategy, Judge):
                measure = self._measure((current, strategy.scoring_key(), reads), current, step, reads)
                visits.append(JudgeVisit(step, measure, writers.get("language")))
                writers.update(dict.fromkeys(strategy.writes, measure.writer))
            else:
                measure = self._measure((current, _keys_of(strategy), reads), current, step, reads)
                visits.append(CorpusVisit(step, measure))
        self.plan.arms[arm] = tuple(visits)

    def _node(self, key: Hashable, parent: int, step: Step, reads: Reads, group: int) -> Node:
        if key not in self._nodes:
            self._nodes[key] = Node(len(self.plan.nodes), parent, step, reads, group)
            self.plan.nodes.append(self._nodes[key])
        return self._nodes[key]

    def _measure(self, key: Hashable, node: int, step: Step, reads: Reads) -> Measure:
        if key not in self._measures:
            name = step.name
            while (node, name) in self._names:  # arms may call different judges alike; no stage's name has a ~
                name += "~"
            self._names.add((node, name))
            self._measures[key] = Measure(len(self.plan.measures), node, step, name, reads)
            self.plan.measures.append(self._measures[key])
        return self._measures[key]


def _keys_of(strategy: Strategy) -> Hashable:
    """Equal for corpus judges that leave the same keys. (Those of duplicates hold the order of their survivors too.)"""
    decision = strategy.decision() if isinstance(strategy, CorpusJudge) else None
    if not isinstance(decision, (Buckets, TopShare)):
        return strategy
    settings = strategy.scoring_settings().items()
    return type(strategy), *((name, value) for name, value in settings if name not in decision.key_free)


def _read_later(steps: Sequence[Step]) -> set[int]:
    """The places of the corpus judges whose notes a later step reads."""
    found: set[int] = set()
    wanted: set[str] = set()
    for place, step in reversed(list(enumerate(steps))):
        strategy = step.strategy
        mine = wanted & set(strategy.writes)
        wanted -= mine
        wanted |= set(strategy.notes_read())
        if mine and isinstance(strategy, CorpusJudge):
            found.add(place)
            wanted |= set(strategy.writes)
    return found


def later_rounds(plan: Plan) -> list[list[Node]]:
    """The text paths that depend on who is alive, in rounds: those of a round need the scores of all rounds before."""
    depth: dict[int, int] = {}
    for node in plan.nodes:  # parents come before children
        depth[node.number] = (depth[node.parent] if node.parent >= 0 else 0) + int(node.is_corpus)
    last = max(depth.values(), default=0)
    return [
        [node for node in plan.nodes if node.is_corpus and depth[node.number] == number]
        for number in range(1, last + 1)
    ]
