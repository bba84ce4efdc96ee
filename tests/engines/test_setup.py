"""The environment that pipelines/image/setup.sh makes: what it holds, and kernels that nobody compiles again."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines import runners

KERNELS = os.environ.get("CURATE_TEST_KERNELS", "")  # where setup.sh put them


@pytest.mark.engines
@pytest.mark.skipif(not KERNELS, reason="make test-engines sets up an environment, and says where its kernels are")
def test_no_kernel_is_compiled_again(tmp_path):
    def compiled():
        return set(Path(KERNELS).rglob("*.nb?"))

    before = compiled()
    assert len(before) > 50
    environment = {**os.environ, "NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CACHE_DIR": KERNELS}
    environment.pop("PYTHONPATH", None)  # kernels belong to the installed files, not to those of the checkout
    sample = runners.ROOT / "configs" / "sample" / "sample.warc.gz"
    run = [Path(sys.executable).parent / "curate", "run", "quickstart", "--input", sample, "--output", tmp_path / "out"]
    done = subprocess.run(
        run, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=1500, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert compiled() == before


def test_the_image_has_the_versions_of_the_lock_and_of_setup():
    docker = (runners.ROOT / "Dockerfile").read_text(encoding="utf-8")
    lock = (runners.ROOT / "pipelines" / "image" / "requirements.lock").read_text(encoding="utf-8")
    every = (runners.ROOT / "requirements.lock").read_text(encoding="utf-8")
    (beam,) = re.findall(r"^ARG BEAM=(.*)$", docker, re.MULTILINE)
    assert f"\napache-beam=={beam} " in lock
    versions = [dict(re.findall(r"^([a-z0-9._-]+)==([^ ]+) ", text, re.MULTILINE)) for text in (lock, every)]
    differ = {name for name in versions[0].keys() & versions[1].keys() if versions[0][name] != versions[1][name]}
    assert not differ
    assert "pytest" not in versions[0]
