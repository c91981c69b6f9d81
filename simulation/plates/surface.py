"""A sound part: a brushed metal plate with four bores, as a camera above a belt sees it.

Everything is drawn in linear grey (0 to 1) from a generator that the caller seeds, so that the same
generator state gives the same plate.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

Grey = NDArray[np.float32]

REFERENCE_PX = 384
"""Sizes below are given for a picture whose shorter side has this many pixels."""


def as_grey(values: ArrayLike) -> Grey:
    """The values as float32, copied only where they are something else."""
    return np.asarray(values, np.float32)


class Plate(NamedTuple):
    """A part before any defect.

    Attributes:
        grey: (H, W) float32, 0 to about 1: plate and belt, without noise.
        body: (H, W) float32, 0 to 1: how much of each pixel is plate metal (bores are not).
        outline_px: (4, 2) float32: the corners, x and y, in pixels.
        tint_rgb: (3,) float32: colour cast of this part under this light, 1 at most.
    """

    grey: Grey
    body: Grey
    outline_px: NDArray[np.float32]
    tint_rgb: NDArray[np.float32]


def draw_plate(rng: Generator, width_px: int, height_px: int) -> Plate:
    """A sound plate, moved, turned and lit a little differently each time."""
    outline = _outline(rng, width_px, height_px)
    unit = unit_px(width_px, height_px)
    disc = _fill(outline, width_px, height_px, corner_px=10 * unit)
    bores = _bores(outline, width_px, height_px, radius_px=11 * unit)
    body = disc * (1 - bores)
    metal = _metal(rng, width_px, height_px)
    metal *= 1 + _bevel(disc, 2.2 * unit) + 0.8 * _bevel(1 - bores, 1.6 * unit)
    belt = _belt(rng, width_px, height_px) * _contact_shadow(disc, unit)
    grey = belt + (metal - belt) * disc
    grey += (0.05 - grey) * bores
    tint = np.array([0.985, 1.0, 1.02], np.float32) + rng.uniform(-0.012, 0.012, 3)
    return Plate(as_grey(grey), body, outline, (tint / tint.max()).astype(np.float32))


def unit_px(width_px: int, height_px: int) -> float:
    """Pixels that one pixel of the reference picture takes here."""
    return min(width_px, height_px) / REFERENCE_PX


def smooth_noise(rng: Generator, width_px: int, height_px: int, cells: tuple[int, int]) -> Grey:
    """(H, W) float32 noise of unit deviation at its nodes, ``cells`` (x, y) nodes wide and high."""
    nodes = rng.standard_normal((max(cells[1], 2), max(cells[0], 2)), dtype=np.float32)
    return as_grey(cv2.resize(nodes, (width_px, height_px), interpolation=cv2.INTER_CUBIC))


def _outline(rng: Generator, width_px: int, height_px: int) -> NDArray[np.float32]:
    half = np.array([0.435 * width_px, 0.435 * height_px])
    centre = np.array([width_px, height_px]) * (0.5 + rng.uniform(-0.014, 0.014, 2))
    angle = np.deg2rad(rng.uniform(-1.6, 1.6))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    return (corners @ turn.T + centre).astype(np.float32)


def _fill(outline: NDArray[np.float32], width_px: int, height_px: int, *, corner_px: float) -> Grey:
    """Coverage of the outline with rounded corners: shrunk, filled, grown by a round brush."""
    centre = outline.mean(axis=0)
    toward = np.sign(centre - outline)
    inner = outline + toward * corner_px
    mask = np.zeros((height_px, width_px), np.uint8)
    fixed = np.round(inner * 16).astype(np.int32)
    cv2.fillConvexPoly(mask, fixed, 255, cv2.LINE_AA, 4)
    cv2.polylines(mask, [fixed], True, 255, max(1, round(2 * corner_px)), cv2.LINE_AA, 4)
    return as_grey(mask) / np.float32(255)


def _bores(
    outline: NDArray[np.float32], width_px: int, height_px: int, *, radius_px: float
) -> Grey:
    mask = np.zeros((height_px, width_px), np.uint8)
    centre = outline.mean(axis=0)
    for corner in outline:
        x, y = np.round((centre + 0.8 * (corner - centre)) * 16).astype(int)
        cv2.circle(mask, (int(x), int(y)), round(radius_px * 16), 255, -1, cv2.LINE_AA, 4)
    return as_grey(mask) / np.float32(255)


def _metal(rng: Generator, width_px: int, height_px: int) -> Grey:
    """Grinding lines, clouds and light: what differs from part to part and is no defect."""
    rough = rng.uniform(0.7, 1.3)
    fine = smooth_noise(rng, width_px, height_px, (width_px // 24, height_px))
    long = smooth_noise(rng, width_px, height_px, (4, height_px // 2))
    clouds = smooth_noise(rng, width_px, height_px, (5, 5))
    light = _light(rng, width_px, height_px)
    return light * (1 + rough * (0.030 * fine + 0.022 * long) + 0.012 * clouds)


def _light(rng: Generator, width_px: int, height_px: int) -> Grey:
    """A lamp from the side: a gradient, and the broad sheen that ground metal gives."""
    x = np.linspace(-1, 1, width_px, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height_px, dtype=np.float32)[:, None]
    level = 0.52 * rng.uniform(0.93, 1.07)
    slope_x, slope_y = rng.uniform(0.03, 0.10), rng.uniform(-0.07, -0.02)
    sheen = np.exp(-(((x - rng.uniform(-0.35, 0.1)) / 0.55) ** 2)).astype(np.float32)
    return (
        np.float32(level)
        * (1 + np.float32(slope_x) * x + np.float32(slope_y) * y)
        * (1 + np.float32(0.13) * sheen)
    )


def _bevel(solid: Grey, sigma_px: float) -> Grey:
    """Light caught by a chamfer: bright where it faces the lamp (upper left), dark opposite."""
    soft = cv2.GaussianBlur(solid, (0, 0), sigma_px)
    across = cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3)
    along = cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3)
    return np.float32(0.26 * sigma_px) * (across + along)


def _belt(rng: Generator, width_px: int, height_px: int) -> Grey:
    weave = smooth_noise(rng, width_px, height_px, (width_px // 3, height_px // 3))
    return np.float32(0.115) * (1 + np.float32(0.10) * weave)


def _contact_shadow(disc: Grey, unit: float) -> Grey:
    return 1 - np.float32(0.5) * cv2.GaussianBlur(disc, (0, 0), 5 * unit)
