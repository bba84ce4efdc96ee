"""The notebook in docs/: its cells run, and give what stands below them."""

import json

from tests.make_notebook import NOTEBOOK, executed, written
from tests.test_house import ROOT

KEPT = NOTEBOOK.read_text(encoding="utf-8")


def test_its_cells_give_what_stands_below_them(tmp_path):
    assert written(executed(json.loads(KEPT), str(tmp_path))) == KEPT, "run make notebook"


def test_it_is_small_and_names_no_machine():
    assert len(KEPT) < 100_000
    for path in ("/home/", "/tmp", "/root", "/Users/", str(ROOT)):
        assert path not in KEPT
