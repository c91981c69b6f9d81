"""A few features that stand for many: greedy k-centre, on a random projection.

Each next one is the feature that lies farthest from those chosen (Gonzalez 1985); its distances are
kept by a projection to few dimensions (Johnson and Lindenstrauss 1984). Rare features are thereby
kept, which a random sample would lose.
"""

from __future__ import annotations

import numpy as np

PROJECTED = 32
LARGEST_POOL = 40_000
"""Of more features a random sample is taken first: time and memory stay bounded."""


def coreset(features: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return the row numbers of at most ``count`` features that cover all of them.

    Args:
        features: (N, c) float32.
        count: at least 1.
        rng: of the pool, the projection and the first row; the rest follows.

    Raises:
        ValueError: there are no features, or none are asked for.
    """
    if not len(features) or count < 1:
        raise ValueError("a coreset needs features, and at least one of them")
    pool = np.arange(len(features))
    if len(pool) > LARGEST_POOL:
        pool = np.sort(rng.choice(pool, LARGEST_POOL, replace=False))
    if len(pool) <= count:
        return pool
    return pool[_farthest_first(_projected(features[pool], rng), count, rng)]


def _projected(features: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    width = features.shape[1]
    if width <= PROJECTED:
        return features
    directions = rng.standard_normal((width, PROJECTED)).astype(np.float32)
    return features @ (directions / np.sqrt(PROJECTED))


def _farthest_first(points: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    squares = np.einsum("nc,nc->n", points, points)
    chosen = [int(rng.integers(len(points)))]
    nearest = np.full(len(points), np.inf, np.float32)
    for _ in range(count - 1):
        last = points[chosen[-1]]
        # |p|^2 - 2 p.l + |l|^2; rounding may leave it just below 0 at the chosen ones.
        nearest = np.minimum(nearest, squares - 2 * (points @ last) + squares[chosen[-1]])
        chosen.append(int(nearest.argmax()))
    return np.array(chosen)
