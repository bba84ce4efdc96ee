"""Do proxies say what small transformers say? Arms of recipes and controls, one model of each kind an arm and seed.

    python -m benchmarks.truth DIR --reference prose=a.jsonl.gz --reference docs=b.jsonl.gz [--input crawl/*.warc.gz]

Builds a pool of pages from Debian documentation packages (apt-get download, nothing is installed) and given archives,
curates it by each arm's recipe, draws equal bytes of each arm by seed, and trains. Everything that is done is kept in
DIR: run it again and it goes on; seeds are done in turn, so what is there is a result. Needs the extras `transformer`
and `tokenizers`, and hours of CPU; docs/truth.md holds what it found.
"""

import argparse
import hashlib
import itertools
import json
import random
import subprocess
import sys
import time
import uuid
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.dataset as ds

import curate
from curate.ablation.proxies import samples
from curate.ablation.proxies.decisions import Costs
from curate.ablation.proxies.judge import PROXIES
from curate.ablation.proxies.references import References, read_references
from curate.ablation.proxies.samples import Sample, Source
from pipelines.reading.units import expand

BY_HAND = True
PACKAGES = {
    "en": (
        "anarchism", "apache2-doc", "aptitude-doc-en", "bash-doc", "bind9-doc", "cmake-doc", "debian-faq",
        "debian-policy", "debian-reference-de", "debian-reference-en", "debian-reference-fr", "developers-reference",
        "exim4-doc-html", "gap-doc", "git-doc", "installation-guide-amd64", "libreoffice-help-en-us",
        "maint-guide", "nodejs-doc", "octave-doc", "postfix-doc", "postgresql-doc-15", "python-django-doc",
        "python-sqlalchemy-doc", "python3.11-doc", "r-doc-html", "sqlite3-doc", "swi-prolog-doc",
    ),
    "ko": ("libreoffice-help-ko",),
    "ja": ("libreoffice-help-ja",),
}  # fmt: skip
AGAIN = 0.12  # of the pages of packages are in the pool twice, as if fetched again
TRANSFORMER = "transformer"


def recipes(language: str) -> dict[str, Any]:
    """Recipes by arm, the base first: eight, each of which leaves out or replaces something of the base."""
    extract, dedup = "extraction/resiliparse", "dedup/minhash"
    keep = {"language/fasttext": {"keep": [language], "min_score": 0.65}}
    english = language == "en"
    repetition, rules = (
        "quality/gopher-repetition",
        "quality/gopher" if english else {"quality/length": {"min_words": 20}},
    )
    base = [extract, keep, repetition, rules, dedup]
    more = ["quality/fineweb"] if english else [{"quality/length": {"as": "long", "min_words": 100}}]
    stages = {
        "base": base,
        "no-language": [extract, repetition, rules, dedup],
        "no-repetition": [extract, keep, rules, dedup],
        "no-rules": [extract, keep, repetition, dedup],
        "no-dedup": [extract, keep, repetition, rules],
        "trafilatura": ["extraction/trafilatura", *base[1:]],
        "stricter": [extract, keep, repetition, rules, *more, dedup],
        "nothing": [{extract: {"main_content": False}}],
    }
    return {name: {"name": name, "stages": steps} for name, steps in stages.items()}


COPIES = ("no-dedup", "nothing", "half duplicated")  # keep what the base takes out as copies: reports judge no such arm
CONTROLS = ("words shuffled", "lines shuffled", "half duplicated", "random removal")


def main() -> None:
    """Go on with a study, or say what it found (--report)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--language", default="en", choices=sorted(PACKAGES))
    parser.add_argument("--ablation", help="take the arms of this ablation in place of the eight recipes built in")
    parser.add_argument("--package", action="append", help="Debian packages with HTML (default: some of the language)")
    parser.add_argument("--pages", type=int, default=500, help="pages of each package at most")
    parser.add_argument("--input", action="append", default=[], help="archives that join the pool")
    parser.add_argument("--reference", action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--bytes", type=int, default=2_500_000, help="training text of an arm and seed, at most")
    parser.add_argument("--reference-bytes", type=int, default=150_000, help="of each reference, at most")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--vocabulary", type=int, default=1024)
    parser.add_argument("--stop-after", type=float, default=float("inf"), help="seconds; what is begun is finished")
    parser.add_argument("--report", action="store_true")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    if not given.report:
        study(given)
    print(json.dumps(report(given.folder), ensure_ascii=False, indent=1))


def run() -> dict[str, Any]:
    """Nothing: the study is run by its own command, with a folder and references."""
    return {"skipped": "see python -m benchmarks.truth --help"}


# ------------------------------------------------------------------------------------------------------------- the pool


def pool(folder: Path, packages: Sequence[str], most: int) -> Path:
    """A WARC of the HTML pages of Debian packages, some of them twice; at most so many pages of each package."""
    path = folder / "pool.warc.gz"
    if path.exists():
        return path
    rng = random.Random(0)
    _fetch(folder / "packages", packages)
    with path.with_suffix(".part").open("wb") as file:
        for package in packages:
            place = folder / "packages" / package
            pages = {str(page.relative_to(place)): page for page in _pages(place)}
            for name in sorted(pages, key=lambda name: hashlib.sha1(name.encode()).digest())[:most]:
                url, page = f"https://{package}.example/{name}", pages[name]
                body = page.read_bytes()
                for number in range(2 if rng.random() < AGAIN else 1):
                    file.write(_record(url, body, number))
    path.with_suffix(".part").rename(path)
    return path


def _fetch(place: Path, packages: Sequence[str]) -> None:
    """Download the packages that are not there yet, and unpack all."""
    place.mkdir(exist_ok=True)
    missing = [name for name in packages if not list(place.glob(f"{name}_*.deb"))]
    if missing:
        subprocess.run(["apt-get", "download", "-q", *missing], cwd=place, check=True, stdout=sys.stderr)
    for name in packages:
        (found,) = place.glob(f"{name}_*.deb")
        if not (place / name).exists():
            subprocess.run(["dpkg-deb", "-x", found, place / f"{name}.part"], check=True)
            (place / f"{name}.part").rename(place / name)


def _versions(folder: Path) -> list[str]:
    """The files of the packages, which hold their versions."""
    return sorted(file.stem for file in (folder / "packages").glob("*.deb"))


def _pages(place: Path) -> Iterator[Path]:
    """The HTML pages of an unpacked package."""
    return (one for one in place.rglob("*") if one.suffix in (".html", ".htm", ".xhtml") and one.is_file())


def _record(url: str, body: bytes, number: int) -> bytes:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{url} {number}")
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{name}>\r\nWARC-Date: 2026-01-0{1 + number}"
        f"T00:00:00Z\r\nWARC-Target-URI: {url}\r\nContent-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(block)}\r\n\r\n"
    )
    packer = zlib.compressobj(6, wbits=31)
    return packer.compress(head.encode() + block + b"\r\n\r\n") + packer.flush()


# ------------------------------------------------------------------------------------------------------------- the arms


def sources(folder: Path, made: dict[str, Any], inputs: Sequence[str]) -> dict[str, Source]:
    """What each recipe keeps of the pool."""
    found = {}
    for name, recipe in made.items():
        output = folder / "arms" / name
        if not (output / "run.json").exists():
            curate.run(recipe, inputs, output, workers=1, resume=output.exists())
        table = ds.dataset(output / "kept", format="parquet").to_table(columns=["id", "text"])
        texts = table["text"].to_pylist()
        ids = np.array(table["id"].to_pylist(), dtype=object)
        sizes = np.array([len(text.encode("utf-8", "surrogatepass")) for text in texts], dtype=np.int64)

        def fetch(rows: Sequence[int], texts: list[str] = texts) -> dict[int, str]:
            return {row: texts[row] for row in rows}

        found[name] = Source(ids, sizes, fetch, np.full(len(ids), "", dtype=object))
    return found


def drawn(arm: str, arms: dict[str, Source], most: int, seed: int, references: References) -> Sample:
    """The training texts of an arm or control and a seed."""
    source = arms.get(arm, arms["base"])
    if arm == "random removal":
        source = samples.randomly_removed(source)
    found = samples.sample(source, {"": most}, seed, references.overlaps)
    if arm == "words shuffled":
        return Sample(samples.words_shuffled(found.texts, seed), found.bytes, 0)
    if arm == "lines shuffled":
        rng = random.Random(seed)
        texts = ["\n".join(rng.sample(lines, len(lines))) for lines in (text.split("\n") for text in found.texts)]
        return Sample(texts, found.bytes, 0)
    if arm == "half duplicated":
        return Sample(samples.half_duplicated(found.texts), found.bytes, 0)
    return found


# ------------------------------------------------------------------------------------------------------------ the study


def study(given: argparse.Namespace) -> None:
    """Train what is not yet trained, seed after seed."""
    from benchmarks import _truth_model as truth_model

    started = time.monotonic()
    named = [one.partition("=") for one in given.reference]
    references = _cut(read_references({name: [path] for name, _, path in named}), given.reference_bytes)
    packages = PACKAGES[given.language] if given.package is None else given.package
    inputs = [str(pool(given.folder, packages, given.pages))] if packages else []
    inputs += expand(given.input) if given.input else []
    made = recipes(given.language)
    if given.ablation:
        made = {arm.name: arm.recipe for arm in curate.load_ablation(given.ablation).arms}
    arms = sources(given.folder, made, inputs)
    order = [*arms, *CONTROLS]
    # as in an ablation: half of what the smallest arm has, so that seeds differ
    most = min([given.bytes, *(source.bytes // 2 for source in arms.values()), arms["base"].bytes // 3])
    size = truth_model.Size(given.width, given.layers, given.vocabulary)
    settings = {
        "language": given.language, "packages": _versions(given.folder), "pages": given.pages, "inputs": len(inputs),
        "bytes": most, "arms": {name: arms[name].bytes if name in arms else None for name in order},
        "references": references.sizes, "size": vars(size),
    }  # fmt: skip
    kept = given.folder / "study.json"
    if kept.exists() and json.loads(kept.read_text()) != settings:
        sys.exit(f"{given.folder} holds a study with other settings: {kept}")
    kept.write_text(json.dumps(settings))
    encode = truth_model.tokenizer(drawn("base", arms, most, 99, references).texts, size)
    ask = {proxy.name: proxy.open(references.texts) for proxy in PROXIES}
    results = given.folder / "results.jsonl"
    done = {(row["model"], row["arm"], row["seed"]) for row in _rows(results)}
    for seed, arm in itertools.product(range(given.seeds), order):
        todo = [name for name in (*ask, TRANSFORMER) if (name, arm, seed) not in done]
        if not todo:
            continue
        found = drawn(arm, arms, most, seed, references)
        for name in todo:
            if time.monotonic() - started > given.stop_after:
                return
            before = time.process_time()
            if name == TRANSFORMER:
                row = truth_model.costs(found.texts, references.texts, encode, size, seed)
            else:
                row = {"costs": ask[name](found.texts)}
            row.update(model=name, arm=arm, seed=seed, bytes=found.bytes, cpu=round(time.process_time() - before, 2))
            with results.open("a") as file:
                file.write(json.dumps(row) + "\n")


def _cut(references: References, most: int) -> References:
    """The first texts of each reference, up to so many bytes: transformers are slow readers."""
    found: dict[str, list[str]] = {}
    for name, texts in references.texts.items():
        left = most
        found[name] = []
        for text in texts:
            piece = text.encode("utf-8", "surrogatepass")[: min(left, most // 10)].decode("utf-8", "ignore")
            found[name].append(piece)
            left -= len(piece.encode("utf-8", "surrogatepass"))
            if left <= 0:
                break
    return References(found)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


# ----------------------------------------------------------------------------------------------------------- the report


def report(folder: Path) -> dict[str, Any]:
    """How often each proxy has the sign of the transformers, over the seeds that all arms have."""
    settings = json.loads((folder / "study.json").read_text())
    rows = _rows(folder / "results.jsonl")
    order, references = list(settings["arms"]), list(settings["references"])
    seeds = []
    for seed in sorted({row["seed"] for row in rows}):
        have = {(row["model"], row["arm"]) for row in rows if row["seed"] == seed}
        if all((name, arm) in have for name in (TRANSFORMER, *(p.name for p in PROXIES)) for arm in order):
            seeds.append(seed)
    if len(seeds) < 2:
        return {"settings": settings, "seeds": seeds, "why": "fewer than two seeds are whole"}
    by = {(row["model"], row["arm"], row["seed"]): row["costs"] for row in rows}

    def table(model: str, reference: str) -> np.ndarray:
        return np.array([[by[model, arm, seed][reference] for seed in seeds] for arm in order])

    own = [arm not in ("words shuffled", "lines shuffled", "half duplicated") for arm in order]
    truth = {name: table(TRANSFORMER, name) for name in references}
    pairs = list(itertools.combinations(range(len(order)), 2))
    separated = _separated(truth, own, pairs)
    # by the transformers of the other seeds, which did not read the documents of this one
    others = [
        _separated({name: np.delete(costs, at, axis=1) for name, costs in truth.items()}, own, pairs)
        for at in range(len(seeds) if len(seeds) > 2 else 0)
    ]

    def right(model: str, chosen: set[int]) -> dict[str, Any]:
        tables = {name: table(model, name) for name in references}
        return _right(tables, _among(separated, chosen), [_among(cells, chosen) for cells in others])

    everything, made = set(range(len(order))), {at for at, arm in enumerate(order) if arm not in CONTROLS}
    alike = {at for at, arm in enumerate(order) if arm not in COPIES}
    size = {**dict.fromkeys(order, settings["arms"]["base"]), **{a: b for a, b in settings["arms"].items() if b}}
    shares = [settings["bytes"] / size[arm] / (1 - samples.REMOVED * (arm == "random removal")) for arm in order]
    found: dict[str, Any] = {
        "settings": settings, "seeds": seeds, "cells": len(pairs) * len(references), "separated": len(separated),
        "separated_by_chance": round(0.05 * len(pairs) * len(references), 1),
        "parameters": next(row["parameters"] for row in rows if row["model"] == TRANSFORMER),
        "tokens": next(row["tokens"] for row in rows if row["model"] == TRANSFORMER),
    }  # fmt: skip
    for model in (*(proxy.name for proxy in PROXIES), TRANSFORMER):
        tables = {name: table(model, name) for name in references}
        cpu = [row["cpu"] for row in rows if row["model"] == model]
        found[model] = {
            "cpu_seconds": round(float(np.median(cpu)), 2),
            "right_separated": right(model, everything) if model != TRANSFORMER else None,
            "right_recipes_only": right(model, made) if model != TRANSFORMER else None,
            "right_without_copies": right(model, alike) if model != TRANSFORMER else None,
            "verdicts": _verdicts(tables, truth, _among(_separated(tables, own, pairs, shares), alike)),
            "right_cross_seed": _cross_seed(tables, truth, pairs),
            "to_base": {
                arm: {name: round(1000 * float((tables[name][at] - tables[name][0]).mean())) for name in references}
                for at, arm in enumerate(order) if at
            },
            "beyond_chance": [
                f"{order[b]} on {name}" for (a, b), name, _ in _separated(tables, own, pairs) if a == 0
            ],
        }  # fmt: skip
    return found


Cell = tuple[tuple[int, int], str, int]  # two arms, a reference, and the sign of the transformers


def _separated(
    tables: dict[str, np.ndarray],
    own: Sequence[bool],
    pairs: Sequence[tuple[int, int]],
    shares: Sequence[float] | None = None,
) -> list[Cell]:
    """The pairs of arms that a model tells apart beyond the chance of its seeds, by reference, and its sign.

    shares  of each arm that a sample takes, to decide as reports do; without, chance is that of the very samples
    """
    costs = {name: Costs(table, shares or [0.0] * len(own), own) for name, table in tables.items()}
    signs = [(pair, name, costs[name].difference(*pair).sign) for pair in pairs for name in costs]
    return [cell for cell in signs if cell[2]]


def _among(cells: Sequence[Cell], arms: set[int]) -> list[Cell]:
    return [cell for cell in cells if set(cell[0]) <= arms]


def _right(tables: dict[str, np.ndarray], cells: Sequence[Cell], others: Sequence[Sequence[Cell]]) -> dict[str, Any]:
    """The share of right signs.

    of_means         of the means over seeds
    without_one_arm  the same, the least and the most if any one arm is left out: pairs share arms
    of_seeds         of single seeds: mean, and 95 % t interval over seeds
    of_other_seeds   the same, where the other seeds say which cells are separated and what is right; from 3 seeds on
    """
    if not cells:
        return {"cells": 0}
    means = {name: table.mean(axis=1, keepdims=True) for name, table in tables.items()}
    arms = {arm for pair, _, _ in cells for arm in pair}
    left = [[cell for cell in cells if arm not in cell[0]] for arm in arms]
    without = [_share(means, one, 0) for one in left if one]
    seeds = range(next(iter(tables.values())).shape[1])
    found = {
        "cells": len(cells),
        "of_means": round(_share(means, cells, 0), 3),
        "without_one_arm": [round(min(without), 3), round(max(without), 3)] if without else None,
        "of_seeds": _interval([_share(tables, cells, at) for at in seeds]),
        "of_other_seeds": None,
    }
    if others and all(others):
        found["of_other_seeds"] = _interval([_share(tables, one, at) for at, one in enumerate(others)])
    return found


def _share(tables: dict[str, np.ndarray], cells: Sequence[Cell], seed: int) -> float:
    return float(np.mean([np.sign(tables[name][b, seed] - tables[name][a, seed]) == s for (a, b), name, s in cells]))


def _verdicts(tables: dict[str, np.ndarray], truth: dict[str, np.ndarray], decided: Sequence[Cell]) -> dict[str, Any]:
    """What a report would decide among arms that deduplicate alike, and how often transformers have the same sign."""
    means = {name: table.mean(axis=1, keepdims=True) for name, table in truth.items()}
    return {"decided": len(decided), "right": round(_share(means, decided, 0), 3) if decided else None}


def _interval(shares: Sequence[float]) -> list[float]:
    from scipy import stats

    mean, width = float(np.mean(shares)), float(np.std(shares, ddof=1) / np.sqrt(len(shares)))
    width *= float(stats.t.ppf(0.975, len(shares) - 1))
    return [round(mean, 3), round(mean - width, 3), round(mean + width, 3)]


def _cross_seed(tables: dict[str, np.ndarray], truth: dict[str, np.ndarray], pairs: Sequence[Any]) -> float:
    """How often one seed of a model has the sign of another seed of the transformer, over all pairs and references."""
    hits = [
        np.sign(tables[name][b, one] - tables[name][a, one]) == np.sign(truth[name][b, two] - truth[name][a, two])
        for name in tables for a, b in pairs for one in range(truth[name].shape[1])
        for two in range(truth[name].shape[1]) if one != two
    ]  # fmt: skip
    return round(float(np.mean(hits)), 3)


if __name__ == "__main__":
    main()
