"""What the report of a run shows of its documents, for when the input is gone: texts, and changes of rewriters."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from curate.rundir import UsageError
from curate.showing.choosing import Group
from curate.showing.directory import Output
from curate.showing.passages import marked
from curate.shown import EXAMPLES_FILE
from filters.snippets import Piece
from pipelines import storage

SAID = f"texts are those that the report shows ({EXAMPLES_FILE})"
Part = tuple[str, str]  # of a line


class Reported:
    """The examples of a run's report, which is read when the first is asked for. A stopped run has none."""

    def __init__(self, output: Output) -> None:
        self._path = storage.join(output.root, EXAMPLES_FILE)

    @cached_property
    def _examples(self) -> Mapping[str, Any]:
        if not storage.exists(self._path):
            return {}
        try:
            return dict(json.loads(storage.read_bytes(self._path)))
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"{self._path}: damaged, or not the examples of a run") from error

    def dropped(self, group: Group) -> list[tuple[dict[str, Any], Part]]:
        """Documents that a rule dropped and their texts, nearest the threshold first; as rows of dropped/ hold them."""
        found = [one for some in self._examples.get("dropped", ()) if _of(some) == group for one in some["examples"]]
        for some in self._examples.get("duplicates", ()) if not found else ():
            found += [
                {**pair, "similarity": pair.get("jaccard")} for pair in some["pairs"] if some["stage"] == group[0]
            ]
        return [(_row(one), _text(one)) for one in found if one["text"]]

    def changed(self, stage: str, rule: str = "") -> list[tuple[str, str, tuple[Part, ...]]]:
        """Documents that a rewriter changed: id, the rules that changed it, and the first change."""
        return [
            (one["id"], ", ".join(one["rules"]), marked(Piece(*piece) for piece in one["pieces"]))
            for some in self._examples.get("changed", ())
            if some["stage"] == stage
            for one in some["examples"]
            if rule in ("", *one["rules"])
        ]

    def text(self, id: str) -> Part | None:
        """The text of a document as it was when it was dropped or kept; None where the report does not show it."""
        known = [one for some in self._examples.get("dropped", ()) for one in some["examples"]]
        known += [one for some in self._examples.get("duplicates", ()) for one in some["pairs"]]
        known += self._examples.get("kept", ())
        return next((_text(one) for one in known if one["id"] == id and one["text"]), None)


def _text(example: Mapping[str, Any]) -> Part:
    return " ".join(example["text"].split()), "dim"


def _of(group: Mapping[str, Any]) -> Group:
    return group["stage"], group["rule"]


def _row(example: Mapping[str, Any]) -> dict[str, Any]:
    """An example as a row of dropped/ would hold it: numbers and names in columns of their own."""
    row = {name: example.get(name) for name in ("id", "kept_id", "similarity", "also_failed")}
    for name in ("value", "threshold"):
        given = example.get(name)
        row[name] = given if isinstance(given, (int, float)) else None
        row[f"{name}_name"] = given if isinstance(given, str) and given else None
    return row
