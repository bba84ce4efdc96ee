"""Decisions on an engine that shuffles are those of one machine, and only packed keys are shuffled."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

import filters
from filters.contracts import Strategy
from filters.document import Document
from pipelines.corpus.forms import DecisionError, decide
from pipelines.corpus.shuffle import CorpusDecision, number_of, numbers_of
from pipelines.manifest import Shard
from tests.pipelines.corpus.corpora import corpus, left, spooled
from tests.pipelines.corpus.test_decisions import STEPS

SPREAD = {"key_bytes": 500, "edges_here": 0}  # several partitions, and rounds


def run(
    step: Any, shards: Sequence[Shard], folder: Path, options: Sequence[str] = (), spread: Any = SPREAD
) -> tuple[Any, Any, Any]:
    """(path of the decisions by shard, evidence, bytes shuffled by kind)."""
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(list(options)))
    decisions = (
        pipeline | beam.Create(list(shards), reshuffle=False) | CorpusDecision(step, str(folder / "shuffled"), **spread)
    )
    _ = (
        decisions.decided
        | "names" >> beam.Map(_named)
        | beam.combiners.ToList()
        | "write" >> beam.Map(_write, path=str(folder / "found.json"))
    )
    _ = (
        decisions.evidence
        | "all evidence" >> beam.combiners.ToList()
        | "write evidence" >> beam.Map(_write, path=str(folder / "evidence.json"))
    )
    result = pipeline.run()
    result.wait_until_finish()
    found = json.loads((folder / "found.json").read_text())
    assert len(found) == len(shards)
    (evidence,) = json.loads((folder / "evidence.json").read_text())
    query = beam.metrics.MetricsFilter().with_namespace("shuffled")
    counters = {c.key.metric.name: c.result for c in result.metrics().query(query)["counters"]}
    return dict(found), evidence, counters


def _named(element: tuple[Any, Any]) -> tuple[str, Any]:
    return element[0].name, element[1]


def _write(found: list[Any], path: str) -> None:
    Path(path).write_text(json.dumps(found))


def _parts(pages: list[Document]) -> Iterator[list[Document]]:
    yield pages[::3]
    yield []
    yield pages[1::3]
    yield pages[2::3]


REPLAY = ["--direct_runner_bundle_repeat=1"]
CASES = [
    ("exact", []),
    ("url-first", REPLAY),
    ("minhash", []),
    pytest.param("minhash", REPLAY, marks=pytest.mark.long),
    ("minhash-verified", []),
    pytest.param("minhash-same", [], marks=pytest.mark.long),
    ("minhash-same", REPLAY),
    ("lines", REPLAY),
    pytest.param("bff", [], marks=pytest.mark.long),
    ("bff-3", REPLAY),
    ("top", REPLAY),
    ("buckets", REPLAY),
    ("mix", []),
]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_same_decisions_as_on_one_machine(name: str, options: list[str], tmp_path: Path) -> None:
    step: Strategy = STEPS[name]
    shards = spooled(step, tmp_path, list(_parts(corpus())))
    decision = decide(step, shards, str(tmp_path / "decisions"))
    expected = {shard.name: decision.of(shard) for shard in shards}
    found, evidence, counters = run(step, shards, tmp_path, options)
    assert left(shards, found, step) == left(shards, expected, step)
    assert {name for name, path in found.items() if path} == {name for name, path in expected.items() if path}
    assert evidence == decision.evidence
    assert found[shards[1].name] is None
    if name == "minhash" and not options:
        assert counters["keys"] <= 1.2 * 14 * 12 * 120
        text = sum(len(page.text.encode()) for page in corpus())
        assert counters.pop("shingles of the sample") > 0  # of twenty pairs, whatever the corpus
        assert 0 < sum(counters.values()) < text


ALSO = [pytest.param(name, marks=pytest.mark.long) for name in ("lines", "top", "buckets")]


@pytest.mark.parametrize("name", ["minhash", "bff", *ALSO])
def test_no_input_and_no_losers(name: str, tmp_path: Path) -> None:
    found, evidence, _ = run(STEPS[name], [], tmp_path)
    assert found == {}
    assert evidence == decide(STEPS[name], [], str(tmp_path / "nothing")).evidence
    shards = spooled(STEPS[name], tmp_path, [[Document("a", "one text", notes={"score": 1.0})], []])
    found, evidence, _ = run(STEPS[name], shards, tmp_path)
    decision = decide(STEPS[name], shards, str(tmp_path / "here"))
    kept = left(shards, found, STEPS[name])
    assert [(name, drop) for name, _, _, drop in kept] == [("a", None)]
    assert kept == left(shards, {shard.name: decision.of(shard) for shard in shards}, STEPS[name])
    assert evidence == decision.evidence


def test_one_worker_joins_documents_where_their_links_are_few(tmp_path: Path) -> None:
    step = STEPS["minhash"]
    shards = spooled(step, tmp_path, list(_parts(corpus())))
    found, evidence, counters = run(step, shards, tmp_path, spread={})
    assert evidence == decide(step, shards, str(tmp_path / "decisions")).evidence
    assert counters["links"] <= 16 * 14 * evidence["duplicates"]  # each link once
    assert sum(path is not None for path in found.values()) >= 2


def test_a_shard_sends_one_document_of_those_that_share_a_key(tmp_path: Path) -> None:
    step = STEPS["exact"]
    pages = [Document(f"d{number}", "the same text in all of these") for number in range(300)]
    shards = spooled(step, tmp_path, [pages[:150], pages[150:]])
    found, evidence, counters = run(step, shards, tmp_path)
    assert evidence["duplicates"] == 299
    assert counters["keys"] == 2 * (4 + 12)
    assert left(shards, found, step) == left(
        shards, {s.name: decide(step, shards, str(tmp_path)).of(s) for s in shards}, step
    )


def test_numbers_are_those_of_sorted_names() -> None:
    names = [f"unit-{number}-{number * 7919 % 4999:08x}" for number in range(5_000)]
    numbers = numbers_of(reversed(names + names[:10]))
    assert [number_of(name, numbers) for name in sorted(names)] == list(range(5_000))
    assert len(numbers) == 20 * 5_000
    assert numbers_of([]) == b""


def test_strategies_for_one_machine_say_so() -> None:
    with pytest.raises(DecisionError, match="one machine"):
        CorpusDecision(filters.make("dedup/substring"), "anywhere")
