"""Teach a trained network other words for what it finds already: ``referee reword``.

The network is its own teacher. Of each picture it is asked twice: in the usual words ("any
defect", or a kind's first name) and in drawn ones; it learns to answer the drawn ones as it
answered the usual. No labels are used, the image features stay as they are, and the usual words are
among those that are drawn: so its answers to the usual words hardly change.
"""

from __future__ import annotations

import copy
import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from contracts.errors import UserError
from inference.dqformer.decoder import Decoder
from inference.dqformer.model import DQFormer, DQFormerOutput
from inference.text_encoder import PromptTokens
from inference.training.data.batches import Batch, BatchMaker
from inference.training.data.sources import caption_bank, encoder_of, load_parts
from inference.training.loop import checkpoint, optimiser
from inference.training.loop.ema import MovingAverage
from inference.training.loop.losses import Losses, losses
from inference.training.loop.progress import log_to
from inference.training.loop.run_folder import open_run
from inference.training.loop.saved_network import model_of
from inference.training.loop.trainer import Prefetch
from inference.training.recipe import LossWeights, Optimiser, TrainingRecipe, read_recipe
from inference.training.words.captions import CaptionBank
from runtime.process.console import Console

USUAL_SHARE = 0.25
FORGOTTEN_SHARE = 0.15
"""Of a drawn prompt's tokens: one that is never seen in the same company is learned for itself."""
WEIGHTS = LossWeights(balanced_steps=0, empty=1.0, kind_prompt=1.0)
FEATURES = ("backbone.", "pyramid.")
LOG_EVERY = 50

log = logging.getLogger("referee.train")


class Rewording:
    """Teacher, pupil and step; both see the same features.

    Attributes:
        average: the pupil's decoder, averaged; what a run leaves.
        step: steps done.
    """

    def __init__(
        self,
        network: DQFormer,
        bank: CaptionBank,
        settings: Optimiser,
        seed: int,
        teacher: Decoder | None = None,
    ) -> None:
        """Prepare; without a ``teacher``, the network's own decoder, as it is now, teaches."""
        self.network = network.eval().requires_grad_(False)
        self.teacher = (teacher or network.decoder).eval().requires_grad_(False)
        self.bank = bank
        self.settings = settings
        self.pupil: Decoder = copy.deepcopy(network.decoder).requires_grad_(True)
        self.average = MovingAverage(self.pupil, settings.ema_decay)
        self.optimiser = optimiser.build(self.pupil, settings)
        self.seed = seed
        self.step = 0

    def train_step(self, batch: Batch) -> Losses:
        """One step of descent; batch norms stand still all the while."""
        for group in self.optimiser.param_groups:
            group["lr"] = optimiser.learning_rate(self.step, self.settings)
        rng = np.random.default_rng([self.seed, self.step])
        usual = self.bank.usual(batch.caption)
        is_usual = rng.random(batch.caption.shape) < USUAL_SHARE
        drawn = self.bank.tokens(np.where(is_usual, usual, batch.caption))
        levels, target = self._taught(batch, self.bank.tokens(usual))
        heard = _forgetful(drawn, is_usual, rng)
        output = DQFormerOutput(*self.pupil(levels, *_tensors(heard)))
        result = losses(output, target, WEIGHTS, balanced=0.0)
        self.optimiser.zero_grad(set_to_none=True)
        result.total.backward()
        nn.utils.clip_grad_norm_(self.pupil.parameters(), self.settings.clip_norm)
        self.optimiser.step()
        self.average.update(self.pupil, self.step)
        self.step += 1
        return Losses(*(term.detach() for term in result))

    @torch.no_grad()
    def _taught(self, batch: Batch, usual: PromptTokens) -> tuple[list[Tensor], Tensor]:
        """Return P2..P5 and the teacher's masks (B, N, H / 2, W / 2), empty if it finds nothing."""
        image = torch.from_numpy(batch.image).float().contiguous(memory_format=torch.channels_last)
        levels = self.network.pyramid(self.network.backbone(image))
        margin, presence, _ = self.teacher(levels, *_tensors(usual))
        return levels, ((margin > 0) & (presence > 0)[..., None, None]).float()

    def taught(self) -> DQFormer:
        """The network with what its decoder has learned."""
        network = copy.deepcopy(self.network)
        network.decoder.load_state_dict(self.average.model.state_dict())
        return network


def _forgetful(tokens: PromptTokens, whole: np.ndarray, rng: np.random.Generator) -> PromptTokens:
    """Some words left out, but of prompts that are to stay ``whole`` (B, N); never the first token,
    so that something is left of each."""
    kept = (rng.random(tokens.mask.shape) >= FORGOTTEN_SHARE) | whole[..., None]
    kept[..., 0] = True
    return tokens._replace(mask=tokens.mask & kept)


def _tensors(tokens: PromptTokens) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(tokens.states), torch.from_numpy(tokens.mask)


def settings_of(recipe: TrainingRecipe, steps: int, learning_rate: float) -> Optimiser:
    """The rate falls over the second half."""
    changed = {"steps": steps, "decay_steps": steps // 2, "learning_rate": learning_rate}
    return recipe.optimiser.model_copy(update=changed)


def run(
    recipe: TrainingRecipe,
    start: Path,
    out: Path,
    steps: int,
    learning_rate: float,
    teacher: Path | None = None,
) -> None:
    """Reword the network of a run's checkpoint, and write a checkpoint to export.

    Args:
        start: the run's checkpoint.
        out: folder of the new run.
        teacher: another checkpoint to learn from, for a network that was reworded before and is to
            learn from the one it was made of; None: the start itself.

    Raises:
        UserError: recipe, data or checkpoint are not what they should be, or the teacher sees
            other features than the pupil.
        FatalError: the checkpoint cannot be written.
    """
    torch.set_num_threads(recipe.threads)
    cv2.setNumThreads(1)
    network, state = model_of(start)
    decoder = _decoder_of(teacher, network) if teacher else None
    open_run(out, resume=False)
    parts = load_parts(recipe, "train")
    bank = caption_bank(recipe, parts, encoder_of(recipe))
    settings = settings_of(recipe, steps, learning_rate)
    rewording = Rewording(network, bank, settings, recipe.seed, decoder)
    first = state["step"]  # draws that the network has not seen
    batches = Prefetch(BatchMaker(recipe, parts, bank), first, first + steps)
    recent: list[Losses] = []
    for batch in batches:
        recent.append(rewording.train_step(batch))
        if rewording.step % LOG_EVERY == 0:
            log.info("step %d of %d: %s", rewording.step, steps, _means(recent))
            recent.clear()
    state["words"] = bank.asked()
    checkpoint.save(out, _state(state, rewording.taught(), settings))


def _decoder_of(teacher: Path, pupil: DQFormer) -> Decoder:
    other, own = model_of(teacher)[0], pupil.state_dict()
    for name, weights in other.state_dict().items():
        if name.startswith(FEATURES) and not torch.equal(weights, own[name]):
            raise UserError(f"{teacher}: has other features than the network that is reworded")
    return other.decoder


def _state(before: dict[str, Any], network: DQFormer, settings: Optimiser) -> dict[str, Any]:
    """Return a checkpoint that records the rewording among its changes."""
    change = f"{settings.steps} steps of rewording, rate {settings.learning_rate:g}"
    changes = [
        *before.get("changes", ()),
        {"step": before["step"], "field": "words", "change": change},
    ]
    weights = network.state_dict()
    step = before["step"] + settings.steps
    return before | {"model": weights, "average": weights, "changes": changes, "step": step}


def _means(recent: list[Losses]) -> str:
    named = zip(Losses._fields, zip(*recent, strict=True), strict=True)
    return " ".join(f"{name}={float(torch.stack(terms).mean()):.4f}" for name, terms in named)


def reword_command(
    recipe_file: Path,
    start: Path,
    out: Path,
    steps: int,
    learning_rate: float,
    teacher: Path | None = None,
) -> None:
    """Run the command; see ``run``.

    Raises:
        RefereeError: the message is for the user.
    """
    log_to(Console(stderr=True))
    run(read_recipe(recipe_file), start, out, steps, learning_rate, teacher)
