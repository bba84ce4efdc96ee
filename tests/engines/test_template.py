"""A template of a Dataflow job, with what Beam stages for it, made against an emulator of Cloud Storage."""

import json
import os
import subprocess
import sys

import pytest

from tests.curate.running_tools import write_rows
from tests.engines import emulators
from tests.engines.page import commands, options

pytestmark = [pytest.mark.engines, pytest.mark.skipif(bool(emulators.missing("gs")), reason=emulators.missing("gs"))]

submit, with_template, *_ = (options(command) for command in commands())


def test_a_template_is_written_and_holds_the_graph_and_the_options(tmp_path, monkeypatch):
    with emulators.serving("gs", str(tmp_path / "emulator.log")) as told:
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        bucket = emulators.client("gs")
        bucket.put("in/a.jsonl", write_rows(tmp_path / "a.jsonl", ["word " * 60]).read_bytes())
        run = [sys.executable, "-m", "tests.engines.drive", "run", "dclm-baseline", "--input", "gs://bucket/in/*.jsonl"]
        extra = tmp_path / "extra-1.0.tar.gz"
        extra.write_bytes(b"a package")
        more = [*submit, *with_template, "--extra_package", str(extra)]
        done = subprocess.run(
            [*run, "--output", "gs://bucket/out", "--", *more],
            cwd="/", env=dict(os.environ), capture_output=True, text=True, timeout=1500, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "template: gs://bucket/templates/dclm" in done.stdout
        template = json.loads(bucket.objects("templates/")["templates/dclm"])
        every = bucket.objects("")
        staged = {name: data for name, data in every.items() if name.startswith("staging")}
    said = json.dumps(template)
    assert "europe-docker.pkg.dev/my-project/repository/curate:1" in said
    assert "n2-standard-8" in said
    assert "word word" not in said
    assert b"a package" in staged.values(), sorted(every)
    assert any(name.endswith("/pipeline.pb") for name in staged)
