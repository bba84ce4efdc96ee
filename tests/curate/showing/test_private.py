"""No value of personal data is in what show and diff tell, wherever in a run the text is."""

import pytest

from curate.results import RunResult
from curate.showing.changed import changed
from curate.showing.difference import difference
from curate.showing.directory import find
from curate.showing.removed import removed
from curate.showing.story import story
from tests.curate.running_tools import go, recipe, rows, write_rows
from tests.curate.showing.runs import told
from tests.curate.test_pii_leaks import KINDS, PLANTED

PERSONAL = (
    f"메일은 {PLANTED[0]}으로, 번호는{PLANTED[1]}이고 주민번호{PLANTED[2]}입니다. 카드{PLANTED[3]}번, "
    f"https://hong:{PLANTED[4]}@www.example.com/ 을 보세요. "
)
FILLER = "This line says nothing of anybody and is long enough to be kept. "
TEXTS = [
    PERSONAL + FILLER,
    FILLER * 4 + PERSONAL,
    "x " * 95 + PERSONAL,  # a value where texts are cut
    FILLER * 40 + PERSONAL * 3 + FILLER * 40,
    PERSONAL + FILLER,  # a duplicate
    f"{PERSONAL}\n{FILLER}\n#하나 #둘 #셋 #넷\n{PERSONAL}",
    *(f"{before}{value}{after} 그리고 https://www.example.com/a\n{FILLER}" for before, value, after in KINDS),
]
STAGES = {
    "dropped": [{"quality/length": {"min_words": 5000}}],
    "dropped after": ["cleanup/urls", {"quality/length": {"min_words": 0, "max_words": 3}}],
    "changed": ["cleanup/urls", "cleanup/klue", "dedup/exact"],
    "scrubbed": ["cleanup/klue", "dedup/exact", {"pii/patterns": {"action": "replace"}}],
    "dropped for it": [{"pii/patterns": {"action": "drop", "drop_above": 1}}],
    "cut": ["dedup/lines", "cleanup/urls"],
    "failed": [{"tests.strategies.Trouble": {"kind": "raise"}}],
}


@pytest.mark.parametrize("name", STAGES)
def test_no_value_is_shown(tmp_path, name):
    path = write_rows(tmp_path / "in.jsonl", [*TEXTS, PERSONAL + " TROUBLE"])
    result = go(recipe(*STAGES[name]), [path], tmp_path / "out")
    go(recipe("cleanup/unicode"), [path], tmp_path / "all")
    output, everything = find(tmp_path / "out"), find(tmp_path / "all")
    ids = {row["id"] for table in ("kept", "dropped", "failed") for row in rows(tmp_path / "out", table)}
    said = [
        told(removed(output, most=100)),
        told(changed(output, most=100)),
        told(difference(output, everything, 50)),
        told(difference(everything, output, 50)),
        *(told(story(output, id, diff=True)) for id in sorted(ids)[::4]),
        RunResult(result, str(tmp_path / "out"))._repr_html_(),
    ]
    assert len(ids) == len(TEXTS) + 1
    assert any("This line says nothing" in one or "TROUBLE" in one for one in said)
    for value in (*PLANTED, *(value for _, value, _ in KINDS)):
        for one in said:
            assert value not in one
