"""A chart: its drawing for any width, its figures as a table, and what charts of rows have in common."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from curate.report.svg import FONT, GRID, Drawing, Scale, text_width
from curate.report.text import shown

# A page shows the widest drawing that fits, stretched to its own width: labels are never smaller than drawn.
WIDE, MIDDLE, SLIM = 1080, 640, 346  # pixels
SMALL = 320  # pixels; of small charts, several of which stand side by side
BLUE, ORANGE, RED = "#4a90c8", "#d9822b", "#c9504b"
HUES = (BLUE, ORANGE, "#4f9d5d", RED, "#8f7bc4", "#9a6b52", "#d178ae", "#8a8f98", "#b7a62b", "#3aa6b0")
TITLE = 15  # pixels
LABEL_SHARE = 0.34  # of the width, at most, for labels beside bars
_LETTERS = 400  # of a label


@dataclass(frozen=True)
class Chart:
    """One chart.

    name     unique in a report; of its files, with "/" and the like replaced
    columns  of its figures as a table, units in brackets; rows: the values
    draw     draws it so many pixels wide
    small    whether it is one of several that stand side by side
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    draw: Callable[[float], Drawing]
    small: bool = False

    def svg(self, width: float) -> Markup:
        """The drawing as an SVG element."""
        return self.draw(width).element(self.title, width)

    def page(self) -> Markup:
        """The drawings for a page, of which it shows the one that fits."""
        if self.small:
            return Markup('<figure class="small">{}</figure>').format(self.svg(SMALL))
        drawn = (("wide", WIDE), ("middle", MIDDLE), ("slim", SLIM))
        parts = (Markup('<div class="{}">{}</div>').format(name, self.svg(width)) for name, width in drawn)
        return Markup("<figure>{}</figure>").format(Markup("").join(parts))

    def csv(self) -> str:
        """The figures as CSV."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return text.getvalue()


def unique(names: Sequence[str], most: int = 60) -> list[str]:
    """Names short enough to be labels, and still different where they were different."""
    short = [shown(name, most) for name in names]
    return [name if short.count(name) == 1 else f"{name} ({place + 1})" for place, name in enumerate(short)]


def rule_names(names: Sequence[str]) -> list[str]:
    """Labels for stage:rule, without the kind of stage (quality/...), which the strategy's name tells."""
    return unique([name.split("/", 1)[1] if "/" in name.split(":", 1)[0] else name for name in names])


def heading(drawing: Drawing, title: str, width: float, size: float = TITLE) -> float:
    """The title on top of a chart, in as many lines as it takes; returns the middle of the line below."""
    lines = [""]
    for word in shown(title, 200).split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and 1.06 * text_width(longer, size) > width:  # bold letters are wider
            lines.append(word)
        else:
            lines[-1] = longer
    for place, line in enumerate(lines):
        drawing.text(0, (size + 5) * place, line, size, weight="600", most=width)
    return (size + 5) * (len(lines) - 1) + size + 9


class Rows:
    """Where the rows of a chart stand: labels to the left where they fit in a share of the width, else above."""

    def __init__(
        self, names: Sequence[str], width: float, top: float, thick: float = 16, share: float = LABEL_SHARE
    ) -> None:
        widest = max(map(text_width, names), default=0.0)
        widest += 4  # widths are estimates, and a label must not begin before the drawing does
        self.beside = widest + 10 <= share * width
        self.left = widest + 10 if self.beside else 0.0
        self.names, self.width, self.top, self.thick = names, width, top, thick
        self.step = thick + (8 if thick < 20 else 1) if self.beside else thick + 26

    @property
    def bottom(self) -> float:
        """Below the last row."""
        return self.top + self.step * len(self.names)

    @property
    def free(self) -> list[tuple[float, float]]:
        """From where to where grid lines run: they strike through no label."""
        if self.beside:
            return [(self.top, self.bottom)]
        middles = [self.middle(place) for place in range(len(self.names))]
        return [(middle - self.thick / 2, middle + self.thick / 2 + 2) for middle in middles]

    def middle(self, place: int) -> float:
        """The middle of a row's bar."""
        return self.top + self.step * place + (self.step / 2 if self.beside else 22 + self.thick / 2)

    def labels(self, drawing: Drawing) -> None:
        """Write all labels."""
        for place, name in enumerate(self.names):
            if self.beside:
                drawing.text(self.left - 10, self.middle(place), name, anchor="end")
            else:
                drawing.text(0, self.top + self.step * place + 12, name, most=self.width)


def axis(
    drawing: Drawing, scale: Scale, at: Sequence[float], free: Sequence[tuple[float, float]], bottom: float, say: Any
) -> None:
    """Grid lines in what is free, and a number below each that has room."""
    beyond = float("-inf")
    for value in at:
        x = scale(value)
        for start, end in free:
            drawing.line(x, start, x, end, GRID)
        half = text_width(say(value)) / 2
        if x - half > beyond:
            drawing.text(x, bottom + 12, say(value), anchor="middle")
            beyond = x + half + 6


def legend(drawing: Drawing, colours: Mapping[str, str], x: float, y: float, width: float) -> float:
    """A square and a name for each colour, from (x, y), in as many lines as they take; returns the last one's y."""
    across = x
    for name, colour in colours.items():
        size = 16 + text_width(name)
        if across > x and across + size > x + width:
            across, y = x, y + FONT + 7
        drawing.rect(across, y - 5, 11, 11, colour)
        drawing.text(across + 16, y + 0.5, name, most=width - 16)
        across += size + 18
    return y


def percent(value: float) -> str:
    """A share for an axis."""
    return f"{100 * value:.4g} %"


def signed(value: float) -> str:
    """A difference of shares, in percentage points, for an axis."""
    return f"{100 * value:+.4g}" if value else "0"


def number(value: float) -> str:
    """A number for an axis."""
    return f"{value:,.6g}"


_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def size(value: float) -> str:
    """Bytes in decimal units, three digits."""
    power = 0
    while abs(value) >= 999.5 and power < len(_UNITS) - 1:
        value, power = value / 1000, power + 1
    return f"{value:.3g} {_UNITS[power]}"


def share(part: float, whole: float) -> str:
    """part / whole as a percentage; "–" if whole is 0."""
    if not whole:
        return "–"
    found = 100 * part / whole
    return f"{found:.0f} %" if found >= 99.95 or found == 0 else f"{found:.1f} %" if found >= 0.05 else "< 0.1 %"
