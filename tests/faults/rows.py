"""The whole table, and the part of it that runs with the other tests."""

from tests.faults.archives import ARCHIVES
from tests.faults.disturbances import DISTURBANCES
from tests.faults.documents import DOCUMENTS
from tests.faults.harm import HARM
from tests.faults.machine import MACHINE
from tests.faults.pages import PAGES
from tests.faults.settings import SETTINGS
from tests.faults.strategies import LARGE_TEXTS
from tests.faults.table import Fault
from tests.faults.tables import TABLES

FAULTS: list[Fault] = [*ARCHIVES, *PAGES, *DOCUMENTS, *TABLES, *DISTURBANCES, *HARM, *MACHINE, *SETTINGS, *LARGE_TEXTS]


def sample(count: int = 15) -> list[Fault]:
    """So many of the cheap rows, from all over the table."""
    cheap = [fault for fault in FAULTS if fault.cheap]
    return [cheap[number * len(cheap) // count] for number in range(count)]
