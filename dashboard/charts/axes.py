"""Axes that all charts share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from textwrap import wrap

import altair as alt

from dashboard.palette import Palette

Layers = alt.LayerChart | alt.FacetChart
"""The type that ``alt.layer`` declares; ours are layers."""

TOOLTIP_TIME = "%a %d %b, %H:%M"
ROW_PX, AXIS_PX, SMALLEST_PX = 38, 60, 250
LINE_CHARACTERS = 32


def names_axis(grid: bool) -> alt.Axis:
    """Return an axis of names that shows every name."""
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
    """Return values for a ``names_axis``, drawn as ``crack (74)``. Long names are cut.

    The first line is the row's number. It is not drawn, but keeps names that begin alike apart.
    """
    return [f"{i}\n{_row_name(name, parts)}" for i, (name, parts) in enumerate(counts)]


def _row_name(name: str, parts: int) -> str:
    lines = wrap(name, LINE_CHARACTERS, max_lines=2, placeholder="…")
    return "\n".join([*lines[:-1], f"{lines[-1]} ({parts:,})"])


def finished(chart: Layers, height_px: int, palette: Palette) -> Layers:
    """Return the chart with its height, background and font sizes that are readable from afar."""
    return chart.properties(height=height_px, background=palette.ground).configure_axis(
        labelFontSize=13,
        titleFontSize=13,
        labelColor=palette.quiet,
        titleColor=palette.quiet,
        gridColor=palette.line,
    )


def chart_height(rows: int) -> int:
    """Return the height in px of a chart with one row for each name."""
    return max(SMALLEST_PX, rows * ROW_PX + AXIS_PX)


def time_axis(since: datetime, until: datetime, zone: str) -> alt.X:
    """Return a time axis for the column ``at``, in the browser's time zone named ``zone``.

    It shows the whole window, so that charts above each other line up and gaps stay visible.
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
    """Return the shortest time format in which eight ticks differ."""
    if span <= timedelta(hours=24):
        return "%H:%M"
    return "%a %H:%M" if span <= timedelta(days=4) else "%a %d %b"


def share_axis(column: str, title: str, top: float) -> alt.Y:
    """Return an axis for shares (0 to 1) in per cent, from 0 to ``top``."""
    return alt.Y(
        f"{column}:Q",
        title=title,
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=alt.Axis(format=".1~%", tickCount=5),
    )
