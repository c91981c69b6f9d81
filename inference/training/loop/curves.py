"""Curves of a run: losses, learning rate and figures on ``val`` in one PNG."""

from __future__ import annotations

from pathlib import Path

from inference.training.loop.run_folder import CURVES, TRAIN, VAL, read_rows

LOSSES = ("total", "mask", "dice", "empty", "presence", "grouping")
RATES = ("escape_rate", "false_reject_rate")
OVERLAPS = ("miou", "oiou")

Rows = list[dict[str, str]]


def draw_curves(folder: Path) -> None:
    """Write curves.png from train.csv and val.csv."""
    from matplotlib.figure import Figure  # it takes a second to import; only curves need it

    train, val = (_rows(folder / name) for name in (TRAIN, VAL))
    figure = Figure(figsize=(11, 7.5), layout="constrained")
    (losses, rate), (rates, overlaps) = figure.subplots(2, 2)
    for name in LOSSES:
        losses.plot(*_series(train, name), label=name, linewidth=1)
    rate.plot(*_series(train, "learning_rate"), color="black", label="learning rate", linewidth=1)
    for panel, names in ((rates, RATES), (overlaps, OVERLAPS)):
        for line in sorted({row["line"] for row in val}):
            for name, style in zip(names, ("-", "--"), strict=True):
                here = [row for row in val if row["line"] == line]
                panel.plot(*_series(here, name), style, marker=".", label=f"{line}: {name}")
    titles = ("Losses", "Learning rate", "val: parts called wrong", "val: overlap of masks")
    for panel, title in zip((losses, rate, rates, overlaps), titles, strict=True):
        panel.set(title=title, xlabel="step")
        panel.grid(alpha=0.3)
        if panel.lines:
            panel.legend(fontsize="x-small")
    figure.savefig(folder / CURVES, dpi=110)


def _rows(path: Path) -> Rows:
    return read_rows(path) if path.exists() else []


def _series(rows: Rows, name: str) -> tuple[list[int], list[float]]:
    """Steps and values, of the rows that have one."""
    known = [row for row in rows if row.get(name)]
    return [int(row["step"]) for row in known], [float(row[name]) for row in known]
