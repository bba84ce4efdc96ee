"""The suite's own properties of the kernels, fed with random choices while Numba checks every index."""

import importlib
import inspect
from pathlib import Path

from tests.fuzz.engine import ROOT, Target

GUIDED = ()  # compiled code shows no coverage

# Where properties of kernels stand, beside tests/filters/text.
MODULES = (
    "tests.filters.cleanup.test_klue",
    "tests.filters.cleanup.test_refinedweb_lines",
    "tests.filters.cleanup.test_sentences",
    "tests.filters.cleanup.test_unicode",
    "tests.filters.dedup.test_judges",
    "tests.filters.quality.test_c4_fineweb",
    "tests.filters.quality.test_redpajama",
    "tests.filters.test_charset",
    "tests.filters.toxicity.test_preparation",
    "tests.pipelines.corpus.test_components",
)


def properties():  # type: ignore[no-untyped-def]
    """(name, function of a buffer) of every property that needs no fixture."""
    text = sorted((ROOT / "tests" / "filters" / "text").glob("test_*.py"))
    names = [*(f"tests.filters.text.{path.stem}" for path in text), *MODULES]
    found = []
    for module in map(importlib.import_module, names):
        for name, function in vars(module).items():
            handle = getattr(function, "hypothesis", None)
            if handle is not None and not inspect.signature(function).parameters:
                found.append((f"{module.__name__}.{name}", handle.fuzz_one_input))
    return found


def target(folder: Path) -> Target:
    """The target: the first byte of an input chooses the property."""
    known = properties()

    def one(data: bytes) -> bool | None:
        _, feed = known[data[0] % len(known)]
        return None if feed(data[1:]) is not None else False

    return one
