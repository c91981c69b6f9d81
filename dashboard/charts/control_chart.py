"""Share of rejected parts over time with its control limits."""

from __future__ import annotations

from datetime import datetime

import altair as alt
import pandas as pd

from dashboard.charts.axes import TOOLTIP_TIME, Layers, finished, share_axis, time_axis
from dashboard.charts.control_limits import (
    FEW_REJECTS,
    SAMPLES_FOR_LIMITS,
    ControlLimits,
    beyond,
    limits_for,
    on_one_side,
)
from dashboard.palette import Palette

TITLE = "Rejected (% of parts)"
HEIGHT_PX = 270
IN_CONTROL, RUN, BEYOND = "in control", "run of 8 on one side", "beyond a limit"
NOT_EVALUATED = "not evaluated"


def find_signals(samples: pd.DataFrame) -> tuple[pd.DataFrame, ControlLimits | None]:
    """Return the samples with their share and signal, and the control limits.

    Only whole samples make limits and signal: a current one of three parts is not yet a share.

    Args:
        samples: ``at``, ``inspected`` (above 0), ``rejected`` and ``whole``.

    Returns:
        The samples with the columns ``share`` (0 to 1) and ``signal`` added, and the limits; None
        instead of limits if there are too few whole samples.
    """
    table = samples.assign(share=samples["rejected"] / samples["inspected"], signal=NOT_EVALUATED)
    whole = table[table["whole"]]
    if len(whole) < SAMPLES_FOR_LIMITS:
        return table, None
    limits = limits_for(whole["rejected"].to_numpy(), whole["inspected"].to_numpy())
    share = whole["share"].to_numpy()
    table.loc[whole.index, "signal"] = IN_CONTROL
    if whole["rejected"].mean() >= FEW_REJECTS:
        table.loc[whole.index[on_one_side(share, limits.centre)], "signal"] = RUN
    table.loc[whole.index[beyond(share, limits)], "signal"] = BEYOND
    return table, limits


def control_chart(
    table: pd.DataFrame,
    limits: ControlLimits | None,
    since: datetime,
    until: datetime,
    zone: str,
    palette: Palette,
) -> Layers:
    """Draw what ``find_signals`` returns, over the whole window."""
    whole = table[table["whole"]]
    if limits is not None:
        whole = whole.assign(lower=limits.lower, upper=limits.upper, centre=limits.centre)
    top = _top(table if whole.empty else whole)
    base = alt.Chart(whole).encode(time_axis(since, until, zone))
    rate = base.mark_line(color=palette.ink, strokeWidth=1.5)
    layers = alt.layer(
        *(_limits_and_mean(base, top, palette) if limits is not None else []),
        rate.encode(share_axis("share", TITLE, top)),
        *_current(table, top, time_axis(since, until, zone), palette),
        _points(base, top, limits is not None, palette),
        *(_line_names(whole.tail(1), top, palette) if limits is not None else []),
    )
    return finished(layers, HEIGHT_PX, palette)


def _top(table: pd.DataFrame) -> float:
    """Return the end of the axis: above every share and the usual limit, not above all limits."""
    limit = table["upper"].median() if "upper" in table else 0.0
    return float(min(1.0, 1.2 * max(table["share"].max(), limit, 0.01)))


def _limits_and_mean(base: alt.Chart, top: float, palette: Palette) -> list[alt.Chart]:
    """Draw the mean, the limits and the band between them."""
    between = base.mark_area(interpolate="step", color=palette.passed, opacity=0.13, clip=True)
    mean = base.mark_line(strokeDash=[6, 4], color=palette.quiet, strokeWidth=1)
    return [
        between.encode(share_axis("lower", TITLE, top), alt.Y2("upper:Q")),
        *[_limit(base, column, top, palette) for column in ("upper", "lower")],
        mean.encode(share_axis("centre", TITLE, top)),
    ]


def _limit(base: alt.Chart, column: str, top: float, palette: Palette) -> alt.Chart:
    line = base.mark_line(interpolate="step", color=palette.passed, strokeWidth=1.5, clip=True)
    return line.encode(share_axis(column, TITLE, top))


def _points(base: alt.Chart, top: float, limited: bool, palette: Palette) -> alt.Chart:
    """Draw a point for each whole sample; shape and colour show its signal."""
    signals = [IN_CONTROL, RUN, BEYOND, NOT_EVALUATED]
    colours = [palette.ink, palette.no_verdict, palette.reject, palette.ink]
    shapes = ["circle", "square", "diamond", "circle"]
    limits = [
        alt.Tooltip("lower:Q", title="Lower limit", format=".2%"),
        alt.Tooltip("upper:Q", title="Upper limit", format=".2%"),
        alt.Tooltip("signal:N", title="Signal"),
    ]
    return base.mark_point(filled=True, opacity=1, stroke=palette.ground, strokeWidth=1).encode(
        share_axis("share", TITLE, top),
        alt.Shape("signal:N", scale=alt.Scale(domain=signals, range=shapes), legend=None),
        alt.Color("signal:N", scale=alt.Scale(domain=signals, range=colours), legend=None),
        alt.Size(
            "signal:N", scale=alt.Scale(domain=signals, range=[45, 110, 170, 45]), legend=None
        ),
        tooltip=[*_counts(), *(limits if limited else [])],
    )


def _current(table: pd.DataFrame, top: float, x: alt.X, palette: Palette) -> list[alt.Chart]:
    """Draw the current sample: a hollow point with a dashed line to the sample before it.

    Its first parts may all be rejects. If its share is above the axis, it is a triangle at the
    upper edge, so that the axis does not jump with every new sample.
    """
    ends = table.tail(2).assign(drawn=table["share"].clip(upper=top), sample="incomplete")
    current = ends[~ends["whole"]]
    if current.empty:
        return []
    way = alt.Chart(ends).mark_line(color=palette.quiet, strokeWidth=1.5, strokeDash=[3, 3])
    point = alt.Chart(current).mark_point(
        shape="triangle-up" if current["share"].iloc[0] > top else "circle",
        filled=True,
        opacity=1,
        color=palette.ground,
        stroke=palette.ink,
        strokeWidth=1.8,
        size=80,
    )
    y = share_axis("drawn", TITLE, top)
    tooltip = [*_counts(), alt.Tooltip("sample:N", title="Sample")]
    return [way.encode(x, y), point.encode(x, y, tooltip=tooltip)]


def _counts() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("at:T", title="From", format=TOOLTIP_TIME),
        alt.Tooltip("share:Q", title="Rejected", format=".2%"),
        alt.Tooltip("rejected:Q", title="Rejected parts", format=","),
        alt.Tooltip("inspected:Q", title="Parts with a verdict", format=","),
    ]


def _line_names(last: pd.DataFrame, top: float, palette: Palette) -> list[alt.Chart]:
    """Name each line at the right edge, unless it is above the axis."""
    lines = {"upper": "Upper limit", "centre": "Mean", "lower": "Lower limit"}
    return [
        alt.Chart(last.assign(label=f"{name} {last[column].iloc[0]:.2%}"))
        .mark_text(align="left", dx=8, fontSize=12, color=palette.quiet)
        .encode(alt.XValue("width"), share_axis(column, TITLE, top), text="label:N")
        for column, name in lines.items()
        if column == "centre" or 0 < last[column].iloc[0] < top
    ]
