"""Test data: small pictures of a made-up surface with one made-up defect, and its outline."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

WIDTH_PX, HEIGHT_PX = 640, 480
Pixels = npt.NDArray[np.uint8]


class Surface(NamedTuple):
    """A rendered part.

    Attributes:
        png: the encoded picture, marked as test data.
        outline_px: corners of the defect.
        area_px2: pixels it covers.
    """

    png: bytes
    outline_px: list[list[int]]
    area_px2: float


def surface(kind: str, seed: int) -> Surface:
    """A part with a ``crack``, ``blowhole`` or ``fray``."""
    random = np.random.default_rng(seed)
    picture = _texture(random)
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    {"crack": _crack, "blowhole": _blowhole, "fray": _fray}[kind](mask, random)
    shade = {"crack": 0.35, "blowhole": 0.25, "fray": 1.5}[kind]
    soft = cv2.GaussianBlur(mask, (5, 5), 0)[..., None] / 255
    picture = np.clip(picture * (1 - soft + soft * shade), 0, 255).astype(np.uint8)
    _mark(picture)
    grown = cv2.dilate(mask, np.ones((5, 5), np.uint8))
    contours, _ = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outline = max(contours, key=cv2.contourArea).reshape(-1, 2).astype(int)
    png = cv2.imencode(".png", picture)[1].tobytes()
    return Surface(png, outline.tolist(), float(np.count_nonzero(mask)))


def _texture(random: np.random.Generator) -> Pixels:
    grain = random.normal(0, 1, (HEIGHT_PX, WIDTH_PX)).astype(np.float32)
    brushed = cv2.GaussianBlur(grain, (0, 0), sigmaX=9, sigmaY=0.8) * 22
    coarse = random.normal(0, 9, (4, 5)).astype(np.float32)
    cloud = cv2.resize(coarse, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    x = np.linspace(-1, 1, WIDTH_PX, dtype=np.float32)
    light = 128 + 18 * (1 - x[None, :] ** 2)
    grey = np.clip(light + brushed + cloud + grain * 2, 0, 255).astype(np.uint8)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)


def _crack(mask: Pixels, random: np.random.Generator) -> None:
    at = random.uniform([120, 100], [360, 300])
    heading = random.uniform(0, 2 * np.pi)
    walk = [at]
    for _ in range(14):
        heading += random.normal(0, 0.35)
        at = at + 13 * np.array([np.cos(heading), np.sin(heading)])
        walk.append(at)
    cv2.polylines(mask, [np.round(walk).astype(np.int32)], False, 255, 3, cv2.LINE_AA)
    mask[mask < 128] = 0


def _blowhole(mask: Pixels, random: np.random.Generator) -> None:
    x, y = random.integers([90, 90], [550, 390]).tolist()
    axes = tuple(random.integers(4, 11, 2).tolist())
    cv2.ellipse(mask, (x, y), axes, float(random.uniform(0, 180)), 0, 360, 255, -1)


def _fray(mask: Pixels, random: np.random.Generator) -> None:
    x, y = int(random.integers(120, 520)), int(random.choice([60, 420]))
    angles = np.linspace(0, 2 * np.pi, 26, endpoint=False)
    reach = random.uniform(0.55, 1.0, 26)
    corners = np.stack([x + 95 * reach * np.cos(angles), y + 34 * reach * np.sin(angles)], axis=1)
    cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 255)


def _mark(picture: Pixels) -> None:
    cv2.putText(
        picture, "test data", (12, HEIGHT_PX - 14), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (235, 235, 235),
        1, cv2.LINE_AA,
    )  # fmt: skip
