"""Which modules are found where: strategies in the working directory, and no package of the user's over this one's."""

import importlib.util
import os
import sys
from pathlib import Path

FLOORS = ("pipelines", "filters")


def append_working_directory() -> None:
    """Let strategies in the working directory be named, after everything that is installed, so that it hides nothing.

    `python -m` puts the directory first; there it is taken away.
    """
    here = os.getcwd()
    sys.path[:] = [path for path in sys.path if path not in ("", here)] + [here]


def hidden() -> str:
    """One line where a package of somebody else's is found in place of one of this project's; "" where none is."""
    home = Path(__file__).resolve().parent.parent
    for name in FLOORS:
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            spec = None
        place = Path(spec.origin).resolve() if spec is not None and spec.origin else None
        if place is None or place.parent.parent != home:
            where = place.parent if place is not None else "none"
            return (
                f"curate needs its own package {name!r}, and Python finds {where}: rename yours, or take its folder "
                "out of PYTHONPATH"
            )
    return ""
