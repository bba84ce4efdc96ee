"""cleanup/symbol-lines: what datatrove's SymbolLinesFormatter leaves, and nothing else touched."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import make
from filters.document import Document


def rewritten(text: str, **settings: str) -> Any:
    return make("cleanup/symbol-lines", settings).open()(Document("1", text))  # type: ignore[attr-defined]


def by_lines(text: str, symbols: str) -> str:
    """The published rule, written out: one line feed for each run of lines of symbols and blanks alone."""
    kept: list[str] = []
    inside = False
    for line in text.split("\n"):
        alone = bool(line.strip(" ")) and not set(line) - {*symbols, " "}
        if alone and not inside:
            kept.append("\n")
        elif not alone:
            kept.append(line)
        inside = alone
    return "\n".join(kept)


@given(st.text("a| \n가", max_size=30))
def test_lines_of_symbols_go(text: str) -> None:
    found = rewritten(text)
    assert found.text == by_lines(text, "|")
    assert bool(found.edits) == (found.text != text)


@pytest.mark.parametrize("symbols", ["^", "]", "-", "\\", "[:", "a-z", "·"])
def test_any_symbol(symbols: str) -> None:
    text = f"물\n{symbols} {symbols[0]}\nm\n\n{symbols}"
    assert rewritten(text, symbols=symbols).text == by_lines(text, symbols) != text
    assert rewritten("mmm\nm", symbols=symbols).text == "mmm\nm"
