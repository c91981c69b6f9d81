"""Train one contender and measure it. Seed, steps, optimiser and pictures are the same for all."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.peers.answers import answers_of
from benchmarks.peers.contenders.contender import Contender
from benchmarks.peers.material import Material
from benchmarks.peers.results import Effort, Result, Settings
from contracts.errors import UserError
from inference.training.data.batches import Batch, BatchMaker
from inference.training.evaluation.figures import Outcome, image_figures, measure
from inference.training.evaluation.torch_predictor import TorchPredictor
from inference.training.loop import checkpoint
from inference.training.loop.trainer import Prefetch, Trainer, grid_mean
from inference.training.recipe import TrainingRecipe
from runtime.process.files import made_folder

EFFORT = "effort.json"
LOG_EVERY_STEPS = 20
POOLED = "pooled"

log = logging.getLogger("referee.peers")


class ShownBatches(BatchMaker):
    """The common batches, of which a contender sees what it is for."""

    def __init__(self, contender: Contender, recipe: TrainingRecipe, material: Material) -> None:
        super().__init__(recipe, material.train, material.bank)
        self._show = contender.batch

    def batch(self, step: int) -> Batch:
        return self._show(super().batch(step))


class Clock:
    """Adds up a run's effort, over its resumptions too."""

    def __init__(self, folder: Path, resumed: bool) -> None:
        self._path = folder / EFFORT
        self.effort = Effort(**json.loads(self._path.read_text())) if resumed else Effort()
        self._wall_s = time.monotonic()
        self._cpu_s = time.process_time()

    def add(self, images: int) -> None:
        wall_s, cpu_s = time.monotonic(), time.process_time()
        self.effort = self.effort.plus(images, wall_s - self._wall_s, cpu_s - self._cpu_s)
        self._wall_s = wall_s
        self._cpu_s = cpu_s

    def save(self) -> None:
        self._path.write_text(json.dumps(asdict(self.effort)))


def settings_of(contender: Contender, recipe: TrainingRecipe, val_every: int) -> Settings:
    """All that decides what a run will be, but for its code."""
    return {"recipe": contender.recipe(recipe).model_dump(mode="json"), "val_every": val_every}


def known_result(
    contender: Contender, recipe: TrainingRecipe, val_every: int, folder: Path
) -> Result | None:
    """Return the result of a run in ``folder``; None if it has not finished.

    Raises:
        UserError: it is of a run with other settings.
    """
    return Result.read(folder / contender.name, settings_of(contender, recipe, val_every))


def run(contender: Contender, material: Material, folder: Path, resume: bool) -> Result:
    """Train, measure, and keep the result.

    Args:
        folder: of all runs; this one's is ``folder / name``.
        resume: continue from its checkpoint, if there is one.

    Raises:
        UserError: there is a checkpoint, and it is not to be gone on with, or has other settings.
    """
    folder = folder / contender.name
    made_folder(folder)
    recipe = contender.recipe(material.recipe)
    trainer = Trainer(recipe, material.bank, contender.network)
    clock = Clock(folder, _resumed(trainer, folder, resume))
    train(contender, trainer, ShownBatches(contender, recipe, material), clock, folder)
    result = measured(contender, trainer.average.model, material, clock.effort)
    result.write(folder)
    return result


def _resumed(trainer: Trainer, folder: Path, resume: bool) -> bool:
    """Go on from the folder's checkpoint, if it has one."""
    path = folder / checkpoint.NAME
    if not path.is_file():
        return False
    if not resume:
        raise UserError(f"{folder} holds a stopped run: go on with it (--resume), or remove it")
    if checkpoint.load(path)["recipe"] != trainer.recipe.model_dump(mode="json"):
        raise UserError(f"{folder} holds a stopped run with other settings: remove it")
    trainer.resume(folder)
    return True


def measured(contender: Contender, model: nn.Module, material: Material, effort: Effort) -> Result:
    """The result of a trained network."""
    recipe, since_s = contender.recipe(material.recipe), time.monotonic()
    outcomes = measure(TorchPredictor(model, recipe.max_side_px), material.val)
    return Result(
        name=contender.name,
        settings=settings_of(contender, material.recipe, material.val_every),
        figures=figures_of(outcomes, list(recipe.lines)),
        answers=answers_of(outcomes),
        parameters=sum(p.numel() for p in model.parameters()),
        gflop=forward_gflop(model, recipe, material),
        effort=effort,
        evaluate_s=time.monotonic() - since_s,
        load=os.getloadavg()[1],
        finished_utc=datetime.now(UTC).isoformat(timespec="minutes"),
    )


def train(
    contender: Contender, trainer: Trainer, maker: BatchMaker, clock: Clock, folder: Path
) -> None:
    """To the last step, with checkpoints by the clock."""
    saved_s = time.monotonic()
    batches = Prefetch(maker, trainer.step, trainer.recipe.optimiser.steps)
    try:
        for batch in batches:
            trainer.train_step(batch)
            clock.add(len(batch.image))
            if trainer.step % LOG_EVERY_STEPS == 0:
                _report(contender, trainer)
            if time.monotonic() - saved_s > trainer.recipe.checkpoint_every_s:
                _save(trainer, clock, folder)
                saved_s = time.monotonic()
    finally:
        batches.close()
    _save(trainer, clock, folder)


def _report(contender: Contender, trainer: Trainer) -> None:
    """Means since the last report."""
    terms = {
        name: grid_mean([getattr(losses, name) for losses in trainer.recent])
        for name in ("total", "dice", "presence")
    }
    values = " ".join(f"{name}={value:.3f}" for name, value in terms.items())
    log.info("%s: step %d %s", contender.name, trainer.step, values)
    trainer.recent = []


def _save(trainer: Trainer, clock: Clock, folder: Path) -> None:
    trainer.save(folder)
    clock.save()


def figures_of(outcomes: Sequence[Outcome], lines: Sequence[str]) -> dict[str, dict]:
    """Each line's, and of all pictures together."""
    by_line = {line: [o for o in outcomes if o.line == line] for line in lines}
    return {name: image_figures(of) for name, of in {POOLED: outcomes, **by_line}.items()}


@torch.no_grad()
def forward_gflop(model: nn.Module, recipe: TrainingRecipe, material: Material) -> float:
    """1e9 floating point operations (a multiply-add counts two) of one crop and one prompt."""
    prompt = material.val[0].prompts
    image = torch.zeros(1, 3, recipe.crop_px, recipe.crop_px)
    with FlopCounterMode(display=False) as counter:
        model(image, torch.from_numpy(prompt.states)[None], torch.from_numpy(prompt.mask)[None])
    return counter.get_total_flops() / 1e9
