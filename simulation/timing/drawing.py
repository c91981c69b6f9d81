"""Signals over time as SVG, as a logic analyser shows them. Pure: the same signals, the same text.

Times are milliseconds after the trigger. A signal that is 0 or 1 is a level; any other is a lane
with its value written into it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple

WIDTH, LEFT, RIGHT = 960, 130, 14
TOP, ROW, LANE, FOOT = 76, 24, 16, 30
INK, QUIET, GRID = "#24303b", "#7b8894", "#e3e8ec"
COLOURS = {"plc": "#a8551a", "bridge": "#2b6ea6", "ledger": "#24303b"}
GOOD, BAD, WAITING, PLAIN = "#dff0e1", "#f6dcdc", "#fdf1cf", "#f3f5f7"
FILLS = {"clear": GOOD, "passed": GOOD, "pending": WAITING, "REJECT": BAD, "ejected": BAD}
LETTER = 6.2  # pixels, about


class Mark(NamedTuple):
    """A moment with a name, drawn across all rows."""

    at_ms: int
    text: str


class Row(NamedTuple):
    """One signal. ``by`` is its owner: plc, bridge or ledger."""

    name: str
    by: str
    level: bool = False


class Picture(NamedTuple):
    """What to draw. ``seen`` has each row's value at each millisecond from ``starts_ms`` on."""

    title: str
    rows: Sequence[Row]
    seen: Mapping[str, Sequence[str]]
    marks: Sequence[Mark]
    starts_ms: int

    @property
    def length_ms(self) -> int:
        return len(self.seen[self.rows[0].name])

    @property
    def height(self) -> int:
        return TOP + ROW * len(self.rows) + FOOT

    def x(self, at_ms: int) -> float:
        """Return the x position of a moment."""
        return round(LEFT + (at_ms - self.starts_ms) * (WIDTH - LEFT - RIGHT) / self.length_ms, 1)


def svg(of: Picture) -> str:
    """Return the picture as the text of an SVG file."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {of.height}" '
            f'font-family="Helvetica, Arial, sans-serif" font-size="11" fill="{INK}">',
            f'<rect width="{WIDTH}" height="{of.height}" fill="#ffffff"/>',
            f'<text x="10" y="20" font-size="14" font-weight="bold">{escape(of.title)}</text>',
            *_grid(of),
            *(line for number in range(len(of.rows)) for line in _row(of, number)),
            *(line for number in range(len(of.marks)) for line in _mark(of, number)),
            "</svg>\n",
        ]
    )


def _grid(of: Picture) -> Iterator[str]:
    foot = of.height - FOOT
    for at_ms in range(0, of.starts_ms + of.length_ms, 100):
        x, unit = of.x(at_ms), "" if at_ms else " ms"
        yield f'<line x1="{x}" y1="{TOP - 4}" x2="{x}" y2="{foot + 4}" stroke="{GRID}"/>'
        yield _text(x, foot + 18, f"{at_ms}{unit}", QUIET, "middle")


def _mark(of: Picture, number: int) -> Iterator[str]:
    mark, foot = of.marks[number], of.height - FOOT
    x, y = of.x(mark.at_ms), TOP - 10 - 14 * (number % 3)
    yield (
        f'<line x1="{x}" y1="{y + 3}" x2="{x}" y2="{foot + 4}" stroke="{INK}" '
        'stroke-dasharray="3 3" stroke-width="0.8"/>'
    )
    yield _text(x, y, mark.text, INK, "middle")


def _row(of: Picture, number: int) -> Iterator[str]:
    row, y, at_ms = of.rows[number], TOP + ROW * number, of.starts_ms
    yield _text(LEFT - 8, y + 12, row.name, COLOURS[row.by], "end")
    before = None
    for value, run in groupby(of.seen[row.name]):
        until_ms = at_ms + len(list(run))
        if value and row.level:
            yield _level(of.x(at_ms), of.x(until_ms), y, before, value)
        elif value:
            yield from _lane(of.x(at_ms), of.x(until_ms), y, row.by, value)
        before, at_ms = value, until_ms
    if row.by == "ledger":
        yield _text(of.x(_first(of, row)) - 6, y + 12, of.seen[row.name][-1], INK, "end")


def _first(of: Picture, row: Row) -> int:
    return of.starts_ms + next(n for n, value in enumerate(of.seen[row.name]) if value)


def _level(x0: float, x1: float, y: int, before: str | None, value: str) -> str:
    now_y = y + (0 if value == "1" else LANE)
    edge = f"M{x0} {y + LANE - (now_y - y)} V{now_y}" if before else f"M{x0} {now_y}"
    return f'<path d="{edge} H{x1}" fill="none" stroke="{COLOURS["bridge"]}" stroke-width="1.5"/>'


def _lane(x0: float, x1: float, y: int, by: str, value: str) -> Iterator[str]:
    width = round(x1 - x0, 1)
    fill = FILLS.get(value, PLAIN)
    yield (
        f'<rect x="{x0}" y="{y}" width="{width}" height="{LANE}" fill="{fill}" '
        f'stroke="{COLOURS[by]}" stroke-width="0.8"/>'
    )
    texts = () if by == "ledger" else (value, value.split()[0])
    text = next((text for text in texts if len(text) * LETTER <= width), "")
    yield _text(round(x0 + width / 2, 1), y + 12, text, INK, "middle")


def _text(x: float, y: float, text: str, colour: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}">{escape(text)}</text>'
