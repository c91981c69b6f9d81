"""Products that nothing was trained on, with some good parts as reference: our distance, PatchCore.

    python -m benchmarks.unseen --data DIR [DIR ...] --references 20 [--backbone WEIGHTS]

Each DIR is a line's folder. Its good pictures of split ``train`` are the references, its split
``val`` is measured. Limits come from the good parts alone (``inference.references``). Prints JSON:
per product and way the counts, rates, exact intervals and IoUs of ``referee evaluate``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch

from benchmarks.patchcore import PatchCore
from contracts.errors import BadSettings
from inference.references.bank import Maps, build_bank
from inference.references.operating_point import OperatingPoint, calibrate, operating_point, score
from inference.training.dataset import GOOD, Entry
from inference.training.figures import image_figures
from inference.training.figures.outcomes import Outcome, outcome_of
from inference.training.labelled_folder import entries_of, load_sound
from inference.training.predictors import read_network
from inference.training.reference_features import (
    Extractor,
    ReferenceFeatures,
    pretrained_backbone,
)

BACKBONE = ".runtime/backbone"

Judge = Callable[[Maps], tuple[np.ndarray, float]]
"""A part's features to its distance map and score."""


class Way(NamedTuple):
    """A judge of parts, and where it rejects."""

    judge: Judge
    point: OperatingPoint


def by_distance(good: Sequence[Maps], rate: float | None, seed: int) -> Way:
    """Ours: a bank, and its operating point."""
    bank = build_bank(good, seed=seed)

    def judge(maps: Maps) -> tuple[np.ndarray, float]:
        distances = bank.distances(maps)
        return distances, score(distances)

    return Way(judge, calibrate(bank, good, rate))


def by_patchcore(good: Sequence[Maps], rate: float | None, seed: int) -> Way:
    """The peer, with the same rule for its limit."""
    memory = PatchCore(good, seed)
    judged = [memory.judge(maps, left_out=number) for number, maps in enumerate(good)]
    maps, scores = zip(*judged, strict=True)
    return Way(memory.judge, operating_point(scores, maps, rate))


WAYS = {"distance": by_distance, "patchcore": by_patchcore}


def references_of(entries: Sequence[Entry], count: int, seed: int) -> list[Entry]:
    """Return some good entries of split ``train``, drawn by the seed, in their own order.

    Raises:
        BadSettings: there are fewer than two.
    """
    good = [entry for entry in entries if entry.split == "train" and entry.kind == GOOD]
    if len(good) < 2:
        raise BadSettings(f"{len(good)} good pictures of split train: two at least are needed")
    drawn = np.random.default_rng(seed).permutation(len(good))[:count]
    return [good[index] for index in sorted(drawn)]


def figures_of(
    folder: Path, extract: Extractor, count: int, rate: float | None, seed: int
) -> dict[str, Any]:
    """Return every way's figures on one product.

    Raises:
        BadSettings: the folder cannot be used.
    """
    entries = entries_of(folder, folder.name)
    chosen = references_of(entries, count, seed)
    good = [extract(load_sound(entry).image) for entry in chosen]
    ways = {name: make(good, rate, seed) for name, make in WAYS.items()}
    outcomes: dict[str, list[Outcome]] = {name: [] for name in ways}
    for entry in (entry for entry in entries if entry.split == "val"):
        part = load_sound(entry)
        maps = extract(part.image)
        for name, way in ways.items():
            margin, presence = answer(way, maps, part.image.shape[:2])
            outcomes[name].append(outcome_of(part, margin, presence))
    return {
        name: {"references": len(good), "rate": ways[name].point.rate, **image_figures(of)}
        for name, of in outcomes.items()
    }


def answer(way: Way, maps: Maps, image_hw: tuple[int, int]) -> tuple[np.ndarray, float]:
    """Return a margin at sensor pixels and a presence, as a network would: above 0 is a finding."""
    distances, total = way.judge(maps)
    height, width = image_hw
    full = cv2.resize(distances, (width, height), interpolation=cv2.INTER_LINEAR)
    return full - way.point.position_limit, total - way.point.limit


def extractor_of(backbone: str, side_px: int) -> ReferenceFeatures:
    """Features by a trained network's backbone (a .safetensors or .pt file), or by ImageNet's."""
    path = Path(backbone)
    if path.suffix in (".safetensors", ".pt"):
        return ReferenceFeatures(read_network(path)[0].backbone, side_px)
    return ReferenceFeatures(pretrained_backbone(backbone), side_px)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.unseen")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="lines' folders")
    parser.add_argument("--references", type=int, default=20, help="good parts, at most")
    parser.add_argument("--rate", type=float, help="of false rejects; default: the least stated")
    parser.add_argument("--backbone", default=BACKBONE, help="ImageNet weights, or a network's")
    parser.add_argument("--side", type=int, default=320, help="longest side, px")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(argv)
    torch.set_num_threads(given.threads)
    cv2.setNumThreads(1)
    extract = extractor_of(given.backbone, given.side)
    for folder in given.data:
        figures = figures_of(folder, extract, given.references, given.rate, given.seed)
        print(json.dumps({folder.name: figures}, indent=2), flush=True)  # noqa: T201


if __name__ == "__main__":
    try:
        main()
    except BadSettings as error:
        sys.exit(f"error: {error}")
