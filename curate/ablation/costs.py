"""What scoring cost, by what it was spent on."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipelines.manifest import ScoredRecord


@dataclass
class Costs:
    """CPU seconds over all pages, by number of text path and of measure; characters edited by rule, by text path."""

    of_nodes: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    of_measures: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    edits: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, records: Iterable[ScoredRecord]) -> None:
        """Add what records of scoring say."""
        for record in records:
            for number, spent in record.cpu_of_nodes.items():
                self.of_nodes[number] += spent
            for number, spent in record.cpu_of_measures.items():
                self.of_measures[number] += spent
            for number, rules in record.edits.items():
                self.edits[number].update(rules)
