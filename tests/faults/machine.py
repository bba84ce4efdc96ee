"""A machine that is full, closed, small or odd: disks, permissions, memory, environment, network, clock."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.faults.archives import pages
from tests.faults.disturbances import once, wait_for
from tests.faults.table import (
    BESIDE,
    ROOT,
    UNSET,
    CannotRun,
    Ended,
    Fault,
    Place,
    refused,
    run_arguments,
    same_rows,
    sound,
)

SITE = [Path(path) for path in sys.path if path.endswith("site-packages")]
STAGES = ({"extraction/resiliparse": {"main_content": False}}, "language/script", "dedup/exact", "dedup/minhash")
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def nobody(place: Place) -> tuple[str, ...]:
    """What goes before a command so that another user runs it, who may read the installation and the project.

    Where their folders are closed to others, as a home of root is, these see an open copy of the way to them.
    """
    commands = []
    for number, folder in enumerate(sorted({sys.base_prefix, *map(str, (ROOT, *SITE))})):
        closed = next((one for one in reversed(Path(folder).parents) if not one.stat().st_mode & 0o001), None)
        if closed is not None:
            aside = f"{place.folder}/aside-{number}"
            commands += [
                f"mkdir -p {aside} && mount --bind {folder} {aside}",
                f"mount -t tmpfs -o mode=755 tmpfs {closed} && mkdir -p {folder} && mount --bind {aside} {folder}",
            ]
    return (*apart(*commands), *NOBODY)


def as_root() -> None:
    """Some faults only root can make."""
    if os.getuid() != 0:
        raise CannotRun("only root can make this")


def apart(*commands: str) -> tuple[str, ...]:
    """What goes before a command so that it runs after these, in a world of mounts of its own."""
    as_root()
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        raise CannotRun("mounts cannot be made here")
    return (
        "unshare",
        "-m",
        "sh",
        "-c",
        "; ".join([*(f"{command} || exit 99" for command in commands), 'exec "$0" "$@"']),
    )


@contextlib.contextmanager
def small_disk(place: Place, kilobytes: int) -> Iterator[Path]:
    """A folder that holds so much."""
    as_root()
    folder = place.folder / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        raise CannotRun("a small disk cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def small(place: Place, count: int = 60) -> tuple[Path, list[Path]]:
    """A recipe and two small inputs."""
    texts = [f"{n} {BESIDE[n % 3]} {n * n}" for n in range(count)]
    archive = place.write("a.warc.gz", b"".join(pages(5)))
    return place.recipe(*STAGES), [archive, place.rows("b.jsonl", texts)]


@once
def anywhere(place: Place) -> tuple[Path, list[Path], Ended]:
    """A recipe, two small inputs, and the run over them on a machine without faults."""
    recipe, inputs = small(place)
    return recipe, inputs, sound(place.run(recipe, *inputs, output="whole"))


def as_elsewhere(
    workers: int = 2, before: Sequence[str] | Callable[[Place], Sequence[str]] = (), **env: str
) -> Callable[[Place], None]:
    """The run gives the rows of any other, in this environment."""

    def check(place: Place) -> None:
        recipe, inputs, whole = anywhere()
        place.folder.chmod(0o777)
        wrapped = before(place) if callable(before) else before
        ended = place.run(recipe, *inputs, workers=workers, before=wrapped, env=env)
        if ended.code == 99:
            raise CannotRun("a mount was refused")
        same_rows(sound(ended), whole)

    return check


def full(kilobytes: int) -> Callable[[Place], None]:
    """The output's disk is full; later it is not, and the run is resumed."""

    def check(place: Place) -> None:
        recipe, inputs = small(place, 3000)
        whole = sound(place.run(recipe, *inputs, output="whole"))
        with small_disk(place, kilobytes) as disk:
            out = disk / "out"
            ended = place.run(recipe, *inputs, output=out, workers=2)
            assert ended.code in (1, 2), f"exit code {ended.code}: {ended.err[-300:]}"
            assert "Traceback" not in ended.said, ended.err[-300:]
            assert str(disk) in ended.err and "space" in ended.err, ended.err[-300:]
            assert not (out / "run.json").exists(), "a result on a full disk"
            subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
            again = place.run(
                recipe, *inputs, output=out, workers=2, options=("--resume",) if (out / ".curate").exists() else ()
            )
            same_rows(sound(again), whole)

    return check


def file_size(place: Place) -> None:
    """No file may grow beyond 50 KB (RLIMIT_FSIZE)."""
    recipe, inputs = small(place, 6000)
    ended = place.run(recipe, *inputs, before=("prlimit", "--fsize=50000"))
    assert ended.code == 1 and "Traceback" not in ended.said, f"{ended.code}: {ended.err[-400:]}"
    assert str(ended.output.name) in ended.err and "too large" in ended.err, ended.err[-300:]
    assert not (ended.output / "run.json").exists()


def full_stdout(place: Place) -> None:
    """What is printed goes to a full device; the run is whole."""
    recipe, inputs = small(place)
    with open("/dev/full", "w") as nowhere:
        ended = place.wait(place.start(*run_arguments(recipe, inputs, "out", 1), stdout=nowhere))
    assert "Traceback" not in ended.err, ended.err[-300:]
    assert ended.result["conserved"]


def closed_pipe(place: Place) -> None:
    """Who reads what is printed goes away at once."""
    recipe, inputs = small(place)
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = place.wait(place.start(*run_arguments(recipe, inputs, "out", 1), stdout=writer))
    finally:
        os.close(writer)
    assert "Traceback" not in ended.err, ended.err[-300:]
    assert ended.result["conserved"]


def closed_streams(place: Place) -> None:
    """Neither standard input, output nor errors are open."""
    recipe, inputs = small(place)
    command = ("sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-')
    ended = place.wait(place.start(*run_arguments(recipe, inputs, "out", 2), before=command))
    assert ended.code == 0, ended.code
    assert ended.result["conserved"]


def closed_output(place: Place) -> None:
    """The output's folder may not be written."""
    as_root()
    recipe, inputs = small(place)
    (place.folder / "locked").mkdir(mode=0o555)
    ended = place.run(recipe, *inputs, output="locked/out", before=nobody(place), env={"HOME": "/nonexistent"})
    refused(ended, "locked/out", "ermission")


def read_only_disk(place: Place) -> None:
    """The output's disk is mounted for reading only."""
    recipe, inputs = small(place)
    (place.folder / "ro").mkdir()
    before = apart(f"mount -t tmpfs -o ro tmpfs {place.folder}/ro")
    refused(place.run(recipe, *inputs, output="ro/out", before=before), "ro/out", "ead-only")


def site_packages(_: Place) -> tuple[str, ...]:
    """The installation and the project may only be read."""
    folders = {sysconfig.get_paths()["purelib"], str(ROOT)}
    folders |= {str(path) for path in SITE}
    return apart(
        *(f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}" for folder in sorted(folders))
    )


def clock(*arguments: str) -> Callable[[Place], None]:
    """The clock is another, or jumps."""

    def check(place: Place) -> None:
        if shutil.which("faketime") is None:
            raise CannotRun("faketime is not installed")
        # the monotonic clock is no clock that anybody sets
        env = {"DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        as_elsewhere(2, ("faketime", *arguments), **env)(place)

    return check


def clock_set(place: Place) -> None:
    """The clock is set back by a day while a run is stopped, and it is resumed."""
    if shutil.which("faketime") is None:
        raise CannotRun("faketime is not installed")
    recipe, inputs = small(place, 2000)
    whole = sound(place.run(recipe, *inputs, output="whole", workers=2))
    process = place.start(*run_arguments(recipe, inputs, "out", 2), before=("faketime", "-f", "+1d"))
    wait_for(lambda: any((place.folder / "out").glob(".curate/done/0/*.json")), process)
    os.killpg(process.pid, signal.SIGKILL)
    place.wait(process)
    if not (place.folder / "out" / "run.json").exists():
        sound(place.run(recipe, *inputs, workers=2, options=("--resume",)))
    same_rows(Ended(0, "", "", 0, 0, 0, place.folder / "out"), whole)


def few_descriptors(place: Place) -> None:
    """64 open files are allowed."""
    recipe, inputs = small(place)
    ended = place.run(recipe, *inputs, workers=2, before=("prlimit", "--nofile=64:64"))
    if ended.code:
        assert ended.code in (1, 2) and "Traceback" not in ended.said, ended.err[-400:]
        assert "open files" in ended.err, ended.err[-300:]
    else:
        sound(ended)


def no_processes(place: Place) -> None:
    """No further process may be started."""
    as_root()
    recipe, inputs = small(place)
    place.folder.chmod(0o777)
    before = (*nobody(place), "prlimit", "--nproc=1:1")
    ended = place.run(recipe, *inputs, workers=2, before=before, env={"HOME": "/nonexistent", **ONE_THREAD})
    assert ended.code in (1, 2) and "Traceback" not in ended.said, f"{ended.code}: {ended.err[-400:]}"


def little_address_space(place: Place) -> None:
    """700 MB of address space: too little for the libraries."""
    recipe, inputs = small(place)
    ended = place.run(recipe, *inputs, workers=1, before=("prlimit", f"--as={700 << 20}"))
    assert ended.code in (1, 2) and "Traceback" not in ended.said, f"{ended.code}: {ended.err[-400:]}"


def shm_full(place: Place) -> None:
    """/dev/shm has no room."""
    as_elsewhere(2, apart("mount -t tmpfs -o size=4k tmpfs /dev/shm", "head -c 4096 /dev/zero > /dev/shm/x"))(place)


def without_shm(place: Place) -> tuple[str, ...]:
    """There is no /dev/shm."""
    devices = " ".join(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty"))
    folder = place.folder / "dev"
    make = f"mkdir {folder} && mount -t tmpfs tmpfs {folder}"
    return apart(f"{make} && cp -a {devices} {folder}/", f"mount --bind {folder} /dev")


def tmpdir_full(place: Place) -> None:
    """TMPDIR has no room."""
    folder = place.folder / "full"
    before = apart(
        f"mkdir {folder}", f"mount -t tmpfs -o size=4k tmpfs {folder}", f"head -c 4096 /dev/zero > {folder}/x"
    )
    as_elsewhere(2, before, TMPDIR=str(folder))(place)


def shm_closed(place: Place) -> None:
    """/dev/shm may only be read."""
    recipe, inputs = small(place)
    ended = place.run(recipe, *inputs, workers=2, before=apart("mount -t tmpfs -o ro,size=4k tmpfs /dev/shm"))
    sound(ended, ended.code)
    assert ended.code == 0 or (ended.code in (1, 2) and "/dev/shm" in ended.err), ended.err[-300:]


ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # OpenBLAS interrupts a process that may start none
AS_ELSEWHERE = "the rows of any other run"


def row(name: str, made: str, outcome: str, check: Callable[[Place], None], cheap: bool = False) -> Fault:
    """A row."""
    return Fault(name, made, outcome, check, cheap)


def world(name: str, made: str, *arguments: Any, **more: Any) -> Fault:
    """A row whose outcome are the rows of any other run."""
    return Fault(name, made, AS_ELSEWHERE, as_elsewhere(*arguments, **more))


MACHINE: list[Fault] = [
    row(
        "the disk is full at once",
        "64 KB for the output",
        "exit code 1, path and cause named, --resume later gives the same rows",
        full(64),
    ),
    row(
        "the disk is full in the middle",
        "400 KB for the output",
        "exit code 1, path and cause named, --resume later gives the same rows",
        full(400),
    ),
    row(
        "the disk is full at the end",
        "1 MB for the output",
        "exit code 1, path and cause named, --resume later gives the same rows",
        full(1000),
    ),
    row("files may not grow", "RLIMIT_FSIZE of 50 KB", "exit code 1, path and cause named, no result", file_size),
    row("standard output is full", "/dev/full", "the run is whole, no traceback", full_stdout, True),
    row(
        "standard output is closed by who reads it",
        "a pipe without a reader",
        "the run is whole, no traceback",
        closed_pipe,
        True,
    ),
    row("no standard streams", "all three closed", "the run is whole", closed_streams, True),
    row(
        "the output may not be written",
        "a folder of mode 555, another user",
        "refused, path and cause named",
        closed_output,
    ),
    row("the output's disk is read-only", "a tmpfs mounted ro", "refused, path and cause named", read_only_disk),
    world("no /dev/shm", "a /dev of its own, without it", before=without_shm),
    Fault("/dev/shm is read-only", "mounted ro", "the rows of any other run, or one line that names it", shm_closed),
    row("/dev/shm is full", "a tmpfs of 4 KB", AS_ELSEWHERE, shm_full),
    row("TMPDIR is full", "a tmpfs of 4 KB, filled", AS_ELSEWHERE, tmpdir_full),
    world("TMPDIR is not there", "a path that nobody made", TMPDIR="/nonexistent/tmp"),
    world("HOME is unset", "and XDG_CACHE_HOME too", HOME=UNSET, XDG_CACHE_HOME=UNSET),
    world("HOME may not be written", "a path that nobody made", HOME="/nonexistent"),
    world(
        "another user than root",
        "user 65534, without a home",
        before=nobody,
        HOME="/nonexistent",
    ),
    world("the installation is read-only", "bind mounts of site-packages and of the project", before=site_packages),
    world("no place for compiled kernels", "NUMBA_CACHE_DIR may not be written", NUMBA_CACHE_DIR="/proc/nowhere"),
    world(
        "no network",
        "a network of its own, without even a loopback",
        before=lambda _: (as_root(), ("unshare", "-n"))[1],
    ),
    world("no locale", "LC_ALL=C, PYTHONUTF8=0", LC_ALL="C", PYTHONUTF8="0"),
    world("another order of hashes", "PYTHONHASHSEED=1", PYTHONHASHSEED="1"),
    world("optimised bytecode", "python -OO, without asserts and docstrings", PYTHONOPTIMIZE="2"),
    world(
        "variables of others",
        "PYTHONWARNINGS=error, PYTHONDONTWRITEBYTECODE, COLUMNS=20",
        PYTHONWARNINGS="error::UserWarning",
        COLUMNS="20",
        PYTHONDONTWRITEBYTECODE="1",
    ),
    row("the clock is a year ahead", "faketime +1y", AS_ELSEWHERE, clock("-f", "+365d")),
    row("the clock stands in 1971", "faketime", AS_ELSEWHERE, clock("1971-01-01 00:00:00")),
    row("the clock runs 50 times too fast", "faketime x50", AS_ELSEWHERE, clock("-f", "+0 x50")),
    row("the clock is set back between stop and resume", "a day", AS_ELSEWHERE, clock_set),
    row("64 open files", "RLIMIT_NOFILE", "the rows, or one line that names open files", few_descriptors),
    row("no further process", "RLIMIT_NPROC", "one line, no traceback", no_processes),
    row("700 MB of address space", "RLIMIT_AS", "one line, no traceback", little_address_space),
]
