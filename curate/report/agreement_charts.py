"""The charts of how far the arms of an ablation agree."""

import itertools
from collections.abc import Mapping
from typing import Any

from curate.report.ablation_charts import matrix
from curate.report.chart import Chart, unique

_TITLES = {
    "agreement": "Share of the documents on which two arms agree: both keep them, or neither does",
    "only": "Of the documents that an arm (row) keeps, the share that another one (column) does not",
}


def agreement_charts(found: Mapping[str, Any] | None) -> list[Chart]:
    """The matrices of an ablation's agreement; none where it was not worked out, or nothing was read."""
    if not found or not found["documents"]:
        return []
    names, places = unique(found["arms"]), range(len(found["arms"]))
    pairs = list(itertools.product(places, places))
    only, kept = found["only"], found["kept"]
    agree = {
        (row, column): (found["agree"][row][column], f"{names[row]} and {names[column]}: {_apart(found, row, column)}")
        for row, column in pairs
    }
    apart = {
        (row, column): (
            only[row][column] / kept[row],
            f"{names[row]} keeps {kept[row]:,} documents, {only[row][column]:,} of which {names[column]} does not keep",
        )
        for row, column in pairs
        if kept[row] and only[row][column]
    }
    columns = ("arm", "other arm", "share on which they agree", "only the arm keeps", "only the other keeps")
    figures = [
        (found["arms"][row], found["arms"][column], found["agree"][row][column], only[row][column], only[column][row])
        for row, column in pairs
    ]
    cells = {"agreement": agree, "only": apart}
    return [
        Chart(name, title, columns, figures, matrix(title, names, names, cells[name]))
        for name, title in _TITLES.items()
    ]


def _apart(found: Mapping[str, Any], row: int, column: int) -> str:
    count = found["only"][row][column] + found["only"][column][row]
    return f"they differ on {count:,} of {found['documents']:,} documents"
