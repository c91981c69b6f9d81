"""Train by a recipe: ``referee train``.

A run's folder holds ``last.pt`` (everything ``--resume`` needs), ``level.pt`` (the state before the
decay), ``train.csv``, ``val.csv`` and ``curves.png``. ``torchrun --nproc_per_node N -m referee
train ...`` trains in N processes, which share out each batch of the recipe.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import cv2
import torch

from inference.training.data.batches import BatchMaker
from inference.training.data.dataset import Part
from inference.training.data.sources import (
    caption_bank,
    encoder_of,
    expand,
    load_parts,
    own_share,
)
from inference.training.evaluation.figures import Case, image_figures, measure, universal_cases
from inference.training.evaluation.torch_predictor import TorchPredictor
from inference.training.loop import checkpoint
from inference.training.loop.curves import draw_curves
from inference.training.loop.progress import Progress, log_to, progress_bar
from inference.training.loop.ranks import Ranks, joined
from inference.training.loop.run_folder import VAL, append_row, forget_after, open_run
from inference.training.loop.stopping import StopSignals
from inference.training.loop.trainer import Prefetch, Trainer
from inference.training.recipe import TrainingRecipe, read_recipe
from inference.training.words.captions import CaptionBank
from runtime.process.console import Console

log = logging.getLogger("referee.train")

Parts = dict[str, list[Part]]


class Data(NamedTuple):
    """Decoded parts of every line, the captions, and what the run is measured on."""

    train: Parts
    bank: CaptionBank
    cases: list[Case]

    @classmethod
    def of(cls, recipe: TrainingRecipe, train: Parts, val: Parts) -> Data:
        encoder = encoder_of(recipe)
        return cls(train, caption_bank(recipe, train, encoder), universal_cases(val, encoder))

    @classmethod
    def read(cls, recipe: TrainingRecipe) -> Data:
        return cls.of(recipe, load_parts(recipe, "train"), load_parts(recipe, "val"))


@dataclass(frozen=True)
class RunContext:
    """What surrounds a run: its ranks, the signals that stop it, and where progress is shown."""

    ranks: Ranks = field(default_factory=Ranks)
    stop: StopSignals = field(default_factory=StopSignals)
    console: Console = field(default_factory=lambda: Console(stderr=True))


def validate(trainer: Trainer, cases: list[Case], folder: Path) -> None:
    """Figures of the averaged weights on the split ``val``, one row a line, to val.csv; curves."""
    recipe = trainer.recipe
    predictor = TorchPredictor(trainer.average.model, recipe.max_side_px)
    for line in recipe.lines:
        chosen = [case for case in cases if case.part.line == line]
        figures = image_figures(measure(predictor, chosen))
        rates = {name: value for name, value in figures.items() if not name.endswith("interval")}
        row = {"step": trainer.step, "line": line, **rates}
        append_row(folder / VAL, row)
        log.info(" ".join(f"{name}={value}" for name, value in row.items()))
    draw_curves(folder)


def run(
    recipe: TrainingRecipe,
    folder: Path,
    resume: bool,
    stop_at: int | None = None,
    data: Data | None = None,
    around: RunContext | None = None,
) -> Trainer:
    """Train to the last step (or ``stop_at``, or a signal) and leave a checkpoint.

    Raises:
        UserError: recipe, data or folder are not what they should be.
        FatalError: a checkpoint cannot be written.
    """
    around = around or RunContext()
    ranks = around.ranks
    torch.set_num_threads(max(1, recipe.threads // ranks.world))
    cv2.setNumThreads(1)
    if ranks.is_first:
        open_run(folder, resume)
    data = data or Data.read(recipe)
    trainer = Trainer(recipe, data.bank, ranks=ranks)
    begin(trainer, folder, resume)
    maker = BatchMaker(own_share(recipe, ranks.world), data.train, data.bank, ranks.rank)
    last = stop_at or recipe.optimiser.steps
    loop(trainer, maker, folder, last, around, lambda: validate(trainer, data.cases, folder))
    return trainer


def begin(trainer: Trainer, folder: Path, resume: bool) -> None:
    """Weights to begin with, and a first checkpoint: a run can be resumed from its first step."""
    if resume:
        trainer.resume(folder)
        if trainer.ranks.is_first:
            forget_after(folder, trainer.step)
        log.info("going on at step %d", trainer.step)
        return
    if trainer.recipe.start_from:
        trainer.start_from(expand(trainer.recipe.start_from))
    trainer.save(folder)


def loop(
    trainer: Trainer,
    maker: BatchMaker,
    folder: Path,
    last: int,
    around: RunContext,
    check: Callable[[], None],
) -> None:
    """Run the steps; save checkpoints by the clock; validate at intervals and at the end.

    A step's rows are written before its checkpoint, so that a resumed run misses and repeats none.
    """
    settings, ranks = trainer.recipe.optimiser, trainer.ranks
    decay_from = settings.steps - settings.decay_steps
    batches, saved_s = Prefetch(maker, trainer.step, last), time.monotonic()
    with progress_bar(around.console) as bar:
        progress = Progress(folder, trainer, last, bar)
        for batch in batches:
            trainer.train_step(batch)
            progress.add(len(batch.image))
            if ranks.is_first and is_check_due(trainer):
                check()
            if trainer.step == decay_from:
                trainer.save(folder, checkpoint.LEVEL)
            if time.monotonic() - saved_s > trainer.recipe.checkpoint_every_s:
                trainer.save(folder)
                saved_s = time.monotonic()
            if ranks.any(around.stop.received is not None):
                break
    batches.close()
    ranks.check_agreement(trainer.model)
    trainer.save(folder)
    if trainer.step < last:
        log.info("stopped at step %d of %d: go on with --resume", trainer.step, last)


def is_check_due(trainer: Trainer) -> bool:
    """Return whether to validate now: every ``validate_every_steps``, and at the last step."""
    recipe = trainer.recipe
    return trainer.step % recipe.validate_every_steps == 0 or trainer.step == recipe.optimiser.steps


def train_command(
    recipe_file: Path, folder: Path | None, resume: bool, device: str | None = None
) -> int:
    """Run the command and return its exit code.

    Raises:
        RefereeError: the message is for the user.
    """
    console = Console(stderr=True)
    recipe = read_recipe(recipe_file)
    with joined(device) as ranks, StopSignals() as stop:
        log_to(console)
        if not ranks.is_first:
            logging.getLogger("referee").setLevel(logging.ERROR)
        log.info("device %s, %d process(es)", ranks.device, ranks.world)
        around = RunContext(ranks, stop, console)
        run(recipe, folder or Path("runs") / recipe.name, resume, around=around)
        return stop.exit_code
