"""Axes that all charts share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from textwrap import wrap

import altair as alt

from dashboard.palette import Palette

Layers = alt.LayerChart | alt.FacetChart
"""What ``alt.layer`` is said to answer with; ours are layers."""

TOOLTIP_TIME = "%a %d %b, %H:%M"
ROW_PX, AXIS_PX, SMALLEST_PX = 38, 60, 250
LINE_CHARACTERS = 32


def names_axis(grid: bool) -> alt.Axis:
    """An axis of names: every one is shown."""
    return alt.Axis(
        labelExpr="slice(split(datum.label, '\\n'), 1)",
        labelLimit=260,
        labelPadding=8,
        labelOverlap=False,
        ticks=False,
        domain=False,
        grid=grid,
    )


def row_names(counts: Iterable[tuple[str, int]]) -> list[str]:
    """Values for a ``names_axis``, drawn as ``crack (74)``; the rest of a long name is cut off.

    The first line is the row's number and is not drawn: names that begin alike stay two rows.
    """
    return [f"{i}\n{_row_name(name, parts)}" for i, (name, parts) in enumerate(counts)]


def _row_name(name: str, parts: int) -> str:
    lines = wrap(name, LINE_CHARACTERS, max_lines=2, placeholder="…")
    return "\n".join([*lines[:-1], f"{lines[-1]} ({parts:,})"])


def finished(chart: Layers, height_px: int, palette: Palette) -> Layers:
    """The chart at its height, on its card's ground, in letters that are read from afar."""
    return chart.properties(height=height_px, background=palette.ground).configure_axis(
        labelFontSize=13,
        titleFontSize=13,
        labelColor=palette.quiet,
        titleColor=palette.quiet,
        gridColor=palette.line,
    )


def chart_height(rows: int) -> int:
    """Height in px of a chart with a row for each name; small ones keep a common height."""
    return max(SMALLEST_PX, rows * ROW_PX + AXIS_PX)


def time_axis(since: datetime, until: datetime, zone: str) -> alt.X:
    """Time from the column ``at``, drawn in the browser's own zone, which ``zone`` names.

    The whole window is shown, so that charts above each other line up and gaps are gaps.
    """
    return alt.X(
        "at:T",
        title=f"Time ({zone})",
        scale=alt.Scale(domain=[since.isoformat(), until.isoformat()]),
        axis=alt.Axis(
            format=_tick_format(until - since),
            labelOverlap="greedy",
            grid=False,
            tickCount=8,
        ),
    )


def _tick_format(span: timedelta) -> str:
    """As much of a moment as eight ticks need to differ."""
    if span <= timedelta(hours=24):
        return "%H:%M"
    return "%a %H:%M" if span <= timedelta(days=4) else "%a %d %b"


def share_axis(column: str, title: str, top: float) -> alt.Y:
    """Shares (0 to 1) of a column in per cent, from 0 to ``top``."""
    return alt.Y(
        f"{column}:Q",
        title=title,
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=alt.Axis(format=".1~%", tickCount=5),
    )
