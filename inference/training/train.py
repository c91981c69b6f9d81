"""Train by a recipe: ``python -m inference.training.train --recipe recipes/edge.yaml``.

A run's folder holds ``last.pt`` (everything ``--resume`` needs), ``train.csv`` and ``val.csv``.
"""

from __future__ import annotations

import argparse
import csv
import logging
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import torch

from inference.training import checkpoint
from inference.training.batches import BatchMaker
from inference.training.figures import Case, image_figures, measure, universal_cases
from inference.training.losses import Losses
from inference.training.predictors import TorchPredictor
from inference.training.recipe import Recipe, read_recipe
from inference.training.sources import caption_bank, encoder_of, expand, load_parts
from inference.training.trainer import Prefetch, Trainer, grid_mean

LOG_EVERY_STEPS = 20

log = logging.getLogger("referee.train")


class Progress:
    """Rows of train.csv, and the time left."""

    def __init__(self, folder: Path, trainer: Trainer) -> None:
        self._folder, self._trainer = folder, trainer
        self._recent: list[Losses] = []
        self._images, self._since_s = 0, time.monotonic()

    def add(self, result: Losses, images: int) -> None:
        self._recent.append(result)
        self._images += images
        if self._trainer.step % LOG_EVERY_STEPS == 0:
            self._report()

    def _report(self) -> None:
        took_s = time.monotonic() - self._since_s
        left = self._trainer.recipe.optimiser.steps - self._trainer.step
        row: dict[str, object] = {"step": self._trainer.step}
        for name, terms in zip(Losses._fields, zip(*self._recent, strict=True), strict=True):
            row[name] = round(grid_mean(list(terms)), 4)
        row["learning_rate"] = round(self._trainer.optimiser.param_groups[0]["lr"], 7)
        row["images_per_s"] = round(self._images / took_s, 2)
        row["minutes_left"] = round(took_s / len(self._recent) * left / 60, 1)
        append_row(self._folder / "train.csv", row)
        log.info(" ".join(f"{name}={value}" for name, value in row.items()))
        self._recent, self._images, self._since_s = [], 0, time.monotonic()


def append_row(path: Path, row: dict[str, object]) -> None:
    """Add a row to a CSV file; the first row of a new file is the header."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


def validate(recipe: Recipe, trainer: Trainer, cases: list[Case], folder: Path) -> None:
    """Figures of the averaged weights on the split ``val``, one row a line, to val.csv."""
    predictor = TorchPredictor(trainer.average.model, recipe.max_side_px)
    for line in recipe.lines:
        chosen = [case for case in cases if case.part.line == line]
        figures = image_figures(measure(predictor, chosen), recipe.min_area_px2)
        rates = {name: value for name, value in figures.items() if not name.endswith("interval")}
        row = {"step": trainer.step, "line": line, **rates}
        append_row(folder / "val.csv", row)
        log.info(" ".join(f"{name}={value}" for name, value in row.items()))


def run(recipe: Recipe, folder: Path, resume: bool, stop_at: int | None = None) -> Trainer:
    """Train to the last step (or ``stop_at``) and leave a checkpoint."""
    torch.set_num_threads(recipe.threads)
    cv2.setNumThreads(1)
    parts = load_parts(recipe, "train")
    bank = caption_bank(recipe, parts)
    cases = universal_cases(load_parts(recipe, "val"), encoder_of(recipe))
    trainer = Trainer(recipe, bank)
    if resume:
        trainer.resume(folder)
    elif recipe.start_from:
        trainer.start_from(expand(recipe.start_from))
    folder.mkdir(parents=True, exist_ok=True)
    loop(
        trainer,
        BatchMaker(recipe, parts, bank),
        folder,
        stop_at or recipe.optimiser.steps,
        lambda: validate(recipe, trainer, cases, folder),
    )
    return trainer


def loop(
    trainer: Trainer, maker: BatchMaker, folder: Path, last: int, check: Callable[[], None]
) -> None:
    """Steps, checkpoints by the clock, and a check every so many steps."""
    recipe, progress, saved_s = trainer.recipe, Progress(folder, trainer), time.monotonic()
    decay_from = recipe.optimiser.steps - recipe.optimiser.decay_steps
    for batch in Prefetch(maker, trainer.step, last):
        progress.add(trainer.train_step(batch), len(batch.image))
        if time.monotonic() - saved_s > recipe.checkpoint_every_s:
            trainer.save(folder)
            saved_s = time.monotonic()
        if trainer.step == decay_from:
            trainer.save(folder, checkpoint.LEVEL)
        if trainer.step % recipe.validate_every_steps == 0:
            check()
    trainer.save(folder)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = argparse.ArgumentParser(description="Train a DQFormer by a recipe.")
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="the run's folder; default runs/NAME")
    parser.add_argument("--resume", action="store_true", help="go on from the run's checkpoint")
    arguments = parser.parse_args()
    recipe = read_recipe(arguments.recipe)
    run(recipe, arguments.out or Path("runs") / recipe.name, arguments.resume)


if __name__ == "__main__":
    main()
