"""Runs on isolated workers, and what those workers said of themselves."""

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any


def cannot_isolate() -> str:
    """Why workers cannot be isolated here; empty where they can."""
    if not shutil.which("unshare"):
        return "the command unshare is not there"
    if os.getuid() != 0:
        return "namespaces need root"
    done = subprocess.run(["unshare", "--mount", "--pid", "--ipc", "--fork", "true"], capture_output=True, check=False)
    return "" if done.returncode == 0 else "this machine allows no namespaces"


def told_by_workers(store) -> dict[str, dict[str, list[str]]]:
    """What each worker said it did: by worker and by verb, paths."""
    told: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name in sorted(store.objects):
        if name.startswith("log/"):
            what, path = json.loads(store.objects[name])
            told[name.split("/")[1]][what].append(path)
    return told


def fetched(store, output: str, folder: Path) -> Path:
    """The files of an output, copied here."""
    for name, data in store.objects.items():
        if f"store://{name}".startswith(output + "/"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return folder / output.removeprefix("store://")


def command(*arguments: Any, runner: str = "Isolated") -> list[str]:
    """The command curate run on two isolated workers; runner: a class of tests.engines.runners."""
    run = [sys.executable, "-m", "tests.engines.drive", "run", *map(str, arguments), "--", "--runner"]
    return [*run, f"tests.engines.runners.{runner}", "--direct_num_workers", "2"]


def on_isolated_workers(*arguments: Any) -> subprocess.CompletedProcess:
    """What the command says and how it ends."""
    return subprocess.run(command(*arguments), cwd="/", capture_output=True, text=True, timeout=1500, check=False)
