"""The training loop: one step after another, resumable at any of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch import Tensor, nn

from inference.dqformer.model import DQFormer
from inference.training import checkpoint, optimiser
from inference.training.batches import Batch, BatchMaker
from inference.training.captions import CaptionBank
from inference.training.ema import MovingAverage
from inference.training.losses import Losses, losses
from inference.training.recipe import Recipe


def dqformer_of(recipe: Recipe) -> nn.Module:
    """The recipe's DQFormer."""
    return DQFormer(recipe.dqformer())


class Trainer:
    """Model, average, optimiser and step of a run."""

    def __init__(
        self,
        recipe: Recipe,
        bank: CaptionBank,
        network: Callable[[Recipe], nn.Module] = dqformer_of,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.step = recipe, 0
        self.model = network(recipe).to(memory_format=torch.channels_last)
        self.average = MovingAverage(self.model, recipe.optimiser.ema_decay)
        self.optimiser = optimiser.build(self.model, recipe.optimiser)
        self.bank = bank

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
        return Losses(*(term.detach() for term in result))

    def _losses(self, batch: Batch) -> Losses:
        image = torch.from_numpy(batch.image).float()
        target = torch.from_numpy(batch.target).float() / 255.0
        tokens = self.bank.tokens(batch.caption)
        output = self.model(
            image.contiguous(memory_format=torch.channels_last),
            torch.from_numpy(tokens.states),
            torch.from_numpy(tokens.mask),
        )
        return losses(output, target, self.recipe.losses, self._balanced())

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
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()

    def save(self, folder: Path, name: str = checkpoint.NAME) -> None:
        """Write everything a resumed run needs."""
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "rng": torch.get_rng_state(),
            "recipe": self.recipe.model_dump(mode="json"),
        }
        checkpoint.save(folder, state, name)

    def start_from(self, path: Path) -> None:
        """Begin with the averaged weights of another run.

        Raises:
            FileNotFoundError: there is no such checkpoint.
            RuntimeError: it is of another model.
        """
        weights = checkpoint.load(path)["average"]
        self.model.load_state_dict(weights)
        self.average.model.load_state_dict(weights)

    def resume(self, folder: Path) -> None:
        """Go on where a checkpoint stopped.

        Raises:
            FileNotFoundError: there is no checkpoint.
            ValueError: it is of another model.
        """
        state = checkpoint.load(folder / checkpoint.NAME)
        if state["recipe"]["model"] != self.recipe.model_dump(mode="json")["model"]:
            raise ValueError(f"{folder}: the checkpoint's model differs from the recipe's")
        self.model.load_state_dict(state["model"])
        self.average.model.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["rng"])
        self.step = state["step"]


class Prefetch:
    """The next batches, made in threads while a step runs (numpy and OpenCV release the lock)."""

    def __init__(self, maker: BatchMaker, first: int, last: int, ahead: int = 3) -> None:
        self._maker, self._next, self._last = maker, first, last
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
            self._pool.shutdown()
            raise StopIteration
        batch = self._queue.pop(0).result()
        self._queue += [self._pool.submit(self._maker.batch, step) for step in self._take(1)]
        return batch


def grid_mean(values: list[Tensor]) -> float:
    """Mean of scalars, as a float."""
    return float(torch.stack(values).mean())
