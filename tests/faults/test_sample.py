"""A part of the battery with the other tests; `make faults` runs all of it."""

import dataclasses

import pytest

from tests.faults.rows import FAULTS, sample
from tests.faults.table import CannotRun, Place


@pytest.mark.parametrize("fault", sample(), ids=lambda fault: fault.name)
def test_fault(fault, tmp_path):
    check = fault.check
    if dataclasses.is_dataclass(check):  # how long it takes is for make faults: this machine may be a slow one
        check = dataclasses.replace(check, cpu_seconds=None)
    try:
        check(Place(tmp_path))
    except CannotRun as error:
        pytest.skip(str(error))


def test_the_table_is_whole():
    assert len(FAULTS) >= 100
    assert len({fault.name for fault in FAULTS}) == len(FAULTS), "two rows of one name"
    for fault in FAULTS:
        assert fault.name and fault.made and fault.outcome
