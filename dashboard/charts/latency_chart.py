"""How long parts took from capture to PLC, against their deadline."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.axes import SMALLEST_PX, Layers, finished
from dashboard.palette import Palette

BINS_PER_DOUBLING = 8


def binned(counts: pd.DataFrame) -> pd.DataFrame:
    """Return (``ms``, ``parts``) in bins of equal ratio: ``low``, ``high``, ``parts``.

    Durations vary by factors: bins of equal width would put almost all parts into one.
    """
    step = np.floor(np.log2(np.maximum(counts["ms"], 1)) * BINS_PER_DOUBLING)
    table = counts.assign(step=step).groupby("step", as_index=False)["parts"].sum()
    return pd.DataFrame(
        {
            "low": 2 ** (table["step"] / BINS_PER_DOUBLING),
            "high": 2 ** ((table["step"] + 1) / BINS_PER_DOUBLING),
            "parts": table["parts"],
        }
    )


def latency_chart(
    table: pd.DataFrame, marks: dict[str, float], deadline_ms: float | None, palette: Palette
) -> Layers:
    """Draw a ``binned`` table with lines at ``marks`` (name to ms) and at the deadline."""
    lines = dict(marks) | ({"deadline": deadline_ms} if deadline_ms else {})
    lowest = min(table["low"].min(), *lines.values()) / 2.2
    highest = max(table["high"].max(), *lines.values()) * 2.4
    scale = alt.Scale(type="log", domain=[lowest, highest], nice=False)
    axis = alt.Axis(format=",.0f", grid=False, values=_ticks(lowest, highest))
    bars = (
        alt.Chart(table)
        .mark_bar(color=palette.passed, opacity=0.85)
        .encode(
            alt.X("low:Q", title="Capture to PLC (ms, log scale)", scale=scale, axis=axis),
            alt.X2("high:Q"),
            alt.Y(
                "parts:Q", title="Parts", axis=alt.Axis(format=",.0f", tickCount=4, tickMinStep=1)
            ),
            y2=alt.datum(0),
            tooltip=[
                alt.Tooltip("low:Q", title="From, ms", format=",.0f"),
                alt.Tooltip("high:Q", title="To, ms", format=",.0f"),
                alt.Tooltip("parts:Q", title="Parts", format=","),
            ],
        )
    )
    return finished(alt.layer(bars, *_rules(lines, scale, palette)), SMALLEST_PX, palette)


def _ticks(lowest: float, highest: float) -> list[float]:
    decades = range(int(np.floor(np.log10(lowest))), int(np.ceil(np.log10(highest))) + 1)
    every = [step * 10.0**decade for decade in decades for step in (1, 2, 5)]
    return [tick for tick in every if lowest <= tick <= highest]


def _rules(lines: dict[str, float], scale: alt.Scale, palette: Palette) -> list[alt.Chart]:
    """Draw a vertical line for each mark, with its name."""
    layers: list[alt.Chart] = []
    for number, (name, ms) in enumerate(lines.items()):
        table = pd.DataFrame({"ms": [float(ms)], "name": [f"{name} {ms:,.0f} ms"]})
        base = alt.Chart(table).encode(alt.X("ms:Q", scale=scale))
        if name == "deadline":
            layers.append(base.mark_rule(color=palette.reject, strokeWidth=2))
        else:
            layers.append(base.mark_rule(color=palette.ink, strokeWidth=2, strokeDash=[4, 3]))
        layers.append(_name(base, number, palette.reject if name == "deadline" else palette.ink))
    return layers


def _name(base: alt.Chart, number: int, colour: str) -> alt.Chart:
    """Write a line's name: the first on the left, the others on the right, the third lower."""
    right = number > 0
    text = base.mark_text(
        align="left" if right else "right",
        dx=6 if right else -6,
        fontSize=12,
        fontWeight="bold",
        color=colour,
    )
    return text.encode(y=alt.value(26 if number > 1 else 8), text="name:N")
