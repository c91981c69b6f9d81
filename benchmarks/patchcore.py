"""PatchCore (Roth et al. 2022, arXiv 2106.08265) after its paper, on any features: a peer.

Levels are joined at the finer one's grid; a coreset of a tenth of all positions is the memory; a
position's anomaly is its Euclidean distance to the nearest, and a part's is that of its worst
position, weighted by how crowded the memory is there (their equation 7). PatchCore itself states no
operating point; it is given the same one as ours, from its own scores.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from inference.references.bank import Maps
from inference.references.coreset import coreset

MEMORY_SHARE = 0.1
NEIGHBOURS = 9


def joined(maps: Maps) -> np.ndarray:
    """Return one (h, w, sum of c) array: coarser levels resized to the finest."""
    height, width = maps[0].shape[:2]
    return np.concatenate([_resized(level, height, width) for level in maps], axis=2)


def _resized(level: np.ndarray, height: int, width: int) -> np.ndarray:
    # OpenCV resizes at most four channels of a picture with one call, but any number of these.
    return cv2.resize(level, (width, height), interpolation=cv2.INTER_LINEAR)


class PatchCore:
    """A memory of good positions.

    Args:
        good: features of the good parts.
    """

    def __init__(self, good: Sequence[Maps], seed: int = 0) -> None:
        each = [joined(maps) for maps in good]
        rows = [features.reshape(-1, features.shape[-1]) for features in each]
        owners = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        features = np.concatenate(rows)
        kept = coreset(features, int(MEMORY_SHARE * len(features)), np.random.default_rng(seed))
        self.memory, self.owners = features[kept], owners[kept]

    def judge(self, maps: Maps, left_out: int | None = None) -> tuple[np.ndarray, float]:
        """Return the (h, w) distance map of a part, and its score."""
        features = joined(maps)
        memory = self.memory if left_out is None else self.memory[self.owners != left_out]
        rows = features.reshape(-1, features.shape[-1])
        squares = _squares(rows, memory)
        nearest = squares.min(axis=1)
        worst = int(nearest.argmax())
        weight = _weight(rows[worst], memory, int(squares[worst].argmin()))
        distances = np.sqrt(nearest).reshape(features.shape[:2])
        return distances, weight * float(np.sqrt(nearest[worst]))


def _weight(row: np.ndarray, memory: np.ndarray, nearest: int) -> float:
    """1 - softmax of the distance among those to the nearest reference's own neighbours."""
    around = np.argsort(_squares(memory[nearest][None], memory)[0])[:NEIGHBOURS]
    distances = np.sqrt(_squares(row[None], memory[around])[0])
    own = float(np.sqrt(_squares(row[None], memory[nearest][None])[0, 0]))
    return 1.0 - 1.0 / float(np.exp(distances - own).sum())


def _squares(rows: np.ndarray, memory: np.ndarray) -> np.ndarray:
    """(N, c), (K, c) -> (N, K) squared distances."""
    own, other = (np.einsum("nc,nc->n", points, points) for points in (rows, memory))
    return np.maximum(own[:, None] - 2 * rows @ memory.T + other[None], 0.0)
