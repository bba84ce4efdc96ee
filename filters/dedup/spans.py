"""Cutting lines out of a text, as the rewriters do that decide over the whole corpus."""

from typing import Any


def without_lines(text: str, spans: Any) -> tuple[str, int]:
    """(text without the lines of these half-open spans; characters removed, with a newline for each line)."""
    lines = text.split("\n")
    gone = {number for start, end in spans.tolist() for number in range(start, end)}
    left = "\n".join(line for number, line in enumerate(lines) if number not in gone)
    return left, len(text) - len(left)
