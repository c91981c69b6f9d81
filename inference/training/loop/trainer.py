"""Model, optimiser and step of a run; it can be resumed at any step."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from contracts.errors import UserError
from inference.dqformer.config import DQFormerConfig
from inference.dqformer.model import DQFormer, DQFormerOutput
from inference.training.data.batches import Batch, BatchMaker
from inference.training.loop import checkpoint, optimiser
from inference.training.loop.changes import changed_fields
from inference.training.loop.ema import MovingAverage
from inference.training.loop.losses import Losses, losses
from inference.training.loop.ranks import Ranks
from inference.training.loop.saved_network import SUFFIX, load_weights
from inference.training.recipe import TrainingRecipe
from inference.training.words.captions import CaptionBank

log = logging.getLogger("referee.train")


def dqformer_of(recipe: TrainingRecipe) -> nn.Module:
    """The recipe's DQFormer."""
    return DQFormer(recipe.dqformer())


class Trainer:
    """Model, average, optimiser and step of a run.

    Attributes:
        recent: losses of the steps since the last row of train.csv.
        changes: what resumptions changed: {step, field, change}.
    """

    def __init__(
        self,
        recipe: TrainingRecipe,
        bank: CaptionBank,
        network: Callable[[TrainingRecipe], nn.Module] = dqformer_of,
        ranks: Ranks | None = None,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.step = 0
        self.ranks = ranks or Ranks()
        model = network(recipe).to(memory_format=torch.channels_last)
        for module in model.modules():
            if isinstance(module, _BatchNorm):
                module.momentum = recipe.optimiser.norm_momentum
        self.model = self.ranks.prepare(model)
        self.average = MovingAverage(self.model, recipe.optimiser.ema_decay)
        self.optimiser = optimiser.build(self.model, recipe.optimiser)
        self.bank = bank
        self.recent: list[Losses] = []
        self.changes: list[dict[str, Any]] = []
        self._called = self.ranks.wrap(self.model)

    def train_step(self, batch: Batch) -> Losses:
        """One step of descent on a batch."""
        settings = self.recipe.optimiser
        for group in self.optimiser.param_groups:
            group["lr"] = optimiser.learning_rate(self.step, settings)
        self._set_mode()
        result = self._losses(batch)
        self.optimiser.zero_grad(set_to_none=True)
        result.total.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), settings.clip_norm)
        self.optimiser.step()
        self.average.update(self.model, self.step)
        self.step += 1
        self.recent.append(Losses(*(term.detach() for term in result)))
        return self.recent[-1]

    def _losses(self, batch: Batch) -> Losses:
        device = self.ranks.device
        image = torch.from_numpy(batch.image).to(device).float()
        target = torch.from_numpy(batch.target).to(device).float() / 255.0
        tokens = self.bank.tokens(batch.caption)
        with self.ranks.autocast():
            output = self._called(
                image.contiguous(memory_format=torch.channels_last),
                torch.from_numpy(tokens.states).to(device),
                torch.from_numpy(tokens.mask).to(device),
            )
        return losses(in_float32(output), target, self.recipe.losses, self._balanced())

    def _balanced(self) -> float:
        """Share of the balanced cross-entropy, falling to nothing over the first steps."""
        span = self.recipe.losses.balanced_steps
        return max(0.0, 1 - self.step / span) if span else 0.0

    def _set_mode(self) -> None:
        """Late batch norms stand still: then training sees what evaluation will see."""
        self.model.train()
        settings = self.recipe.optimiser
        if settings.decay_progress(self.step) > settings.freeze_norm:
            for module in self.model.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()

    def save(self, folder: Path, name: str = checkpoint.NAME) -> None:
        """Write everything a resumed run needs; only the first rank does."""
        if not self.ranks.is_first:
            return
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "rng": torch.get_rng_state(),
            "recipe": self.recipe.model_dump(mode="json"),
            "recent": [[float(term) for term in result] for result in self.recent],
            "changes": self.changes,
            "words": self.bank.asked(),
            "ranks": self.ranks.world,
        }
        checkpoint.save(folder, state, name)

    def start_from(self, path: Path) -> None:
        """Begin with a weights file, or with the averaged weights of a run's checkpoint.

        Raises:
            UserError: the file does not exist, or belongs to another network.
        """
        weights = starting_weights(path)
        try:
            self.model.load_state_dict(weights)
        except RuntimeError as error:
            raise UserError(f"start_from {path}: its network is not the recipe's") from error
        self.average.model.load_state_dict(weights)

    def resume(self, folder: Path) -> None:
        """Continue from a checkpoint.

        Raises:
            UserError: there is no checkpoint, or it belongs to another network.
        """
        state = checkpoint.load(folder / checkpoint.NAME)
        self._note_changes(state)
        self.model.load_state_dict(state["model"])
        self.average.model.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["rng"])
        self.step = state["step"]
        self.recent = [Losses(*map(torch.tensor, terms)) for terms in state.get("recent", ())]

    def _note_changes(self, state: dict[str, Any]) -> None:
        """Log and keep what this recipe changes: the run cannot be repeated from it alone."""
        before, now = (
            recipe | {"model": DQFormerConfig.from_dict(recipe["model"]).to_dict()}
            for recipe in (state["recipe"], self.recipe.model_dump(mode="json"))
        )
        found = changed_fields(before, now)
        if state.get("ranks", self.ranks.world) != self.ranks.world:
            found["ranks"] = f"{state['ranks']} -> {self.ranks.world}"
        for field, change in found.items():
            log.warning("from step %d on: %s: %s", state["step"], field, change)
        self.changes = [
            *state.get("changes", ()),
            *({"step": state["step"], "field": f, "change": c} for f, c in found.items()),
        ]


def starting_weights(path: Path) -> dict[str, Tensor]:
    """State of the network in a weights file or (averaged) in a run's checkpoint."""
    if path.suffix != SUFFIX:
        return checkpoint.load(path)["average"]
    if not path.is_file():
        raise UserError(f"start_from: no weights at {path}")
    try:
        return load_weights(path).state_dict()
    except ValueError as error:
        raise UserError(str(error)) from error


def in_float32(output: DQFormerOutput) -> DQFormerOutput:
    """What autocast left at half precision, for the losses."""
    groupings = [margin.float() for margin in output.groupings]
    return DQFormerOutput(output.margin.float(), output.presence.float(), groupings)


class Prefetch:
    """The next batches, made in threads while a step runs (numpy and OpenCV release the lock)."""

    def __init__(self, maker: BatchMaker, first: int, last: int, ahead: int = 3) -> None:
        self._maker = maker
        self._next = first
        self._last = last
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._queue = [self._pool.submit(maker.batch, step) for step in self._take(ahead)]

    def _take(self, count: int) -> range:
        taken = range(self._next, min(self._next + count, self._last))
        self._next = taken.stop
        return taken

    def __iter__(self) -> Prefetch:
        return self

    def __next__(self) -> Batch:
        if not self._queue:
            self.close()
            raise StopIteration
        batch = self._queue.pop(0).result()
        self._queue += [self._pool.submit(self._maker.batch, step) for step in self._take(1)]
        return batch

    def close(self) -> None:
        """No more batches: those under way are finished and thrown away."""
        self._pool.shutdown(cancel_futures=True)


def grid_mean(values: list[Tensor]) -> float:
    """Mean of scalars, as a float."""
    return float(torch.stack(values).mean())
