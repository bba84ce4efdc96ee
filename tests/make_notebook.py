"""Runs the cells of docs/notebook.ipynb and writes their outputs into it: python -m tests.make_notebook

The cells run in this process, in an empty folder, as a notebook's kernel would run them: what a cell prints, and the
value of its last line. Outputs hold no times and no paths, so they are the same every time.
"""

import ast
import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).resolve().parent.parent / "docs" / "notebook.ipynb"


def executed(notebook: dict[str, Any], folder: str) -> dict[str, Any]:
    """The notebook with the outputs of its cells, run one after the other in a folder."""
    scope: dict[str, Any] = {"__name__": "__main__"}
    cells, number = [], 0
    before = os.getcwd()
    os.chdir(folder)
    sys.path.append(folder)  # a cell writes a strategy into the folder
    try:
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                number += 1
                outputs = _outputs("".join(cell["source"]), scope, number)
                cell = {**cell, "execution_count": number, "outputs": outputs}
            cells.append(cell)
    finally:
        os.chdir(before)
        sys.path.remove(folder)
    return {**notebook, "cells": cells}


def _outputs(source: str, scope: dict[str, Any], number: int) -> list[dict[str, Any]]:
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    said, value = io.StringIO(), None
    with contextlib.redirect_stdout(said):
        exec(compile(tree, "cell", "exec"), scope)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), scope)
    found: list[dict[str, Any]] = []
    if said.getvalue():
        found.append({"name": "stdout", "output_type": "stream", "text": _lines(said.getvalue())})
    if value is not None:
        data = {"text/plain": _lines(repr(value))}
        if hasattr(value, "_repr_html_"):
            data = {"text/html": _lines(value._repr_html_()), **data}
        found.append({"data": data, "execution_count": number, "metadata": {}, "output_type": "execute_result"})
    return found


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def written(notebook: dict[str, Any]) -> str:
    """A notebook as Jupyter writes it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as empty:
        made = executed(json.loads(NOTEBOOK.read_text(encoding="utf-8")), empty)
    NOTEBOOK.write_text(written(made), encoding="utf-8")
