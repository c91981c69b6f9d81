"""Plots of a bench: the same figures give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.line.memory import TOTAL

SAME_BYTES: dict[Any, Any] = {
    "svg.hashsalt": "referee",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
}
"""Ids from a fixed salt; letters as letters, so that no font is drawn in."""
NETWORK = "bare network"
COLOURS = mpl.color_sequences["tab20"]
LINES = [(colour, style) for style in ("-", "--") for colour in mpl.color_sequences["tab10"]]


def steps_plot(report: Mapping[str, Any], file: Path) -> None:
    """The bare network, and each scenario's steps one after the other."""
    bars = {NETWORK: {"network": report["network_ms"]["mean"]}}
    bars |= {name: each["where_time_goes_ms"] for name, each in report["scenarios"].items()}
    names = list(dict.fromkeys(step for steps in bars.values() for step in steps))
    figure = Figure(figsize=(9, 0.9 + 0.42 * len(bars)), layout="constrained")
    axes = figure.subplots()
    left = dict.fromkeys(bars, 0.0)
    for place, step in enumerate(sorted(names, key=_order(report))):
        widths = {name: steps.get(step, 0.0) for name, steps in bars.items()}
        axes.barh(
            list(widths), list(widths.values()), left=list(left.values()), label=step,
            color=COLOURS[place % len(COLOURS)],
        )  # fmt: skip
        left = {name: left[name] + width for name, width in widths.items()}
    axes.invert_yaxis()
    axes.set_xlabel("ms from the trigger to the registers, mean of inspected parts")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small", frameon=False)
    _save(figure, file)


def memory_plot(growth: Mapping[str, Any], file: Path) -> None:
    """Plot how much each process's memory has changed since the start, over the parts."""
    samples = growth["samples"]
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    for (name, mb), (colour, style) in zip(samples["mb"].items(), cycle(LINES), strict=False):
        axes.plot(
            samples["parts"],
            [value - mb[0] for value in mb],
            color="black" if name == TOTAL else colour,
            linestyle=style,
            linewidth=2 if name == TOTAL else 1,
            label=name,
        )
    axes.axvspan(0, growth["warm_up_share"] * growth["parts"], color="0.93", label="warm-up")
    axes.set_xlabel("parts")
    axes.set_ylabel("MB since the first look")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small", frameon=False)
    _save(figure, file)


def _order(report: Mapping[str, Any]) -> Any:
    steps = list(report["where_time_goes_ms"])
    return lambda step: steps.index(step) if step in steps else len(steps)


def _save(figure: Figure, file: Path) -> None:
    with mpl.rc_context(SAME_BYTES):
        figure.savefig(file, metadata={"Date": None, "Creator": None})
