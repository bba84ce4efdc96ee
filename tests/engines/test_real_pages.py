"""Recipes on real pages, on workers that share nothing but Cloud Storage or S3 (emulated): the rows of a local run."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from curate.recipe import CONFIGS, parse
from tests.curate.running_tools import content, go
from tests.engines import emulators, runners
from tests.engines.isolated import cannot_isolate, command, told_by_workers

SHARED = Path(os.environ.get("CURATE_SHARED_DATA", runners.ROOT.parent / "shared" / "data"))
PAGES = [f"pages_gold/{name}.warc.gz" for name in ("postlight", "pytorch_ko", "reencoded_cjk")]
RECIPES = {"quickstart": [], "dclm-baseline": ["dedup/minhash"], "klue": []}  # with stages that are added
REPEATED = ["--direct_runner_bundle_repeat", "1"]  # every bundle runs twice

pytestmark = [
    pytest.mark.engines,
    pytest.mark.skipif(bool(cannot_isolate()), reason=cannot_isolate()),
    pytest.mark.skipif(not SHARED.is_dir(), reason="the shared test data is not beside this checkout"),
    pytest.mark.timeout(3000),
]


@pytest.mark.parametrize(
    ("name", "kind", "runner", "more"),
    [
        ("quickstart", "gs", "Isolated", []),
        ("dclm-baseline", "gs", "Isolated", []),
        ("klue", "gs", "Isolated", REPEATED),
        ("quickstart", "gs", "Unfused", REPEATED),
        ("dclm-baseline", "gs", "Unfused", []),
        ("klue", "gs", "Unfused", []),
        ("quickstart", "s3", "Isolated", []),
    ],
)
def test_rows_are_those_of_a_local_run(store, tmp_path, monkeypatch, name, kind, runner, more):
    if emulators.missing(kind):
        pytest.skip(emulators.missing(kind))
    shipped = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text(encoding="utf-8"))
    recipe = {"name": name, "stages": [*shipped["stages"], *RECIPES[name]]}
    chosen = tmp_path / "recipe.yaml"
    chosen.write_text(json.dumps(recipe), encoding="utf-8")
    inputs = [SHARED / path for path in PAGES]
    # first, so that the isolated workers get compiled kernels
    here = go(parse(recipe, str(chosen)), inputs, tmp_path / "here", workers=1)
    with emulators.serving(kind, str(tmp_path / "emulator.log")) as told:
        for variable, value in told.items():
            monkeypatch.setenv(variable, value)
        bucket = emulators.client(kind)
        for path in inputs:
            bucket.put(f"in/{path.name}", path.read_bytes())
        arguments = [chosen, f"{kind}://bucket/in/*.warc.gz", "--output", f"{kind}://bucket/out", "--shards", "4"]
        run = [*command(*arguments, runner=runner), *more]
        done = subprocess.run(run, cwd="/", capture_output=True, text=True, timeout=2800, check=False)
        assert done.returncode == 0, done.stderr
        for found, data in bucket.objects("out/").items():
            path = tmp_path / found
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    there = json.loads((tmp_path / "out" / "run.json").read_bytes())
    for what in ("kept", "dropped", "failed"):
        assert there[what] == here[what]
    assert there["read"]["records"] > 100
    assert content(tmp_path / "out") == content(tmp_path / "here")
    said = told_by_workers(store)
    assert len(said) == 2
    for worker in said.values():
        assert not [path for path in worker["read"] + worker["wrote"] if not path.startswith(f"{kind}://bucket/")]
        assert worker["wrote"]
        others = {path for one in said.values() if one is not worker for path in one["wrote"]}
        assert others & {*worker["read"]}, "each worker reads what the other wrote"
