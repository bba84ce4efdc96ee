"""The whole table."""

from tests.faults.archives import ARCHIVES
from tests.faults.documents import DOCUMENTS
from tests.faults.table import Fault

FAULTS: list[Fault] = [*ARCHIVES, *DOCUMENTS]
