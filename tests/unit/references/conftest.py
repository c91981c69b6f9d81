"""Parts made of features: a good one shows three textures, a bad one something else in a corner."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

CHANNELS = (6, 10)
SIDES = (16, 8)
TEXTURES = 3

MakePart = Callable[..., list[np.ndarray]]


@pytest.fixture
def make_part() -> MakePart:
    rng = np.random.default_rng(7)
    textures = [rng.standard_normal((TEXTURES, channels)) for channels in CHANNELS]

    def make(bad: bool = False) -> list[np.ndarray]:
        maps = []
        for texture, side in zip(textures, SIDES, strict=True):
            features = texture[rng.integers(TEXTURES, size=(side, side))]
            features = features + 0.05 * rng.standard_normal(features.shape)
            if bad:
                features[: side // 4, : side // 4] *= -1
            maps.append(features.astype(np.float32))
        return maps

    return make
