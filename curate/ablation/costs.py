"""What scoring cost, by what it was spent on."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Costs:
    """CPU seconds over all pages, by number of text path and of measure; characters edited by rule, by text path."""

    of_nodes: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    of_measures: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    edits: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Add what records of scoring say."""
        for record in records:
            for number, spent in record.get("cpu_of_nodes", {}).items():
                self.of_nodes[int(number)] += spent
            for number, spent in record.get("cpu_of_measures", {}).items():
                self.of_measures[int(number)] += spent
            for number, rules in record.get("edits", {}).items():
                self.edits[int(number)].update(rules)
