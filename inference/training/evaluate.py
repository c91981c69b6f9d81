"""Measure a network: ``python -m inference.training.evaluate --recipe R --checkpoint FILE``.

Or ``--onnx FILE`` for the exported one. A table per line and kind; ``--json FILE`` for machines.
What the figures mean is said in ``figures.py``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from inference.training.captions import UNIVERSAL_PROMPT
from inference.training.figures import group_figures, measure, universal_cases
from inference.training.predictors import OnnxPredictor, Predictor, TorchPredictor, model_of
from inference.training.recipe import Recipe, read_recipe
from inference.training.sources import encoder_of, load_parts


def evaluate(
    recipe: Recipe, predictor: Predictor, split: str, prompt: str, min_area_px2: float
) -> dict[str, Any]:
    """Figures of every line and kind: {"split", "prompt", "min_area_px2", "lines": {...}}."""
    cases = universal_cases(load_parts(recipe, split), encoder_of(recipe), prompt)
    outcomes = measure(predictor, cases)
    lines = {
        line: group_figures([o for o in outcomes if o.line == line], min_area_px2)
        for line in recipe.lines
    }
    return {"split": split, "prompt": prompt, "min_area_px2": min_area_px2, "lines": lines}


def table(report: dict[str, Any]) -> Table:
    """The report for people."""
    shown = Table(
        title=f"split {report['split']}, prompt {report['prompt']!r}, "
        f"smallest area {report['min_area_px2']:g} px2"
    )
    for column in (
        "line",
        "kind",
        "parts",
        "escapes",
        "95 %",
        "false rejects",
        "95 %",
        "AUROC",
        "mIoU",
        "oIoU",
    ):
        shown.add_column(column)
    for line, groups in report["lines"].items():
        for kind, row in groups.items():
            shown.add_row(
                line,
                kind,
                str(row["defective"] + row["good"]),
                *_rate(row, "escape", "escapes", "defective"),
                *_rate(row, "false_reject", "false_rejects", "good"),
                *(_number(row[name]) for name in ("auroc", "miou", "oiou")),
            )
    return shown


def _rate(row: dict[str, Any], name: str, count: str, total: str) -> tuple[str, str]:
    if row[f"{name}_rate"] is None:
        return "", ""
    low, high = row[f"{name}_interval"]
    rate = f"{row[count]}/{row[total]} = {row[f'{name}_rate']:.1%}"
    return rate, f"{low:.1%} .. {high:.1%}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a network on labelled pictures.")
    parser.add_argument("--recipe", type=Path, required=True, help="names lines and text encoder")
    network = parser.add_mutually_exclusive_group(required=True)
    network.add_argument("--checkpoint", type=Path, help="a run's last.pt, measured in torch")
    network.add_argument("--onnx", type=Path, help="an exported network, in ONNX Runtime")
    parser.add_argument("--split", default="val")
    parser.add_argument("--prompt", default=UNIVERSAL_PROMPT)
    parser.add_argument("--min-area-px2", type=float, help="default: the recipe's")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    recipe = read_recipe(asked.recipe)
    if asked.onnx:
        predictor: Predictor = OnnxPredictor(asked.onnx, recipe.max_side_px)
    else:
        predictor = TorchPredictor(model_of(asked.checkpoint)[0], recipe.max_side_px)
    min_area_px2 = recipe.min_area_px2 if asked.min_area_px2 is None else asked.min_area_px2
    report = evaluate(recipe, predictor, asked.split, asked.prompt, min_area_px2)
    Console(width=150).print(table(report))
    if asked.json:
        asked.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
