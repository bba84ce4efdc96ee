"""README and the tutorials, followed literally: every command runs, in order, in an empty folder.

A block of a page marked sh is run. One marked python or yaml that begins with the name of a file is saved under it.
What would leave this machine or take minutes is replaced: see STANDS_FOR, and the script that stands for curl.
"""

import csv
import gzip
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_house import ROOT

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# (\S+\.(?:py|yaml))\n")
STANDS_FOR = {
    "make demo": "test -f configs/quickstart.yaml && grep -q '^demo:' Makefile",
    "source .venv/bin/activate": "true",
    "python make_rows.py 200000": "python make_rows.py 120",
}
# what curl fetches of a crawl: the list of its files, and files
CURL = """#!/bin/bash
case "$1 ${@: -1}" in
    "-O "*/warc.paths.gz) cp "$STORE/warc.paths.gz" . ;;
    "-o https://data.commoncrawl.org/crawl-data/"*.warc.gz) cp "$STORE/sample.warc.gz" "$2" ;;
    *) echo "unexpected: curl $*" >&2; exit 1 ;;
esac
"""


def _blocks(page: str) -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


def _followed(page: str, folder: Path) -> str:
    """What the commands of a page say, standard error too."""
    store, work = folder / "store", folder / "work"
    store.mkdir()
    work.mkdir()
    shutil.copy(ROOT / "configs" / "sample" / "sample.warc.gz", store)
    listed = "".join(f"crawl-data/CC-MAIN-2024-10/segments/1/warc/part-{n}.warc.gz\n" for n in range(4))
    (store / "warc.paths.gz").write_bytes(gzip.compress(listed.encode()))
    (store / "curl").write_text(CURL)
    (store / "curl").chmod(0o755)
    for name in ("configs", "Makefile"):  # the clone that the page is read in
        (work / name).symlink_to(ROOT / name)
    script = ["set -eu"]
    for language, body in _blocks(page):
        if named := FILE.match(body):
            script.append(f"cat > {named[1]} <<'END OF FILE'\n{body}END OF FILE")
        elif language == "sh":
            for line in body.splitlines():
                command = line.partition("  #")[0].rstrip()
                script.append(STANDS_FOR.get(command, line))
    tools = Path(sys.executable).parent
    env = {**os.environ, "PATH": f"{store}:{tools}:{os.environ['PATH']}", "STORE": str(store), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["taskset", "-c", str(min(os.sched_getaffinity(0))), "bash", "-c", "\n".join(script)],
        cwd=work, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1700, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Traceback" not in done.stdout
    return done.stdout


@pytest.mark.timeout(1800)
def test_readme(tmp_path):
    said = _followed("README.md", tmp_path)
    assert "A keeps 16 = 16 that both keep + 0 that only A keeps" in said
    assert "dropped by min_words  value 5, limit 50" in said
    assert "# fingerprint: " in said
    (shown,) = [body for _, body in _blocks("README.md") if body.startswith("$ curate show")]
    for line in shown.splitlines()[1:]:  # it is what the command says
        assert line in said or line == "  …"


def test_the_korean_readme_has_the_commands_of_the_other():
    def commands(page: str) -> list[str]:
        lines = [
            line.partition("  #")[0].rstrip() for name, body in _blocks(page) if name for line in body.splitlines()
        ]
        return [line for line in lines if line]

    assert commands("README.ko.md") == commands("README.md")


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_three_warc_files(tmp_path):
    said = _followed("docs/tutorials/warc.md", tmp_path)
    assert "page_length" in said
    assert re.search(r"A keeps \d+ = \d+ that both keep \+ \d+ that only A keeps", said)
    assert "102 read = " in said  # three files
    assert "quality/refinedweb.min_words: 50.0 in A, 40.0 in B" in said
    own = said.partition("name: mine")[2]
    assert "min_words: 40.0" in own and "min_words: 50.0" not in own  # the edit changed something
    assert "part-00000-of-00001.jsonl.zst" in said


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_korean_rows(tmp_path):
    said = _followed("docs/tutorials/korean.md", tmp_path)
    assert "120 read = " in said
    assert "[-" in said and "가람뉴스" in said
    assert "dedup/lines: only in A" in said
    assert re.search(r"^\d+ sentences from 2 sources$", said, re.MULTILINE)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_filter_of_ones_own(tmp_path):
    said = _followed("docs/tutorials/own-filter.md", tmp_path)
    assert "dropped by variety  value 0.3333, limit 0.5" in said
    assert "myfilters.Varied:variety  " in said
    figures = tmp_path / "work" / "figures"
    table = (figures / "sweep-myfilters.Varied.least.csv").read_text(encoding="utf-8")
    curve = list(csv.DictReader(table.splitlines()))
    assert len(curve) >= 5
    assert len({row["documents kept jointly"] for row in curve}) > 1  # it does something
    assert "<svg" in (figures / "sweep-myfilters.Varied.least.svg").read_text(encoding="utf-8")


PAGES = ["README.md", "README.ko.md", *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md")))]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, heading = link.partition("#")
        if "://" in path:
            continue
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        if heading:
            titles = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}, link
