"""What is shown, as lines of marked text: for a terminal, a pipe, or a notebook."""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import escape
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from curate.report.text import shown

LONGEST = 10_000  # characters of a line

# how a part looks: on a terminal, in a page, and where neither colours nor tags are
_TERMINAL = {"": "", "head": "bold", "bad": "red", "dim": "dim", "cut": "red strike", "new": "green"}
_TAGS = {"head": "b", "bad": "b", "dim": "small", "cut": "del", "new": "ins"}
_PLAIN = {"cut": ("[-", "-]"), "new": ("{+", "+}")}


@dataclass(frozen=True, slots=True)
class Line:
    """Parts of a line as (text, look), and how far it is indented. A look is one of _TERMINAL."""

    parts: tuple[tuple[str, str], ...]
    indent: int = 0


def line(*parts: str | tuple[str, str], indent: int = 0) -> Line:
    """A line; parts without a look are plain. Control characters become code points here, whoever wrote the text."""
    pairs = ((part, "") if isinstance(part, str) else part for part in parts)
    return Line(tuple((" ".join(shown(text, LONGEST).split("\n")), look) for text, look in pairs), indent)


def plain(lines: Iterable[Line]) -> str:
    """The lines as text, with [-…-] around what was cut and {+…+} around what is new."""
    rows = []
    for one in lines:
        text = "".join(f"{before}{text}{after}" for text, before, after in _bracketed(one))
        rows.append(f"{'  ' * one.indent}{text}".rstrip())
    return "\n".join(rows)


def _bracketed(one: Line) -> Iterable[tuple[str, str, str]]:
    return ((text, *_PLAIN.get(look, ("", ""))) for text, look in one.parts)


def html(lines: Iterable[Line]) -> str:
    """The lines as a fragment of HTML in which everything is escaped."""
    rows = []
    for one in lines:
        parts = []
        for text, look in one.parts:
            tag = _TAGS.get(look)
            parts.append(f"<{tag}>{escape(text)}</{tag}>" if tag else str(escape(text)))
        rows.append(f'<div style="margin-left:{1.5 * one.indent}em">{"".join(parts) or "&nbsp;"}</div>')
    look = "text-align:left;white-space:pre-wrap;font-family:monospace"  # values stand in columns
    return f'<div style="{look}">{"".join(rows)}</div>'


def show(lines: Iterable[Line], out: Console) -> None:
    """Print the lines: wrapped and coloured on a terminal, else as plain() gives them, each as long as it is."""
    if not out.is_terminal:
        for one in lines:
            out.print(plain([one]), markup=False, highlight=False, soft_wrap=True)
        return
    coloured = out.color_system is not None and not out.no_color
    for one in lines:
        text = Text()
        for part, before, after in _bracketed(one) if not coloured else ():
            text.append(f"{before}{part}{after}")
        for part, look in one.parts if coloured else ():
            text.append(part, _TERMINAL[look])
        out.print(Padding(text, (0, 0, 0, 2 * one.indent), expand=False))
