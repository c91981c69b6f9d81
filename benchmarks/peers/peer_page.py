"""docs/peers.md: the figures of finished runs side by side, and how sure the differences are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import mean
from typing import Any

from benchmarks import machine
from benchmarks.markdown import table as markdown
from benchmarks.peers.bootstrap import RESAMPLES, Difference, differences
from benchmarks.peers.contenders import CONTENDERS, OURS
from benchmarks.peers.peer_runs import POOLED
from benchmarks.peers.results import Result
from inference.training.recipe import TrainingRecipe

FIGURES = {"miou": "mIoU", "oiou": "oIoU", "escapes": "escapes", "false_rejects": "false rejects"}
RATES = ("escapes", "false_rejects")
NOT_RUN = "not run"
NONE = "–"

ELSEWHERE = """\
Not in the tables: anomalib's PatchCore and EfficientAD. They compare a part with features of a
network pretrained on ImageNet, and no such weights were at hand. Published image AUROC on MVTec
AD: PatchCore up to 99.6 % (arXiv 2106.08265), EfficientAD-M 99.1 % (arXiv 2303.14535). These are
other pictures, one model for each product, and another figure: do not compare them with the
tables."""


@dataclass(frozen=True)
class Setting:
    """What all runs of a table share, for its head.

    Attributes:
        command: that made the table.
        val_every: every N-th picture of each line's ``val`` was asked about.
        wall_s: of the command, which need not have made all the runs.
    """

    command: str
    recipe: TrainingRecipe
    val_every: int
    wall_s: float


def document(results: Mapping[str, Result], setting: Setting, note: str = "") -> str:
    """The whole page. ``results`` may lack some of the contenders: these are marked as not run."""
    finished = [results[name] for name in CONTENDERS if name in results]
    parts = [_head(finished, setting), _contenders(results)]
    if finished:
        parts += [_figures(finished, scope) for scope in finished[0].figures]
    parts.append(_differences(results, setting.recipe.seed))
    if note:
        parts.append(f"## What it says\n\n{note}")
    return "\n\n".join([*parts, ELSEWHERE]) + "\n"


def _head(finished: Sequence[Result], setting: Setting) -> str:
    recipe = setting.recipe
    pictures = len(finished[0].answers) if finished else 0
    which = "all" if setting.val_every == 1 else f"of each line every {setting.val_every}th"
    runs_s = sum(result.effort.train_s + result.evaluate_s for result in finished)
    runs_min, command_min = runs_s / 60, setting.wall_s / 60
    load = f"{mean([result.load for result in finished]):.1f}" if finished else NONE
    return f"""\
# Peers and ablations

These runs are far shorter than the training of the network that ships. Compare them only with each
other.

Each was trained from random weights on the same pictures in the same order: seed {recipe.seed},
{recipe.optimiser.steps} steps, crops of {recipe.crop_px} px in batches of {recipe.crop_batch} and
some whole parts, one optimiser, one schedule (`benchmarks/peers/peers.yaml`). Only the run without
synthetic defects necessarily sees other pictures. The figures are of the split `val`
({which}: {pictures} pictures),
at native resolution, with the universal prompt and the shipped rule: any region with margin > 0
rejects the part.

| | |
| --- | --- |
| made by | `{setting.command}` |
| date | {date.today().isoformat()} |
| machine | {machine.processor()}, {recipe.threads} thread(s) |
| mean load | {load}; other work slows training down and changes nothing else |
| versions | {machine.versions()} |
| wall time | {runs_min:.1f} min for the runs shown, {command_min:.1f} min for the command |"""


def _contenders(results: Mapping[str, Result]) -> str:
    rows = [
        [f"`{c.name}`", c.says, *(_effort(results[name]) if name in results else [NOT_RUN] * 4)]
        for name, c in CONTENDERS.items()
    ]
    head = ["", "what it is", "parameters", "GFLOP a crop", "training images/s", "CPU s"]
    return "## The networks\n\n" + markdown(head, rows)


def _effort(result: Result) -> list[str]:
    effort = result.effort
    return [
        f"{result.parameters / 1e6:.2f} M",
        f"{result.gflop:.2f}",
        f"{effort.images / effort.train_s:.1f}" if effort.train_s else NONE,
        f"{effort.cpu_s:.0f}",
    ]


def _figures(finished: Sequence[Result], scope: str) -> str:
    rows = [
        [
            f"`{result.name}`",
            _number(figures["miou"]),
            _number(figures["oiou"]),
            f"{figures['escapes']} of {figures['defective']}",
            f"{figures['false_rejects']} of {figures['good']}",
        ]
        for result in finished
        for figures in [result.figures[scope]]
    ]
    title = "All lines together" if scope == POOLED else f"`{scope}`"
    return f"## {title}\n\n" + markdown(["", *FIGURES.values()], rows)


def _differences(results: Mapping[str, Result], seed: int) -> str:
    text = f"""\
## DQFormer minus the other

All lines together. In brackets the 95 % interval of a paired bootstrap over pictures
({RESAMPLES:,} resamples): it covers another draw of pictures, not another seed. Escapes and false
rejects are in percentage points; less is better. Differences whose interval does not contain 0 are
in bold."""
    if OURS not in results:
        return f"{text}\n\n`{OURS}`: {NOT_RUN}."
    ours, rows = results[OURS], []
    for name in CONTENDERS:
        if name != OURS and name in results:
            found = differences(ours.answers, results[name].answers, seed)
            rows.append([f"`{name}`", *(_difference(found[figure], figure) for figure in FIGURES)])
        elif name != OURS:
            rows.append([f"`{name}`", *[NOT_RUN] * len(FIGURES)])
    return f"{text}\n\n" + markdown(["against", *FIGURES.values()], rows)


def _difference(found: Difference | None, figure: str) -> str:
    if found is None:
        return NONE
    if figure in RATES:
        told = f"{100 * found.value:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]"
    else:
        told = f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"
    return f"**{told}**" if found.is_clear else told


def _number(value: Any) -> str:
    return NONE if value is None else f"{value:.3f}"
