"""A store and what isolated workers are told, for all tests of engines."""

import os

import pytest

from tests.engines import runners
from tests.engines.store import serving


@pytest.fixture(autouse=True)
def found_by_processes(monkeypatch):
    """The checkout first, where the project is installed too; commands run elsewhere, as curate puts the working
    directory last."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(runners.ROOT), *runners.packages()]))


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("CURATE_TEST_VISIBLE", runners.visible())
    monkeypatch.setenv("CURATE_TEST_WORKER_LOG", str(tmp_path / "workers.log"))
    monkeypatch.setenv("CURATE_TEST_CODE", str(runners.ROOT))
    with serving() as found:
        yield found
