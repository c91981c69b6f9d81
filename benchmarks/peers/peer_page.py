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
network pretrained on ImageNet, and no such weights were at hand. Published elsewhere, on MVTec AD,
image AUROC: PatchCore up to 99.6 % (arXiv 2106.08265), EfficientAD-M 99.1 % (arXiv 2303.14535).
Other pictures, one model a product, and another figure: not comparable with anything above."""


@dataclass(frozen=True)
class Setting:
    """What all runs of a table share, for its head.

    Attributes:
        command: that made the table.
        val_every: of each line's ``val`` every so many-th picture was asked about.
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
    load = f"{mean([result.load for result in finished]):.1f}" if finished else NONE
    return f"""\
# Peers and ablations

These are small-budget runs, far shorter than the training of the network that ships, and can only
be compared among themselves.

Each was trained from random weights on the same pictures in the same order: seed {recipe.seed},
{recipe.optimiser.steps} steps, crops of {recipe.crop_px} px in batches of {recipe.crop_batch} and
some whole parts, one optimiser, one schedule (`benchmarks/peers.yaml`). No synthetic defects means
other pictures, by its nature. The figures are of the split `val` ({which}: {pictures} pictures),
at native resolution, with the universal prompt and the rule that ships: any region of margin > 0
rejects the part.

| | |
| --- | --- |
| made by | `{setting.command}` |
| date | {date.today().isoformat()} |
| machine | {machine.processor()}, {recipe.threads} thread(s) |
| its mean load | {load}: what other work it did slows training down, and changes nothing else |
| versions | {machine.versions()} |
| wall time | {runs_s / 60:.1f} min the runs shown, {setting.wall_s / 60:.1f} min the command |"""


def _contenders(results: Mapping[str, Result]) -> str:
    rows = [
        [f"`{c.name}`", c.says, *(_effort(results[name]) if name in results else [NOT_RUN] * 4)]
        for name, c in CONTENDERS.items()
    ]
    head = ["", "what it is", "parameters", "GFLOP a crop", "training images/s", "CPU s"]
    return "## Who\n\n" + markdown(head, rows)


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
({RESAMPLES:,} resamples): what another draw of pictures would change, not what another seed would.
Escapes and false rejects are in percentage points, where less is better. In bold what the interval
tells apart from nothing."""
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
