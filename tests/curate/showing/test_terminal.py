"""What reaches a terminal or a pipe: no control character, no colour in a pipe, columns that Korean fits into."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest
from rich.cells import cell_len

from curate.showing.directory import find
from tests import forked
from tests.curate.running_tools import go, recipe

ROWS = [
    {
        "id": "esc\x1b[31m",
        "text": "red \x1b[31mtext\x1b]0;title\x07 \x00 nul \u202eturned",
        "url": "https://a.example/\x1b",
    },
    {
        "id": "ko",
        "text": "가나다라마바사아자차카타파하 한국어 문장은 한 글자가 두 칸을 차지한다. " * 8,
        "url": "https://a.example/한글",
    },
    {"id": "mail", "text": "Write to secret-canary-7f3a@example.com or 010-9999-8888 about it. " * 4},
    {"id": "markup", "text": "[bold]not bold[/bold] [/] :smile: \\[x] https://www.example.com/a is cut"},
]
SAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two runs over rows that no terminal should obey."""
    folder = tmp_path_factory.mktemp("terminal")
    (folder / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    go(recipe("cleanup/urls", {"quality/length": {"min_words": 3000}}), [folder / "in.jsonl"], folder / "a")
    go(recipe("cleanup/urls"), [folder / "in.jsonl"], folder / "b")
    go(recipe("cleanup/urls", "pii/patterns"), [folder / "in.jsonl"], folder / "c")
    return folder


COMMANDS = [
    ["show", "a"],
    ["show", "a", "--rule", "min_words"],
    ["show", "b", "--diff"],
    ["show", "c", "--diff"],
    *(["show", "a", "--id", find_id, "--diff"] for find_id in ("esc\ufffd[31m", "ko", "mail", "markup")),
    ["show", "c", "--id", "mail", "--diff"],
    ["diff", "a", "b"],
    ["diff", "b", "c"],
]


def _env(**more):
    return {**os.environ, "PYTHONPATH": os.getcwd(), "TERM": "xterm-256color", **more}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command).encode("ascii", "replace").decode())
def test_a_pipe_gets_plain_text(folder, command):
    done = forked.command(*command, cwd=folder, env=_env())
    assert done.returncode == 0, done.stderr
    shown = done.stdout
    assert not SAFE.search(shown)
    assert "canary" not in shown
    assert "9999-8888" not in shown


def _on_terminal(folder, command, columns):
    """What a terminal of so many columns is sent."""
    main, other = pty.openpty()
    env = _env(COLUMNS=str(columns), LINES="50")
    env.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "curate.cli", *command], cwd=folder, env=env, stdin=other, stdout=other, stderr=other
    )
    os.close(other)
    sent, deadline = b"", time.monotonic() + 120
    while time.monotonic() < deadline:
        if not select.select([main], [], [], 1)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            data = os.read(main, 1 << 16)
        except OSError:
            break
        if not data:
            break
        sent += data
    os.close(main)
    assert process.wait() == 0, sent
    return sent.decode("utf-8")


@pytest.mark.parametrize("command", [["show", "a"], ["show", "b", "--diff"], ["diff", "a", "b"]])
def test_a_terminal_gets_colours_and_lines_that_fit(folder, command):
    sent = _on_terminal(folder, command, 60)
    assert "\x1b[" in sent
    plain = re.sub(r"\x1b\[[0-9;]*m", "", sent)  # what rich writes: nothing but looks
    assert not SAFE.search(plain.replace("\r", ""))
    assert "canary" not in plain
    for line in plain.replace("\r", "").split("\n"):
        assert cell_len(line) <= 60
    assert "[-" not in plain or command != ["show", "b", "--diff"]  # colours say it


def test_markup_of_a_text_is_not_obeyed(folder):
    from curate.showing.lines import html, plain
    from curate.showing.removed import removed

    lines = removed(find(folder / "a"))
    assert "[bold]not bold[/bold]" in plain(lines)
    (folder / "in2.jsonl").write_text(json.dumps({"id": "<b>", "text": "<script>x</script> & <img>"}) + "\n")
    go(recipe({"quality/length": {"min_words": 3000}}), [folder / "in2.jsonl"], folder / "d")
    page = html(removed(find(folder / "d")))
    assert "<script>" not in page and "&lt;script&gt;" in page and "&lt;b&gt;" in page
