"""Fine-tune the network that ships on a user's own parts: ``referee finetune --data DIR``.

The run's folder holds what every run's does, and ``recipe.yaml``, ``figures.json``, the weights, a
Triton model repository and a model card.
"""

from __future__ import annotations

import json
import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from contracts.errors import UserError
from inference.dqformer.model import DQFormer
from inference.model_name import DEFAULT_MODEL
from inference.training.data.batches import BatchMaker
from inference.training.data.dataset import Part
from inference.training.data.labelled_folder import load_sound
from inference.training.data.own_parts import OwnParts, find_parts
from inference.training.data.sources import encoder_of
from inference.training.delivery.export import export
from inference.training.delivery.repository import copy_repository
from inference.training.delivery.tuned_card import Tuned, figures_table, model_card
from inference.training.evaluation.figures import Case, image_figures, measure
from inference.training.evaluation.torch_predictor import TorchPredictor
from inference.training.loop import checkpoint
from inference.training.loop.progress import log_to
from inference.training.loop.ranks import Ranks, choose_device
from inference.training.loop.run_folder import open_run
from inference.training.loop.saved_network import SUFFIX, read_network
from inference.training.loop.stopping import StopSignals
from inference.training.loop.train import Data, RunContext, run
from inference.training.loop.trainer import Trainer
from inference.training.recipe import (
    LineRecipe,
    LossWeights,
    Optimiser,
    Shares,
    TrainingRecipe,
    read_recipe,
)
from runtime.linefile.yaml_core import written
from runtime.process.console import Console
from runtime.process.files import writing

RECIPE, FIGURES, CARD, MODELS = "recipe.yaml", "figures.json", "model_card.md", "triton_models"
LEARNING_RATE = 4e-4
FEWEST_STEPS = 100
MEASURED_STEPS = 12
SPENT_ON_STEPS = 0.9
MOVABLE_PX2, MOVABLE_SHARE = 6000, 0.01
LARGEST_CROP_PX, SMALLEST_CROP_PX = 224, 64

log = logging.getLogger("referee.train")


@dataclass(frozen=True)
class FinetuneOptions:
    """What the user asked for.

    Attributes:
        start_from: weights file, or a run's checkpoint.
        shipped: model repository whose programs serve the result.
        minutes: time for the whole command, if ``steps`` is not given.
    """

    data: Path
    out: Path
    start_from: Path
    text_encoder: Path
    shipped: Path
    grammar: Path | None = None
    minutes: float = 40.0
    steps: int | None = None
    seed: int = 0
    device: str | None = None
    resume: bool = False


def finetune(options: FinetuneOptions) -> int:
    """Run the command and return its exit code.

    Raises:
        RefereeError: the message is for the user.
    """
    begun_s, console = time.monotonic(), Console(stderr=True)
    log_to(console)
    if options.out.resolve() == options.shipped.resolve():
        raise UserError(f"--out {options.out} holds the network that ships: choose another folder")
    found = find_parts(options.data)
    open_run(options.out, options.resume)
    log.info("%s: %d to train, %d to measure, %s", found.name, *map(len, found[1:3]), found.split)
    network, _ = read_network(options.start_from)
    train, val = ([load_sound(entry) for entry in entries] for entries in (found.train, found.val))
    kept = read_recipe(options.out / RECIPE) if options.resume else None
    recipe = kept or first_recipe(options, network, train)
    data = Data.of(recipe, {found.name: train}, {found.name: val})
    before = figures(network, data.cases, recipe)
    ranks = Ranks(device=choose_device(options.device))
    if not options.resume:
        recipe = with_steps(recipe, options, data, ranks, begun_s)
        (options.out / RECIPE).write_text(written(recipe.model_dump(mode="json")))
    with StopSignals() as stop:
        around = RunContext(ranks, stop, console)
        trainer = run(recipe, options.out, options.resume, data=data, around=around)
        if stop.received:
            return stop.exit_code
    with writing(options.out):
        deliver(options, found, trainer, data, before)
    return 0


def first_recipe(options: FinetuneOptions, network: DQFormer, parts: list[Part]) -> TrainingRecipe:
    """Everything but the number of steps follows from the pictures."""
    smallest_side = min(min(part.image.shape[:2]) for part in parts)
    crop_px = smallest_side // 32 * 32
    name = options.data.resolve().name
    line = LineRecipe(folder=str(options.data.resolve()), paste=movable_kinds(parts))
    return TrainingRecipe(
        name=name,
        seed=options.seed,
        text_encoder=str(options.text_encoder.resolve()),
        start_from=str(options.start_from.resolve()),
        grammar=str(options.grammar.resolve()) if options.grammar else None,
        lines={name: line},
        model=network.config.to_dict(),
        crop_px=min(LARGEST_CROP_PX, max(SMALLEST_CROP_PX, crop_px)),
        shares=Shares(whole_start=0.5, whole_end=0.5),
        losses=LossWeights(balanced_steps=0, presence_positive=2.0),
        optimiser=_optimiser(options.steps or FEWEST_STEPS),
        validate_every_steps=_validate_every(options.steps or FEWEST_STEPS),
    )


def _optimiser(steps: int) -> Optimiser:
    return Optimiser(
        steps=steps,
        decay_steps=steps // 2,
        learning_rate=LEARNING_RATE,
        warmup_steps=min(100, steps // 10),
        ema_decay=0.99,
    )


def _validate_every(steps: int) -> int:
    """Three times a run, and not more often than is worth its time."""
    return max(FEWEST_STEPS, steps // 3)


def movable_kinds(parts: list[Part]) -> list[str]:
    """Kinds whose usual defect is small enough to be moved to another part."""
    areas: dict[str, list[tuple[int, float]]] = {}
    for part in parts:
        for kind, mask in part.masks.items():
            area_px2 = int(np.count_nonzero(mask))
            areas.setdefault(kind, []).append((area_px2, area_px2 / mask.size))
    return [
        kind
        for kind, found in sorted(areas.items())
        if np.all(np.median(found, axis=0) < (MOVABLE_PX2, MOVABLE_SHARE))
    ]


def with_steps(
    recipe: TrainingRecipe, options: FinetuneOptions, data: Data, ranks: Ranks, begun_s: float
) -> TrainingRecipe:
    """As many steps as were asked for, or as fit into the minutes: the first ones are timed.

    Raises:
        UserError: too few fit.
    """
    if options.steps:
        return recipe
    step_s = seconds_a_step(recipe, data, ranks)
    spent_s = time.monotonic() - begun_s
    steps = int((options.minutes * 60 * SPENT_ON_STEPS - 2 * spent_s) / step_s)
    if steps < FEWEST_STEPS:
        least = math.ceil((FEWEST_STEPS * step_s + 2 * spent_s) / SPENT_ON_STEPS / 60)
        raise UserError(
            f"{options.minutes:g} minutes are too few here: a step takes {step_s:.2f} s, and "
            f"{FEWEST_STEPS} are needed; give --minutes {least} or more"
        )
    log.info("%.2f s a step: %d steps in %g minutes", step_s, steps, options.minutes)
    changed = {"optimiser": _optimiser(steps), "validate_every_steps": _validate_every(steps)}
    return recipe.model_copy(update=changed)


def seconds_a_step(recipe: TrainingRecipe, data: Data, ranks: Ranks) -> float:
    """Timed on a network that is thrown away; the first step, which is slow, does not count."""
    trainer = Trainer(recipe, data.bank, ranks=ranks)
    maker = BatchMaker(recipe, data.train, data.bank)
    trainer.train_step(maker.batch(0))
    begun_s = time.monotonic()
    for step in range(1, 1 + MEASURED_STEPS):
        trainer.train_step(maker.batch(step))
    return (time.monotonic() - begun_s) / MEASURED_STEPS


def figures(model: DQFormer, cases: list[Case], recipe: TrainingRecipe) -> dict[str, Any]:
    """Of all parts ("all"), and of the defective ones of each kind."""
    outcomes = measure(TorchPredictor(model, recipe.max_side_px), cases)
    kinds = sorted({kind for outcome in outcomes for kind in outcome.kinds})
    groups = {"all": outcomes} | {k: [o for o in outcomes if k in o.kinds] for k in kinds}
    return {name: image_figures(group) for name, group in groups.items()}


def deliver(
    options: FinetuneOptions, found: OwnParts, trainer: Trainer, data: Data, before: dict[str, Any]
) -> None:
    """Weights, model repository, figures and card; then what to do with them."""
    recipe, console = trainer.recipe, Console()
    models = options.out / MODELS
    copy_repository(options.shipped, models)
    weights = options.out / f"{recipe.name}{SUFFIX}"
    network = models / DEFAULT_MODEL / "1"
    export(options.out / checkpoint.NAME, network, {}, encoder_of(recipe), weights)
    after = figures(read_network(weights)[0], data.cases, recipe)
    described = json.loads((network / "model.json").read_text())
    described["val"] = {"split": "val", "lines": {found.name: after}}
    (network / "model.json").write_text(json.dumps(described, indent=2) + "\n")
    both = {"before": before, "after": after}
    (options.out / FIGURES).write_text(json.dumps(both, indent=2) + "\n")
    tuned = Tuned(found, recipe, described, before, after)
    (options.out / CARD).write_text(model_card(tuned))
    console.print(figures_table(before, after))
    console.print(f"{options.out / CARD} is the model card. To serve the network:")
    console.print(f"  REFEREE_MODELS={models} referee up --line YOUR_LINE.yaml", soft_wrap=True)
