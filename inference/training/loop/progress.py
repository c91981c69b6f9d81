"""A run's progress: rows of train.csv, log lines, and a bar if the console is a terminal."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from inference.training.loop.losses import Losses
from inference.training.loop.run_folder import TRAIN, append_row
from inference.training.loop.trainer import Trainer
from runtime.process.console import Console

LOG_EVERY_STEPS = 20

log = logging.getLogger("referee.train")


def log_to(console: Console) -> None:
    """Log plain lines with the time; on a terminal they appear above the bar."""
    handler: logging.Handler = logging.StreamHandler(console.file)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    if console.is_terminal:
        handler = RichHandler(console=console, show_path=False, show_level=False, markup=False)
    logger = logging.getLogger("referee")
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.INFO)


class Progress:
    """Rows of train.csv, and the time left."""

    def __init__(self, folder: Path, trainer: Trainer, last: int, bar: Bar) -> None:
        self._folder = folder
        self._trainer = trainer
        self._bar = bar
        self._last = last
        self._images = 0
        self._steps = 0
        self._since_s = time.monotonic()
        self._task = bar.add_task("", total=last, completed=trainer.step, told="")

    def add(self, images: int) -> None:
        """Count a step and its number of images."""
        self._images += images * self._trainer.ranks.world
        self._steps += 1
        if self._trainer.step % LOG_EVERY_STEPS == 0:
            if self._trainer.ranks.is_first:
                self._report()
            self._begin_row()
        self._bar.update(self._task, completed=self._trainer.step)

    def _report(self) -> None:
        trainer, took_s = self._trainer, time.monotonic() - self._since_s
        row: dict[str, object] = {"step": trainer.step, **_means(trainer.recent)}
        row["learning_rate"] = round(trainer.optimiser.param_groups[0]["lr"], 7)
        row["images_per_s"] = round(self._images / took_s, 2)
        left_s = took_s / self._steps * (self._last - trainer.step)
        row["minutes_left"] = round(left_s / 60, 1)
        append_row(self._folder / TRAIN, row)
        log.info(" ".join(f"{name}={value}" for name, value in row.items()))
        told = f"{row['images_per_s']} images/s, {row['minutes_left']} min left"
        self._bar.update(self._task, told=told)

    def _begin_row(self) -> None:
        self._trainer.recent = []
        self._images = 0
        self._steps = 0
        self._since_s = time.monotonic()


def _means(recent: list[Losses]) -> dict[str, float]:
    """Of each term; a run that was resumed in between has the same."""
    return {
        name: round(float(torch.stack([term.cpu() for term in terms]).mean()), 4)
        for name, terms in zip(Losses._fields, zip(*recent, strict=True), strict=True)
    }


@contextmanager
def progress_bar(console: Console) -> Iterator[Bar]:
    """A bar on a terminal; off one, nothing at all."""
    columns = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[told]}", markup=False),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        yield bar
