"""What curate.run and curate.ablate return: the content of run.json or report.json, with the tables beside it."""

import functools
import inspect
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, ParamSpec, TypeVar

import pyarrow as pa
import pyarrow.dataset as ds
from markupsafe import escape

from curate.progress import notebook_progress
from curate.report.summary import balance
from curate.rundir import UsageError
from curate.showing import lines
from curate.showing.lines import Line
from pipelines import storage

P = ParamSpec("P")
R = TypeVar("R")


class Shown:
    """Documents to look at: text in a terminal, HTML in a notebook."""

    def __init__(self, shown: Sequence[Line]) -> None:
        self._lines = tuple(shown)

    def __repr__(self) -> str:
        return lines.plain(self._lines)

    def _repr_html_(self) -> str:
        return lines.html(self._lines)


class _Result(dict[str, Any], ABC):
    """A JSON file's content, as a mapping, and the tables beside it."""

    needed: ClassVar[frozenset[str]]  # the keys that its file must have

    def __init__(self, data: Mapping[str, Any], directory: str) -> None:
        super().__init__(data)
        self.directory = storage.absolute(directory)

    @property
    def kept(self) -> ds.Dataset:
        """What was kept, as an Arrow dataset."""
        return self._table("kept")

    @property
    def dropped(self) -> ds.Dataset:
        """What was dropped, as an Arrow dataset."""
        return self._table("dropped")

    @property
    def failed(self) -> ds.Dataset:
        """What failed, as an Arrow dataset."""
        return self._table("failed")

    @abstractmethod
    def _table(self, table: str) -> ds.Dataset: ...


class RunResult(_Result):
    """What run.json holds, as a mapping, and what the run wrote.

    directory  the run's directory
    kept, dropped, failed  the tables of these names
    """

    needed = frozenset(("recipe", "read", "stages", "kept", "dropped", "failed", "conserved", "files"))

    def _table(self, table: str) -> ds.Dataset:
        paths = [storage.join(self.directory, file["path"]) for file in self["files"] if file["table"] == table]
        return ds.dataset(paths, format="parquet")

    @property
    def funnel(self) -> pa.Table:
        """One row a stage: documents in, kept, dropped and failed, bytes of text in and kept, CPU seconds."""
        names = ["stage", "in", "kept", "dropped", "failed", "bytes_in", "bytes_kept", "cpu_seconds"]
        return pa.table({name: [stage[name] for stage in self["stages"]] for name in names})

    @property
    def rules(self) -> pa.Table:
        """One row a rule that dropped documents or a reason for which they failed: stage, rule, how, documents."""
        rows = [
            {"stage": stage["stage"], "rule": rule, "how": how, "documents": count}
            for stage in self["stages"]
            for how, column in (("dropped", "dropped_by_rule"), ("failed", "failed_by_reason"))
            for rule, count in stage[column].items()
        ]
        kinds = [("stage", pa.string()), ("rule", pa.string()), ("how", pa.string()), ("documents", pa.int64())]
        return pa.Table.from_pylist(rows, schema=pa.schema(kinds))

    def show(self, rule: str = "", stage: str = "", n: int = 20, diff: bool = False, id: str = "") -> Shown:
        """What `curate show` shows: documents that rules removed, or with diff what rewriters changed; with id one
        document's way. Raises UsageError for an unknown rule, stage or id."""
        from curate.showing.changed import changed
        from curate.showing.directory import find
        from curate.showing.removed import removed
        from curate.showing.story import story

        output = find(self.directory)
        return Shown(story(output, id, diff) if id else (changed if diff else removed)(output, rule, stage, n))

    def compared_with(self, other: "RunResult | str | os.PathLike[str]", n: int = 3) -> Shown:
        """What `curate diff` shows of this run (A) and another over the same input (B)."""
        from curate.showing.difference import difference
        from curate.showing.directory import find

        directory = other.directory if isinstance(other, RunResult) else other
        return Shown(difference(find(self.directory), find(directory), n))

    def __repr__(self) -> str:
        return f"<run of {self['recipe']['name']}: {balance(self)}>"

    def _repr_html_(self) -> str:
        rows = []
        for stage in self["stages"]:
            removed = {**stage["dropped_by_rule"], **stage["failed_by_reason"]}
            rules = ", ".join(f"{rule} {count:,}" for rule, count in sorted(removed.items(), key=lambda item: -item[1]))
            rows.append([stage["stage"], *(stage[name] for name in ("in", "kept", "dropped", "failed")), rules])
        table = _html_table(["stage", "in", "kept", "dropped", "failed", "by rule"], rows)
        return f"<p><b>{escape(self['recipe']['name'])}</b>: {escape(balance(self))}</p>{table}"


class AblationResult(_Result):
    """What report.json holds, as a mapping, and what the ablation wrote.

    directory  the ablation's directory
    kept       what each arm keeps: arm, id, url, source, offset
    dropped    what each arm drops: as kept, with stage and rule
    failed     what fails in each arm: as kept, with stage and reason
    """

    needed = frozenset(("name", "summary", "arms"))

    def _table(self, table: str) -> ds.Dataset:
        """The files of a table, one an arm, with a column for the arm's name."""
        folder = "arms" if table == "kept" else table
        format = ds.ParquetFileFormat()
        fragments = []
        for arm in self["arms"]:
            path = storage.join(self.directory, folder, f"{arm['name']}.parquet")
            if not storage.exists(path):
                raise UsageError(f"{path}: is missing; ablations write it since curate 0.2")
            filesystem, inside = pa.fs.FileSystem.from_uri(path) if "://" in path else (pa.fs.LocalFileSystem(), path)
            fragments.append(format.make_fragment(inside, filesystem, ds.field("arm") == arm["name"]))
        schema = fragments[0].physical_schema.insert(0, pa.field("arm", pa.string()))
        return ds.FileSystemDataset(fragments, schema, format)

    @property
    def arms(self) -> pa.Table:
        """One row an arm, the base first: what it keeps in documents, bytes and tokens, and how that differs from the
        base: the difference of the shares of documents kept with its 95 % interval, and the Jaccard index."""
        rows = []
        for arm in self["arms"]:
            difference = arm.get("difference") or {}
            low, high = difference.get("documents_interval", (None, None))
            kept = {f"kept_{unit}": arm["kept"][unit] for unit in ("documents", "bytes", "tokens")}
            rows.append(
                {"arm": arm["name"], "pages": arm["pages"], **kept, "share": difference.get("documents"),
                 "share_low": low, "share_high": high, "jaccard": arm.get("pair", {}).get("jaccard")}
            )  # fmt: skip
        whole = [(name, pa.int64()) for name in ("pages", "kept_documents", "kept_bytes", "kept_tokens")]
        parts = [(name, pa.float64()) for name in ("share", "share_low", "share_high", "jaccard")]
        return pa.Table.from_pylist(rows, schema=pa.schema([("arm", pa.string()), *whole, *parts]))

    @property
    def funnel(self) -> pa.Table:
        """One row an arm and stage: documents in, kept, dropped and failed, bytes and tokens kept."""
        names = ["stage", "in", "kept", "dropped", "failed", "bytes_kept", "tokens_kept"]
        rows = [(arm["name"], stage) for arm in self["arms"] for stage in arm["stages"]]
        columns: dict[str, list[Any]] = {"arm": [arm for arm, _ in rows]}
        return pa.table(columns | {name: [stage[name] for _, stage in rows] for name in names})

    def show(self, rule: str = "", arm: str = "", n: int = 20) -> Shown:
        """Samples of what arms keep differently from the base, each with the rule that removed it from the other side.

        rule  only what this rule (or STAGE:RULE) removed      arm  only this arm
        Raises UsageError for an unknown rule or arm.
        """
        names = [one["name"] for one in self["arms"][1:]]
        if arm and arm not in names:
            raise UsageError(f"no arm is called {arm} beside the base (there are: {', '.join(names) or 'none'})")
        rules = {_rule_of(sample) for one in self["arms"][1:] for _, sample in _samples(one)} - {""}
        if rule and not any(_is_rule(one, rule) for one in rules):
            raise UsageError(f"no sample was removed by {rule} (there are: {', '.join(sorted(rules)) or 'none'})")
        shown: list[Line] = []
        left = n
        for one in self["arms"][1:]:
            found = [(side, sample) for side, sample in _samples(one) if not rule or _is_rule(_rule_of(sample), rule)]
            if (arm and one["name"] != arm) or not found or not left:
                continue
            base = self["arms"][0]["name"]
            shown += [lines.line(""), lines.line((one["name"], "head"), f"  against {base}")]
            for side, sample in found[:left]:
                who = base if side == "only_base" else one["name"]
                why = f"; the other drops it by {_rule_of(sample)}" if _rule_of(sample) else ""
                shown.append(lines.line(f"{sample['id']}  only {who} keeps it{why}", indent=1))
                shown.append(lines.line((sample["text"], "dim"), indent=2))
            left -= len(found[:left])
        return Shown(shown[1:] or [lines.line("The arms keep the same documents as the base.")])

    def __repr__(self) -> str:
        return f"<ablation {self['name']}: {' '.join(self['summary'])}>"

    def _repr_html_(self) -> str:
        rows = []
        for row in self.arms.to_pylist():
            difference = ""
            if row["share"] is not None:
                share, low, high = (100 * row[name] for name in ("share", "share_low", "share_high"))
                difference = f"{share:+.1f} ({low:+.1f} to {high:+.1f})"
            jaccard = f"{row['jaccard']:.3f}" if row["jaccard"] is not None else ""
            rows.append([row["arm"], row["kept_documents"], row["kept_bytes"], row["kept_tokens"], difference, jaccard])
        columns = ["arm", "kept", "bytes", "tokens", "points of share, to base (95 %)", "Jaccard"]
        said = "".join(f"<p>{escape(sentence)}</p>" for sentence in self["summary"])
        return f"<p><b>{escape(self['name'])}</b></p>{_html_table(columns, rows)}{said}"


def _samples(arm: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    found = arm.get("pair", {}).get("samples", {})
    return [(side, sample) for side in ("only_base", "only_arm") for sample in found.get(side, ())]


def _rule_of(sample: Mapping[str, Any]) -> str:
    return str(sample.get("base_dropped_by") or sample.get("arm_dropped_by") or "")


def _is_rule(found: str, wanted: str) -> bool:
    return found == wanted or found.rpartition(":")[2] == wanted


def _html_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    def cell(value: Any) -> str:
        side = "right" if isinstance(value, int) else "left"
        return f'<td style="text-align:{side}">{escape(f"{value:,}" if isinstance(value, int) else value)}</td>'

    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def returns(kind: Callable[[Mapping[str, Any], str], R]) -> Callable[[Callable[P, dict[str, Any]]], Callable[P, R]]:
    """Let a function with the arguments `output` and `progress` return its data as a RunResult or an AblationResult,
    and show its progress where it is called in a notebook."""

    def decorate(function: Callable[P, dict[str, Any]]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            given = signature.bind(*args, **kwargs)
            with notebook_progress() as shown:
                if shown is not None and given.arguments.get("progress") is None:
                    given.arguments["progress"] = shown
                data = function(*given.args, **given.kwargs)
            return kind(data, os.fspath(given.arguments["output"]))

        wrapped.__annotations__["return"] = kind
        return wrapped

    return decorate


def load_result(directory: str | os.PathLike[str]) -> RunResult | AblationResult:
    """The result of a finished run or ablation, from its directory. Raises UsageError where there is none."""
    root = os.path.expanduser(os.fspath(directory))
    for name, kind in (("report.json", AblationResult), ("run.json", RunResult)):
        path = storage.join(root, name)
        if storage.exists(path):
            try:
                data = json.loads(storage.read_bytes(path))
            except OSError as error:
                raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error
            except ValueError as error:
                raise UsageError(f"{path}: damaged, not JSON") from error
            if not isinstance(data, dict) or not kind.needed <= data.keys():
                raise UsageError(f"{path}: damaged, or not the summary of a run or an ablation")
            return kind(data, root)
    raise UsageError(f"{root}: holds neither report.json nor run.json, so no finished run or ablation")
