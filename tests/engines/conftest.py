"""A store and what isolated workers are told, for all tests of engines."""

import os

import pytest

from tests.engines import runners
from tests.engines.store import serving


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("CURATE_TEST_VISIBLE", runners.visible())
    monkeypatch.setenv("CURATE_TEST_WORKER_LOG", str(tmp_path / "workers.log"))
    monkeypatch.setenv("CURATE_TEST_CODE", str(runners.ROOT))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(runners.packages()))
    with serving() as found:
        yield found
