"""Elements of SVG in pixels, scales and ticks: what the charts of a report are drawn with.

Every string is escaped as it is added. Colours are half-transparent or currentColor, so that one drawing can be read on
a light page and on a dark one.
"""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

GRID, AXIS = "#8883", "#8889"
FONT = 12  # pixels
FAMILY = "system-ui, 'Noto Sans', 'Noto Sans CJK KR', 'Noto Sans KR', 'Malgun Gothic', sans-serif"
_WIDE, _NARROW = 1.0, 0.56  # em: what a character takes in the sans-serif fonts of browsers, about
_MARGIN = 8  # pixels above and below


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map of [low, high] to pixels [start, end]."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of a value; those outside are at the nearer end."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + (self.end - self.start) * min(1.0, max(0.0, share))


_ONE_VALUE = 1e-300  # values that differ by less are drawn as one


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round numbers that enclose [low, high], about so many, evenly spaced by 1, 2 or 5 times a power of ten."""
    if high - low <= max(1e-9 * max(abs(low), abs(high)), _ONE_VALUE):
        pad = abs(low) * 0.1 or 1.0
        low, high = low - pad, high + pad
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    # multiplied, not added up; rounded to what the step can tell apart
    digits = max(0, -math.floor(math.log10(step)))
    return [round(number * step, digits) + 0.0 for number in range(first, last + 1)]


def text_width(text: str, size: float = FONT) -> float:
    """About how many pixels wide a text is drawn."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return size * (_WIDE * wide + _NARROW * (len(text) - wide))


def fitted(text: str, most: float, size: float = FONT) -> str:
    """A text cut to at most so many pixels: the middle goes, as names that are much alike differ at their ends."""
    if text_width(text, size) <= most:
        return text
    head, tail = text[: len(text) // 2], text[len(text) // 2 :]
    while (head or tail) and text_width(f"{head}…{tail}", size) > most:
        if len(head) > len(tail):
            head = head[:-1]
        else:
            tail = tail[1:]
    return f"{head}…{tail}"


class Drawing:
    """Elements in the order they are drawn; grows to hold them. A tip is shown while the pointer rests on a mark."""

    def __init__(self) -> None:
        self._parts: list[Markup] = []
        self._left = self._top = math.inf
        self._right = self._bottom = -math.inf

    def _covers(self, x: float, y: float) -> None:
        self._left, self._right = min(self._left, x), max(self._right, x)
        self._top, self._bottom = min(self._top, y), max(self._bottom, y)

    def _add(self, name: str, tip: str = "", content: str = "", **attributes: object) -> None:
        written = Markup("").join(
            Markup(' {}="{}"').format(key.replace("_", "-"), _short(value))
            for key, value in attributes.items()
            if value not in (None, "")
        )
        inside = (Markup("<title>{}</title>").format(tip) if tip else Markup("")) + escape(content)
        self._parts.append(Markup("<{}{}>{}</{}>").format(name, written, inside, name))

    def line(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        stroke: str = AXIS,
        width: float = 1,
        dash: str = "",
        tip: str = "",
    ) -> None:
        """A straight line."""
        self._covers(x1, y1)
        self._covers(x2, y2)
        self._add("line", tip, x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, stroke_width=width, stroke_dasharray=dash)

    def lines(self, points: Sequence[tuple[float, float]], stroke: str) -> None:
        """A line through points."""
        for x, y in points:
            self._covers(x, y)
        path = " ".join(f"{_short(x)},{_short(y)}" for x, y in points)
        self._add("polyline", points=path, fill="none", stroke=stroke, stroke_width=2, stroke_opacity=0.8)

    def rect(
        self, x: float, y: float, width: float, height: float, fill: str, opacity: float = 1, tip: str = ""
    ) -> None:
        """A filled rectangle."""
        self._covers(x, y)
        self._covers(x + width, y + height)
        self._add("rect", tip, x=x, y=y, width=width, height=height, fill=fill, fill_opacity=opacity)

    def dot(self, x: float, y: float, fill: str, radius: float = 4, tip: str = "") -> None:
        """A filled circle."""
        self._covers(x - radius, y - radius)
        self._covers(x + radius, y + radius)
        self._add("circle", tip, cx=x, cy=y, r=radius, fill=fill)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = FONT,
        anchor: str = "start",
        turn: float = 0,
        most: float = math.inf,
        weight: str = "",
    ) -> None:
        """A text; y is its middle. turn: degrees against the clock around its anchor. most: pixels before it is cut."""
        short = fitted(text, most, size)
        width = text_width(short, size)
        begin = -width * {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
        cos, sin = math.cos(math.radians(turn)), -math.sin(math.radians(turn))
        for along in (begin, begin + width):
            for across in (-size * 0.7, size * 0.7):
                self._covers(x + along * cos - across * sin, y + along * sin + across * cos)
        rotated = f"rotate({_short(-turn)} {_short(x)} {_short(y)})" if turn else ""
        tip = text if short != text else ""
        self._add(
            "text", tip, short, x=x, y=y, dy="0.35em", font_size=size, text_anchor=anchor if anchor != "start" else "",
            transform=rotated, font_weight=weight,
        )  # fmt: skip

    def element(self, label: str, width: float) -> Markup:
        """The drawing as an SVG element, so many pixels wide; label is what a screen reader says."""
        left, right = min(0.0, self._left), max(width, self._right)
        top = self._top - _MARGIN / 2
        height = self._bottom + _MARGIN / 2 - top
        head = Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-label="{}" width="{}" height="{}" '
            'viewBox="{} {} {} {}" font-family="{}" fill="currentColor">'
        ).format(label, *map(_short, (right - left, height, left, top, right - left, height)), FAMILY)
        return head + Markup("").join(self._parts) + Markup("</svg>")


def _short(value: object) -> str:
    """Numbers to a tenth of a pixel; everything else as it is."""
    return f"{round(value, 2):g}" if isinstance(value, (int, float)) else str(value)
