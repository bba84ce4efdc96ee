"""The seeds of the readers, finds of earlier days among them, hold what fuzzing looks for."""

import pytest

from tests.fuzz import readers
from tests.fuzz.engine import SEEDS

FILES = sorted((SEEDS / "readers").iterdir())


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    return readers.target(tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_seed_is_read_as_promised(path, target):
    target(path.read_bytes())


def test_the_seeds_are_those_that_are_made():
    made = readers.seeds()
    found = {path.name: path.read_bytes() for path in FILES if not path.name.startswith("find-")}
    assert found.keys() == made.keys()
    # tables carry the version of the library that wrote them
    same = {name for name, data in made.items() if name not in ("parquet", "arrow")}
    assert {name: found[name] for name in same} == {name: made[name] for name in same}
