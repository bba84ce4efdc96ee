"""Feeds a target for some time and keeps what makes it raise; runs in a process that may die of what it is fed."""

import contextlib
import hashlib
import importlib
import random
import resource
import struct
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEEDS = Path(__file__).parent / "seeds"
MEMORY_BYTES = 6 << 30
INPUT_BYTES = 1 << 13
INPUT_SECONDS = 60
_COUNT = struct.Struct("<Q")

Target = Callable[[bytes], bool | None]


class Keeper:
    """Calls a target, counts, and keeps one input for each place that raises. Goes on after finds.

    The count lives in a file, so that it outlives the process.
    """

    def __init__(self, target: Target, folder: Path) -> None:
        self.target, self.folder = target, folder
        self.finds = folder / "finds"
        self.finds.mkdir(parents=True, exist_ok=True)
        self._count = executions(folder)
        self._file = open(folder / "executions", "r+b", buffering=0)  # noqa: SIM115

    def __call__(self, data: bytes) -> None:
        (self.folder / "current").write_bytes(data) if self._count % 64 == 0 else None
        try:
            if self.target(data) is False:  # not a case of the property
                return
        except Exception as error:
            self._keep(data, error)
        self._count += 1
        self._file.seek(0)
        self._file.write(_COUNT.pack(self._count))

    def _keep(self, data: bytes, error: Exception) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if str(ROOT) in frame.filename and "site-packages" not in frame.filename]
        place = f"{type(error).__name__} {' '.join(f'{Path(f.filename).name}:{f.lineno}' for f in ours[-3:])}"
        name = hashlib.sha256(place.encode()).hexdigest()[:12]
        path = self.finds / name
        if not path.exists() or len(data) < path.stat().st_size:
            path.write_bytes(data)
            said = "".join(traceback.format_exception(error))
            (self.finds / f"{name}.txt").write_text(f"{place}\n\n{said}", encoding="utf-8", errors="replace")


def executions(folder: Path) -> int:
    """How many inputs a folder's target was fed with so far."""
    path = folder / "executions"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_COUNT.pack(0))
    return int(_COUNT.unpack(path.read_bytes())[0])


def feed(name: str, seconds: int, folder: Path) -> None:
    """Feed the target of a class for so many seconds; with atheris this does not return."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    module = importlib.import_module(f"tests.fuzz.{name}")
    if module.GUIDED:
        _guided(name, module, seconds, folder)
    else:
        _drawn(Keeper(module.target(folder), folder), seconds)


def _guided(name: str, module, seconds: int, folder: Path) -> None:  # type: ignore[no-untyped-def]
    try:
        import atheris
    except ImportError:
        sys.exit("this class needs atheris: pip install atheris")
    with atheris.instrument_imports(include=list(module.GUIDED), exclude=_compiled()):
        target = module.target(folder)
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    arguments = [
        f"-max_total_time={seconds}", f"-max_len={INPUT_BYTES}", f"-timeout={INPUT_SECONDS}", "-rss_limit_mb=3000",
        f"-artifact_prefix={folder}/finds/", "-print_final_stats=0", "-verbosity=0",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *arguments, str(corpus), str(SEEDS / name)], Keeper(target, folder))
    atheris.Fuzz()


def _compiled() -> list[str]:
    """Modules with kernels: Numba compiles their functions as they stand, without an instrument's calls."""
    found = [path for floor in ("filters", "pipelines") for path in (ROOT / floor).rglob("*.py")]
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in found
        if "njit" in path.read_text(encoding="utf-8")
    ]


def _drawn(keeper: Keeper, seconds: int) -> None:
    rng = random.Random()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(KeyboardInterrupt):
            keeper(rng.randbytes(rng.choice((16, 64, 256, 1024, 4096))))
