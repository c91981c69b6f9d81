"""A station's bank: reference features of its good parts, and the distance of a part to them.

Per level each position has the cosine distance to its nearest reference, over the good parts' own
typical distance; levels are then in one unit and are added:

    D_l(p) = min over r in bank_l of (1 - cos(z_l(p), r)) / t_l;   D(p) = sum over l of D_l(p)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from inference.references.coreset import coreset

Maps = Sequence[np.ndarray]
"""One part: per level (h, w, c) float32 features, fine to coarse."""
PER_LEVEL = 2000
TINY = 1e-6
FARTHEST = 2.0
"""Largest cosine distance: of what has no reference left to be near to."""


@dataclass(frozen=True)
class Level:
    """References of one level.

    Attributes:
        references: (K, c) float32, of length 1.
        owners: (K,) int32, number of the good part that each comes from.
        typical: median distance of the good parts' positions to the others' references.
    """

    references: np.ndarray
    owners: np.ndarray
    typical: float = 1.0

    def distances(self, features: np.ndarray, left_out: int | None = None) -> np.ndarray:
        """(h, w, c) features -> (h, w) float32 distances over the typical one.

        Args:
            left_out: a good part whose own references do not count.
        """
        height, width, channels = features.shape
        references = self.references
        if left_out is not None:
            references = references[self.owners != left_out]
        if not len(references):
            return np.full((height, width), FARTHEST / self.typical, np.float32)
        likeness = unit(features.reshape(-1, channels)) @ references.T
        return ((1.0 - likeness.max(axis=1)) / self.typical).reshape(height, width)


@dataclass(frozen=True)
class Bank:
    """References of every level, fine to coarse, from ``parts`` good parts."""

    levels: tuple[Level, ...]
    parts: int

    def distances(self, maps: Maps, left_out: int | None = None) -> np.ndarray:
        """Return the (h, w) float32 distance map of a part, on the finest level's grid.

        Raises:
            ValueError: the part has another number of levels.
        """
        each = [
            level.distances(features, left_out)
            for level, features in zip(self.levels, maps, strict=True)
        ]
        height, width = each[0].shape
        return np.sum([cv2.resize(level, (width, height)) for level in each], axis=0)


def build_bank(good: Sequence[Maps], per_level: int = PER_LEVEL, seed: int = 0) -> Bank:
    """Return the bank of some good parts.

    Args:
        good: features of each; the more kinds of good they show, the better.
        per_level: references a level, at most.

    Raises:
        ValueError: there are fewer than two good parts: nothing says how they differ.
    """
    if len(good) < 2:
        raise ValueError(f"a bank needs at least two good parts, here are {len(good)}")
    rng = np.random.default_rng(seed)
    levels = zip(*good, strict=True)
    return Bank(tuple(_level(list(maps), per_level, rng) for maps in levels), len(good))


def _level(maps: list[np.ndarray], count: int, rng: np.random.Generator) -> Level:
    rows = [features.reshape(-1, features.shape[-1]) for features in maps]
    owners = np.repeat(np.arange(len(rows), dtype=np.int32), [len(row) for row in rows])
    features = unit(np.concatenate(rows))
    kept = coreset(features, count, rng)
    level = Level(features[kept], owners[kept])
    among = [level.distances(own, left_out=number) for number, own in enumerate(maps)]
    typical = float(np.median(np.concatenate([each.ravel() for each in among])))
    return Level(level.references, level.owners, max(typical, TINY))


def unit(features: np.ndarray) -> np.ndarray:
    """(N, c) -> the same directions, of length 1."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return (features / np.maximum(lengths, TINY)).astype(np.float32)
