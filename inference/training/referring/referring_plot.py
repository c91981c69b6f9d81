"""The statistics of a referring data set as one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contracts.errors import UserError
from runtime.process.files import made_folder, writing

TO_INSTALL = "pip install 'referee[train]'"


def draw_statistics(report: dict[str, Any], file: Path) -> None:
    """Draw four panels: forms, areas, regions per picture, words per expression; one bar a line.

    Raises:
        UserError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # it takes a second to import; only plots need it
    except ImportError as error:
        raise UserError(f"plots need matplotlib: {TO_INSTALL}, or leave --out away") from error
    figure = Figure(figsize=(12, 8), layout="constrained")
    forms, areas, regions, words = figure.subplots(2, 2).flat
    groups = {**report["lines"], **({"painted": report["painted"]} if "painted" in report else {})}
    _bars(forms, groups, ("expressions", "by_form"), "Expressions by form")
    _bars(areas, groups, ("anomalies", "regions_by_area"), "Anomalies by share of the picture")
    _shares(regions, groups, ("anomalies", "regions_per_image"), "Anomalies a defective picture")
    _shares(words, groups, ("words", "per_expression"), "Words an expression")
    made_folder(file.parent)
    with writing(file):
        figure.savefig(file, dpi=110, metadata={"Software": None})


def _at(figures: dict[str, Any], way: tuple[str, str]) -> dict[str, Any]:
    return figures[way[0]][way[1]]


def _bars(panel: Any, groups: dict[str, Any], way: tuple[str, str], title: str) -> None:
    """Counts, one bar a line in each group."""
    width = 0.8 / len(groups)
    for place, (line, figures) in enumerate(groups.items()):
        counts = _at(figures, way)
        left = [number - 0.4 + (place + 0.5) * width for number in range(len(counts))]
        panel.bar(left, list(counts.values()), width, label=line)
        panel.set_xticks(range(len(counts)), [name.replace("_", " ") for name in counts])
    panel.set(title=title, ylabel="count")
    panel.tick_params(axis="x", labelrotation=15)
    panel.legend(fontsize="small")


def _shares(panel: Any, groups: dict[str, Any], way: tuple[str, str], title: str) -> None:
    """Draw each line's histogram as shares, so that small and large lines can be compared."""
    for line, figures in groups.items():
        histogram = _at(figures, way)["histogram"]
        total = max(sum(histogram.values()), 1)
        numbers = [int(number) for number in histogram]
        panel.plot(numbers, [c / total for c in histogram.values()], marker=".", label=line)
    panel.set(title=title, ylabel="share")
    panel.grid(alpha=0.3)
    panel.legend(fontsize="small")
