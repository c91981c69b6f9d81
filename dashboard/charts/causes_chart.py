"""Parts without a verdict over time, one row for each cause."""

from __future__ import annotations

from datetime import datetime

import altair as alt
import pandas as pd

from dashboard.charts.axes import (
    AXIS_PX,
    ROW_PX,
    TOOLTIP_TIME,
    Layers,
    finished,
    names_axis,
    row_names,
    time_axis,
)
from dashboard.palette import Palette

ON_CIRCLE = "#1D2529"


def causes_chart(
    counts: pd.DataFrame, since: datetime, until: datetime, zone: str, palette: Palette
) -> Layers:
    """Draw one circle for each row of the table; its area is the number of parts.

    Columns: ``at`` (the middle of ``since`` and ``until``), ``cause`` (in words), ``parts``.
    """
    totals = counts.groupby("cause")["parts"].sum().sort_values(ascending=False)
    names = dict(zip(totals.index, row_names(totals.items()), strict=True))
    base = alt.Chart(counts.assign(row=counts["cause"].map(names))).encode(
        time_axis(since, until, zone),
        alt.Y("row:N", sort=list(names.values()), title=None, axis=names_axis(grid=True)),
        tooltip=[
            alt.Tooltip("since:T", title="From", format=TOOLTIP_TIME),
            alt.Tooltip("until:T", title="To", format=TOOLTIP_TIME),
            alt.Tooltip("cause:N", title="Cause"),
            alt.Tooltip("parts:Q", title="Parts", format=","),
        ],
    )
    circles = base.mark_circle(
        color=palette.no_verdict, opacity=1, stroke=palette.ink, strokeWidth=0.8
    ).encode(alt.Size("parts:Q", scale=_sizes(int(counts["parts"].max())), legend=None))
    numbers = base.mark_text(fontSize=11, color=ON_CIRCLE).encode(
        text=alt.Text("parts:Q", format=",")
    )
    return finished(alt.layer(circles, numbers), len(names) * ROW_PX + AXIS_PX, palette)


def _sizes(most: int) -> alt.Scale:
    """Return circle areas in px2; the smallest still has room for its number."""
    return alt.Scale(domain=[1, max(2, most)], range=[220, 750])
