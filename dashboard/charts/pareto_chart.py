"""Which prompts find something on the most parts."""

from __future__ import annotations

import altair as alt
import pandas as pd

from dashboard.charts.axes import Layers, chart_height, finished, names_axis, row_names
from dashboard.palette import Palette

TITLE = "Share (%); line: cumulative"


def ranked(counts: pd.DataFrame) -> pd.DataFrame:
    """Return (``prompt``, ``parts``), most parts first, with ``share`` and ``cumulative`` (0 to 1).

    A part that two prompts found something on counts for both.
    """
    table = counts.sort_values(["parts", "prompt"], ascending=[False, True], ignore_index=True)
    share = table["parts"] / table["parts"].sum()
    return table.assign(share=share, cumulative=share.cumsum())


def pareto_chart(table: pd.DataFrame, palette: Palette) -> Layers:
    """Draw a ``ranked`` table as bars, with the cumulative share as a line on the same axis."""
    rows = row_names(zip(table["prompt"], table["parts"], strict=True))
    base = alt.Chart(table.assign(row=rows)).encode(
        alt.Y("row:N", sort=rows, title=None, axis=names_axis(grid=False)),
        tooltip=[
            alt.Tooltip("prompt:N", title="Prompt"),
            alt.Tooltip("parts:Q", title="Parts", format=","),
            alt.Tooltip("share:Q", title="Share", format=".1%"),
            alt.Tooltip("cumulative:Q", title="Cumulative", format=".1%"),
        ],
    )
    axis = alt.Axis(format="%", tickCount=5)
    scale = alt.Scale(domain=[0, 1])
    bars = base.mark_bar(color=palette.reject, height=18).encode(
        alt.X("share:Q", title=TITLE, scale=scale, axis=axis)
    )
    sums = base.mark_line(
        color=palette.quiet, strokeWidth=1.5, point=alt.OverlayMarkDef(color=palette.ink, size=40)
    ).encode(alt.X("cumulative:Q", title=TITLE, scale=scale, axis=axis), alt.Order("cumulative:Q"))
    return finished(alt.layer(bars, sums), chart_height(len(table)), palette)
