"""Runs benchmarks and prints one JSON object each: python -m benchmarks [NAME ...]"""

import importlib
import json
import pkgutil
import sys
import time
from pathlib import Path


def names() -> list[str]:
    """The benchmarks that `make bench` runs: every module here with run(), but those that set BY_HAND."""
    return sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name[0] != "_")


def main() -> None:
    """Run those named, or all that are not marked BY_HAND (they take long, or install something)."""
    asked = sys.argv[1:]
    for name in asked or names():
        module = importlib.import_module(f"benchmarks.{name}")
        if not hasattr(module, "run") or (not asked and getattr(module, "BY_HAND", False)):
            continue
        started = time.perf_counter()
        result = module.run()
        print(json.dumps({"benchmark": name, "seconds": round(time.perf_counter() - started, 1), **result}), flush=True)


if __name__ == "__main__":
    main()
