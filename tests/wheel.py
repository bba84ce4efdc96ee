"""What a user gets: the wheel installed without the lock into a fresh environment, where everything that ships runs.

    python -m tests.wheel [--python PYTHON] [--extra NAME ...] [--keep FOLDER]

Every shipped recipe and ablation must run on the sample, or exit with 2 and say in one line which extra is missing, or
how the user trains the model that it needs.
Without --extra all of it is done with no extra first, then what lacked one again with those of REST. Prints a
table, and exits with 1 where anything else happens. Installing takes most of the time.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REST = ["extractors", "kiwi", "lingua"]  # what the recipes and ablations that ship need
EXTRA = "pip install 'curate-lm-text["
MODEL = "train one: curate train "
ROOT = Path(__file__).resolve().parent.parent
CONFIGS = ROOT / "configs"
SAMPLE = CONFIGS / "sample" / "sample.warc.gz"


def main() -> int:
    """Build, install, run; the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--extra", action="append", default=[])
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (given.keep or Path(scratch)).resolve()
        wheel = _build(folder)
        if not (folder / "venv").exists():
            subprocess.run([given.python, "-m", "venv", folder / "venv"], check=True)
        wanted = {f"recipe {path.stem}" for path in CONFIGS.glob("*.yaml")}
        wanted |= {f"ablation {path.stem}" for path in CONFIGS.glob("ablations/*.yaml")}
        wrong: list[str] = []
        for extras in [given.extra] if given.extra else [[], REST]:
            _install(folder, wheel, extras)
            outcomes = {what: _outcome(folder, what) for what in sorted(wanted)}
            for what, (code, cpu, said) in outcomes.items():
                if code and not (code == 2 and len(said.splitlines()) == 1 and (EXTRA in said or MODEL in said)):
                    wrong.append(what)
                outcome = "ran" if code == 0 else said.strip() or f"exit code {code}"
                print(f"  {what:<28} {cpu:5.1f} s CPU  {outcome}", flush=True)
            wanted = {what for what, (code, _, said) in outcomes.items() if code and MODEL not in said}
        if wanted and not given.extra:
            wrong += [f"{what} (with {', '.join(REST)})" for what in sorted(wanted)]
    print("wrong: " + ", ".join(wrong) if wrong else "everything that ships runs, or names what it lacks")
    return bool(wrong)


def _build(folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return max((folder / "dist").glob("*.whl"), key=os.path.getmtime)


def _install(folder: Path, wheel: Path, extras: list[str]) -> None:
    named = f"{wheel}[{','.join(extras)}]" if extras else str(wheel)
    pip = [folder / "venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    started, before = time.monotonic(), _children()
    # the version is the same as that of an earlier wheel: what is installed of it is replaced, what it needs stays
    subprocess.run([*pip, "--no-deps", "--force-reinstall", str(wheel)], check=True)
    subprocess.run([*pip, named], check=True)
    size = sum(path.stat().st_size for path in (folder / "venv").rglob("*") if path.is_file() and not path.is_symlink())
    version = subprocess.run([folder / "venv/bin/python", "-V"], check=True, capture_output=True, text=True).stdout
    wall, cpu = time.monotonic() - started, _children() - before
    what = f"[{','.join(extras)}]" if extras else "no extra"
    print(f"{version.strip()}, {what}: {size >> 20} MiB, installed in {wall:.0f} s ({cpu:.0f} s CPU)", flush=True)


def _outcome(folder: Path, what: str) -> tuple[int, float, str]:
    """Exit code, CPU seconds and stderr (of a failure) of one recipe or ablation, run as a user would."""
    kind, _, name = what.partition(" ")
    command = "run" if kind == "recipe" else "ablate"
    with tempfile.TemporaryDirectory() as place:
        before = _children()
        done = subprocess.run(
            [folder / "venv/bin/curate", command, name, "--input", SAMPLE, "--output", "out", "--workers", "1"],
            cwd=place, text=True, capture_output=True, timeout=600, check=False,
        )  # fmt: skip
        cpu = _children() - before
        written = Path(place, "out", "report.html").is_file()
    if done.returncode == 0 and not written:
        return 1, cpu, "exit code 0, and no report.html"
    return done.returncode, cpu, done.stderr if done.returncode else ""


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main())
