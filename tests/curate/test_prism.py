"""The one-piece graph on another engine: Prism, Beam's portable runner in Go, gives what a run on this machine gives.

Skipped where the command `prism` is not there: go install github.com/apache/beam/sdks/v2/go/cmd/prism@v2.77.0 makes it.
"""

import os
import random
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from curate.training import perplexity
from curate.training.texts import text_files
from tests.curate.ablation.tools import BODY, run_ablation, texts, without_times, write
from tests.curate.running_tools import adds_up, content, go, recipe, write_rows

PRISM = os.environ.get("CURATE_PRISM") or shutil.which("prism") or ""
SHARED = Path(os.environ.get("CURATE_SHARED_DATA", Path(__file__).resolve().parents[2].parent / "shared" / "data"))


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    if not PRISM:
        pytest.skip("the command prism is not installed")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    log = (tmp_path_factory.mktemp("prism") / "log").open("wb")
    process = subprocess.Popen([PRISM, f"-job_port={port}", "-serve_http=false"], stdout=log, stderr=log)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("localhost", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"localhost:{port}"
    finally:
        process.kill()
        process.wait()
        log.close()


def on_prism(endpoint: str) -> list[str]:
    # a job takes longer than its server may take for an answer
    patience = ["--job_server_timeout", "20"]
    return ["--runner", "PortableRunner", "--job_endpoint", endpoint, "--environment_type", "LOOPBACK", *patience]


def near_duplicates(folder: Path) -> list[Path]:
    """Four files of texts most of which are altered copies of others, with lines that stand in many."""
    rng = random.Random(4)
    words = [f"w{number}" for number in range(3000)]
    kinds = [[rng.choice(words) for _ in range(120)] for _ in range(60)]
    lines = [" ".join(rng.choices(words, k=12)) for _ in range(20)]
    texts = []
    for _ in range(600):
        copy = list(rng.choice(kinds))
        for _ in range(rng.choice([0, 1, 2, 6, 30])):
            copy[rng.randrange(len(copy))] = rng.choice(words)
        texts.append("\n".join([" ".join(copy[:60]), rng.choice(lines), " ".join(copy[60:])]))
    return [write_rows(folder / f"{n}.jsonl", texts[n::4], 1000 * n) for n in range(4)]


def test_every_kind_of_decision_is_the_same(endpoint, tmp_path):
    inputs = near_duplicates(tmp_path)
    same = {"verify": {"containment": 0.9, "jaccard": 0.9}, "as": "same"}
    (learned,) = text_files([str(inputs[0])])
    perplexity.train(learned.texts, tmp_path / "m.arpa", order=3, held_out_share=0)
    chosen = recipe(
        {"quality/perplexity": {"model": str(tmp_path / "m.arpa"), "max_perplexity": 2.4}},
        "dedup/url",
        "dedup/exact",
        {"dedup/minhash": same},
        "dedup/minhash",
        "dedup/lines",
        "dedup/bff",
        {
            "quality/buckets": {
                "scores": {
                    "words": {"quality/length": {}, "signal": "words"},
                    "ratio": {"quality/compression": {}, "best": "lowest"},
                },
                "cuts": 10,
                "weight": "tokens",
                "join": "mean",
                "keep": list(range(2, 10)),
            }
        },
        {"sampling/upsample": {"by": "bucket", "weights": {2: 1, 5: 2.5}}},
        {"sampling/mix": {"budget": 9_000, "shares": {"*/0.jsonl": 0.5, "*": 0.5}}},
        "quality/gopher-repetition",
    )
    here = go(chosen, inputs, tmp_path / "here", workers=2)
    there = go(chosen, inputs, tmp_path / "there", options=on_prism(endpoint))
    assert adds_up(here) and adds_up(there)
    rules = [[stage["dropped_by_rule"] for stage in result["stages"]] for result in (here, there)]
    assert rules[0] == rules[1]
    assert sum(map(bool, rules[0])) >= 5
    assert there["corpus"] == here["corpus"]
    assert content(tmp_path / "there") == content(tmp_path / "here")
    (odd,) = (stage["dropped"] for stage in here["stages"] if stage["stage"] == "quality/perplexity")
    assert 0 < odd < 300


@pytest.mark.long
def test_an_ablation_is_the_same(endpoint, tmp_path):
    inputs = [write(tmp_path / "a.jsonl", texts(6, 60)), write(tmp_path / "b.jsonl", texts(7, 50), 200)]
    data = {
        "recipe": {
            "name": "base",
            "stages": [BODY, "cleanup/unicode", "dedup/lines", "quality/gopher-repetition", "dedup/exact"],
        },
        "arms": {"no-lines": {"dedup/lines": "off"}, "bff": {"after": {"dedup/lines": "dedup/bff"}}},
    }
    here = run_ablation(data, inputs, tmp_path / "here")
    there = run_ablation(data, inputs, tmp_path / "there", options=on_prism(endpoint), shards=4)
    assert without_times(there) == without_times(here)
    assert len({arm["kept"]["documents"] for arm in here["arms"]}) > 1


@pytest.mark.long
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared test data is not beside this checkout")
def test_bad_archives_cost_the_same_rows(endpoint, tmp_path):
    inputs = sorted((SHARED / "badinputs").glob("[abc]*.warc*"))
    chosen = recipe("extraction/resiliparse", "language/fasttext", "cleanup/unicode", "dedup/exact", "pii/patterns")
    here = go(chosen, inputs, tmp_path / "here", workers=2)
    there = go(chosen, inputs, tmp_path / "there", options=on_prism(endpoint))
    assert adds_up(here) and adds_up(there)
    assert here["failed"] > 20
    assert content(tmp_path / "there") == content(tmp_path / "here")
