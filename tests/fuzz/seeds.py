"""Renews the corpus of small seeds: python -m tests.fuzz.seeds"""

from tests.fuzz import readers, strategies
from tests.fuzz.engine import SEEDS


def write() -> None:
    """Write the seeds of the guided classes, one file each."""
    for module in (readers, strategies):
        folder = SEEDS / module.__name__.rpartition(".")[2]
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in module.seeds().items():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    write()
