"""Give a trained network another backbone: ``python -m inference.training.transplant``.

    python -m inference.training.transplant --recipe FILE --weights FILE.safetensors --out FILE

A decoder that was trained for hours knows words; another backbone speaks another language of
features. Pyramid and decoder are taken over, and the 1x1 convolutions between backbone and pyramid
are fitted by least squares, so that they give what the old ones gave: a start that has forgotten
little. The file that is written is what the recipe's ``start_from`` then names.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from contracts.errors import BadSettings, RefereeError
from inference.dqformer.model import DQFormer
from inference.training.batches import BatchMaker
from inference.training.predictors import read_network
from inference.training.sources import caption_bank, load_parts, recipe_of
from inference.training.weights import save_weights

BATCHES = 48
RIDGE = 1e-3
"""Over the mean square of a feature: keeps directions that the pictures lack from growing."""

log = logging.getLogger("referee.train")


class LeastSquares:
    """Sums for one linear map, kept in double precision: ``features @ map + bias ~ targets``."""

    def __init__(self, inputs: int, outputs: int) -> None:
        self.gram = torch.zeros(inputs + 1, inputs + 1, dtype=torch.float64)
        self.cross = torch.zeros(inputs + 1, outputs, dtype=torch.float64)
        self.squares = torch.zeros(outputs, dtype=torch.float64)

    def add(self, features: Tensor, targets: Tensor) -> None:
        """(B, inputs, h, w) and (B, outputs, h, w): a sample each position."""
        x, y = (t.movedim(1, -1).flatten(0, -2).double() for t in (features, targets))
        x = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], dim=1)
        self.gram += x.T @ x
        self.cross += x.T @ y
        self.squares += (y**2).sum(0)

    def solve(self) -> tuple[Tensor, Tensor, float]:
        """Return (outputs, inputs) weights, (outputs,) bias and the explained share of variance."""
        ridge = RIDGE * self.gram.diagonal()[:-1].mean()
        penalty = torch.diag(torch.cat([ridge.repeat(len(self.gram) - 1), ridge.new_zeros(1)]))
        found = torch.linalg.solve(self.gram + penalty, self.cross)
        count = self.gram[-1, -1]
        error = self.squares.sum() - 2 * (found * self.cross).sum()
        error = error + ((self.gram @ found) * found).sum()
        spread = self.squares.sum() - (self.cross[-1] ** 2).sum() / count
        return found[:-1].T.float(), found[-1].float(), float(1 - error / spread)


@torch.no_grad()
def transplant(old: DQFormer, new: DQFormer, pictures: Iterable[np.ndarray]) -> list[float]:
    """Fill ``new`` with the old pyramid and decoder, and fit its laterals.

    Args:
        old, new: networks that differ in their backbone alone.
        pictures: batches (B, 3, H, W) uint8, RGB.

    Returns:
        The share of the variance of each lateral's output that the fit explains, fine to coarse.

    Raises:
        BadSettings: their pyramids or decoders have different shapes.
    """
    try:
        new.decoder.load_state_dict(old.decoder.state_dict())
        new.pyramid.smooth.load_state_dict(old.pyramid.smooth.state_dict())
    except RuntimeError as error:
        raise BadSettings("transplant: only the backbones may differ") from error
    fits = [LeastSquares(channels, new.config.width) for channels in new.backbone.channels]
    old.eval()
    new.eval()
    for batch in pictures:
        image = torch.from_numpy(batch).float().contiguous(memory_format=torch.channels_last)
        maps = zip(fits, new.backbone(image), old.backbone(image), old.pyramid.lateral, strict=True)
        for fit, own, was, lateral in maps:
            fit.add(own, lateral(was))
    return [_fill(lateral, fit) for lateral, fit in zip(new.pyramid.lateral, fits, strict=True)]


def _fill(lateral: nn.Module, fit: LeastSquares) -> float:
    weight, bias, explained = fit.solve()
    lateral.load_state_dict({"weight": weight[:, :, None, None], "bias": bias})
    return explained


def command(recipe_file: Path, weights: Path, out: Path) -> None:
    """The whole command.

    Raises:
        RefereeError: with a text for whoever called.
    """
    recipe = recipe_of(recipe_file)
    torch.set_num_threads(recipe.threads)
    torch.manual_seed(recipe.seed)
    (old, version), new = read_network(weights), DQFormer(recipe.dqformer())
    parts = load_parts(recipe, "train")
    maker = BatchMaker(recipe, parts, caption_bank(recipe, parts))
    explained = transplant(old, new, (maker.batch(step).image for step in range(BATCHES)))
    save_weights(out, new, {"transplanted_from": version})
    shares = ", ".join(f"{share:.2f}" for share in explained)
    log.info("wrote %s: laterals explain %s of the old ones' variance", out, shares)


def main() -> None:
    parser = argparse.ArgumentParser(description="Give a trained network another backbone.")
    parser.add_argument("--recipe", type=Path, required=True, help="its `model` is the new network")
    parser.add_argument("--weights", type=Path, required=True, help="the trained network")
    parser.add_argument("--out", type=Path, required=True, help="a .safetensors file to write")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        command(given.recipe, given.weights, given.out)
    except RefereeError as error:
        sys.exit(f"transplant: {error}")


if __name__ == "__main__":
    main()
