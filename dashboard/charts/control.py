"""Share of rejected parts over time with its control limits."""

from __future__ import annotations

from datetime import datetime

import altair as alt
import pandas as pd

from dashboard.charts.axes import TOOLTIP_TIME, Layers, finished, share_axis, time_axis
from dashboard.charts.control_limits import ControlLimits, beyond, limits_for, on_one_side
from dashboard.palette import Palette

TITLE = "Rejected (% of parts)"
HEIGHT_PX = 270
IN_CONTROL, RUN, BEYOND = "in control", "run of 8 on one side", "beyond a limit"


def judged(samples: pd.DataFrame) -> tuple[pd.DataFrame, ControlLimits]:
    """Samples (``at``, ``inspected`` > 0, ``rejected``) with limits and what each one signals.

    Added columns: ``share``, ``lower``, ``upper``, ``centre`` (0 to 1) and ``signal``.
    """
    limits = limits_for(samples["rejected"].to_numpy(), samples["inspected"].to_numpy())
    share = samples["rejected"] / samples["inspected"]
    table = samples.assign(
        share=share, lower=limits.lower, upper=limits.upper, centre=limits.centre, signal=IN_CONTROL
    )
    table.loc[on_one_side(share.to_numpy(), limits.centre), "signal"] = RUN
    table.loc[beyond(share.to_numpy(), limits), "signal"] = BEYOND
    return table, limits


def control_chart(
    table: pd.DataFrame, since: datetime, until: datetime, zone: str, palette: Palette
) -> Layers:
    """The chart of a ``judged`` table over the whole window."""
    top = _top(table)
    base = alt.Chart(table).encode(time_axis(since, until, zone))
    mean = base.mark_line(strokeDash=[6, 4], color=palette.quiet, strokeWidth=1)
    rate = base.mark_line(color=palette.ink, strokeWidth=1.5)
    layers = alt.layer(
        base.mark_area(interpolate="step", color=palette.passed, opacity=0.13, clip=True).encode(
            share_axis("lower", TITLE, top), alt.Y2("upper:Q")
        ),
        *[_limit(base, column, top, palette) for column in ("upper", "lower")],
        mean.encode(share_axis("centre", TITLE, top)),
        rate.encode(share_axis("share", TITLE, top)),
        _points(base, top, palette),
        *_line_names(table.tail(1), top, palette),
    )
    return finished(layers, HEIGHT_PX, palette)


def _top(table: pd.DataFrame) -> float:
    """Where the axis ends: above every share and most limits; a tiny sample's limit may leave."""
    highest = max(table["share"].max(), table["upper"].median(), 0.01)
    return float(min(1.0, 1.2 * highest))


def _limit(base: alt.Chart, column: str, top: float, palette: Palette) -> alt.Chart:
    line = base.mark_line(interpolate="step", color=palette.passed, strokeWidth=1.5, clip=True)
    return line.encode(share_axis(column, TITLE, top))


def _points(base: alt.Chart, top: float, palette: Palette) -> alt.Chart:
    signals = [IN_CONTROL, RUN, BEYOND]
    colours = [palette.ink, palette.no_verdict, palette.reject]
    return base.mark_point(filled=True, opacity=1, stroke=palette.ground, strokeWidth=1).encode(
        share_axis("share", TITLE, top),
        alt.Shape(
            "signal:N",
            scale=alt.Scale(domain=signals, range=["circle", "square", "diamond"]),
            legend=None,
        ),
        alt.Color("signal:N", scale=alt.Scale(domain=signals, range=colours), legend=None),
        alt.Size("signal:N", scale=alt.Scale(domain=signals, range=[45, 110, 170]), legend=None),
        tooltip=[
            alt.Tooltip("at:T", title="From", format=TOOLTIP_TIME),
            alt.Tooltip("share:Q", title="Rejected", format=".2%"),
            alt.Tooltip("rejected:Q", title="Rejected parts", format=","),
            alt.Tooltip("inspected:Q", title="Parts with a verdict", format=","),
            alt.Tooltip("lower:Q", title="Lower limit", format=".2%"),
            alt.Tooltip("upper:Q", title="Upper limit", format=".2%"),
            alt.Tooltip("signal:N", title="Signal"),
        ],
    )


def _line_names(last: pd.DataFrame, top: float, palette: Palette) -> list[alt.Chart]:
    """What each line is, at the right edge, for the last sample; not where it is off the chart."""
    lines = {"upper": "Upper limit", "centre": "Mean", "lower": "Lower limit"}
    return [
        alt.Chart(last.assign(label=f"{name} {last[column].iloc[0]:.2%}"))
        .mark_text(align="left", dx=8, fontSize=12, color=palette.quiet)
        .encode(alt.XValue("width"), share_axis(column, TITLE, top), text="label:N")
        for column, name in lines.items()
        if column == "centre" or 0 < last[column].iloc[0] < top
    ]
