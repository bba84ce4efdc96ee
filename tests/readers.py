"""Whether other libraries read what a run wrote: datasets, pandas, Polars and DuckDB, in an environment of their own.

    python -m tests.readers [--reader PYTHON] [--keep FOLDER]

Every shipped recipe runs over the sample archive, with `curate card` and an export after it. Each library must then
find in each table the rows, the columns and the ids that this project finds in it. --reader is a Python that has the
libraries; without it a new environment is made. Exits with 1 where anything differs.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.dataset as ds

from curate.export.card import write_card
from curate.export.export import export
from curate.recipe import RecipeError, load
from curate.rundir import UsageError
from curate.running import run

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = ROOT / "configs"
SAMPLE = CONFIGS / "sample" / "sample.warc.gz"
LIBRARIES = ("datasets", "pandas", "polars", "duckdb")
# Run by the other Python: prints what each library finds of each table as [rows, columns, hash of the ids]
READ = r"""
import glob, hashlib, json, sys
import datasets, duckdb, pandas, polars

def seen(columns, ids):
    ids = sorted(str(one) for one in ids)
    return [len(ids), sorted(columns), hashlib.sha256("\n".join(ids).encode()).hexdigest()]

found = {}
for folder, tables in json.load(sys.stdin).items():
    for table in tables:
        path = f"{folder}/{table}"
        files = sorted(glob.glob(f"{path}/*.parquet"))
        if table != "export":
            one = datasets.load_dataset(folder, table, split="train", cache_dir=sys.argv[1])
            found[f"{path} datasets"] = seen(one.column_names, one["id"])
        one = pandas.concat([pandas.read_parquet(file) for file in files])
        found[f"{path} pandas"] = seen(one.columns, one["id"])
        one = polars.read_parquet(f"{path}/*.parquet")
        found[f"{path} polars"] = seen(one.columns, one["id"])
        one = duckdb.sql(f"select * from '{path}/*.parquet'")
        found[f"{path} duckdb"] = seen(one.columns, [id for id, in one.project("id").fetchall()])
json.dump(found, sys.stdout)
"""


def main() -> int:
    """Run, read, compare; the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--reader", type=Path)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (given.keep or Path(scratch)).resolve()
        reader = given.reader or _environment(folder / "venv")
        tables: dict[str, list[str]] = {}
        expected: dict[str, list] = {}
        for path in sorted(CONFIGS.glob("*.yaml")):
            output = folder / path.stem
            if not _ran(path, output):
                continue
            names = ["export", *(name for name in ("kept", "dropped", "failed") if _seen(output / name)[0])]
            tables[str(output)] = names
            expected |= {f"{output}/{name}": _seen(output / name) for name in names}
        command = [reader, "-c", READ, str(folder / "cache")]
        done = subprocess.run(command, input=json.dumps(tables), text=True, stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    wrong = [what for what, seen in found.items() if seen != expected[what.rpartition(" ")[0]]]
    rows = sum(count for count, *_ in expected.values())
    print(f"{len(tables)} recipes, {len(expected)} tables, {rows:,} rows: {len(found)} readings, {len(wrong)} differ")
    print("\n".join(wrong))
    return bool(wrong)


def _environment(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *LIBRARIES], check=True)
    return folder / "bin" / "python"


def _ran(path: Path, output: Path) -> bool:
    """Whether a recipe could run here: where it lacks an extra, that is said."""
    try:
        run(load(path), [str(SAMPLE)], output, workers=1)
    except (RecipeError, UsageError) as error:
        print(f"{path.stem}: {error}")
        return False
    write_card(output)
    export(output, output / "export", "parquet")
    return True


def _seen(folder: Path) -> list:
    """The rows, the columns and a hash of the ids of a table, as this project reads it."""
    table = ds.dataset(folder, format="parquet", exclude_invalid_files=True).to_table()
    ids = sorted(str(one) for one in table["id"].to_pylist())
    return [len(ids), sorted(table.column_names), hashlib.sha256("\n".join(ids).encode()).hexdigest()]


if __name__ == "__main__":
    sys.exit(main())
