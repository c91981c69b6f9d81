"""Margins to findings in sensor pixels: where, how large, how sure, which rules broken. Pure.

A prompt has findings if its presence logit is above 0 and, pixel by pixel, its margin is above 0:
each connected region of such pixels inside the station's region of interest is one.

Coordinates: boxes and centroids are in sensor pixels with the origin at the outer corner of the
top left pixel, boxes half open (x1 and y1 are the first column and row outside); outlines are
indices of pixels of the region, as OpenCV gives them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from contracts.errors import ModelRejected
from contracts.messages import Finding, PromptScore, Reason
from contracts.polygon import Point
from contracts.release import Prompt, StationConfig
from contracts.verdict import broken_rules, counting
from inference.perception import Perception
from inference.regions import MaskRegion, regions_of

MOST_LISTED = 16
"""Findings of a prompt that a verdict lists one by one: the largest. Those beyond that count are
one more finding with their summed area and no outline; those beyond that do not count are left out:
their pixels are in the prompt's score."""
MOST_CORNERS = 24
DECIMALS = 4


class Found(NamedTuple):
    """What the prompts of a station found in one picture, in the prompts' order.

    Attributes:
        findings: for the verdict; see ``MOST_LISTED``.
        scores: one for each prompt.
        reasons: the rules that all findings together broke, listed or not.
    """

    findings: tuple[Finding, ...]
    scores: tuple[PromptScore, ...]
    reasons: tuple[Reason, ...]


def find(perception: Perception, station: StationConfig) -> Found:
    """Return the findings and near misses of every prompt of the station, and the broken rules.

    Raises:
        ModelRejected: the answer is not to the station's prompts, or the region of interest
            covers no pixel: nothing was inspected, and that is never a pass.
    """
    if len(perception.presence) != len(station.prompts):
        raise ModelRejected(f"{len(perception.presence)} answers to {len(station.prompts)} prompts")
    corners = station.region_of_interest
    inside = (
        region_mask(corners, perception.geometry.sensor_hw) if corners else None
    )  # None: everywhere
    findings: list[Finding] = []
    scores: list[PromptScore] = []
    reasons: list[Reason] = []
    for index, prompt in enumerate(station.prompts):
        margin, presence = perception.sensor_margin(index), float(perception.presence[index])
        above = margin > 0 if inside is None else (margin > 0) & inside
        margins = margin if inside is None else margin[inside]
        scores.append(_score(prompt, presence, margins, above))
        regions = regions_of(above, station.unit_per_px) if presence > 0 else []
        counted = counting(prompt, regions)
        findings += _findings(prompt, presence, margin, regions, counted)
        reasons += broken_rules(prompt, counted, station.length_unit)
    return Found(tuple(findings), tuple(scores), tuple(reasons))


def region_mask(corners: Sequence[Point], size_hw: tuple[int, int]) -> np.ndarray:
    """Return (H, W) bool, True inside the polygon.

    Args:
        corners: shares (0 to 1) of width and height.
        size_hw: of the picture, sensor pixels.

    Raises:
        ModelRejected: the polygon covers no pixel.
    """
    height, width = size_hw
    at_px = np.array(corners) * (width, height) - 0.5  # pixel centres lie at half-integers
    polygon = np.clip(np.round(at_px), 0, (width - 1, height - 1)).astype(np.int32)
    mask = np.zeros(size_hw, np.uint8)
    if cv2.contourArea(polygon) > 0:
        cv2.fillPoly(mask, [polygon], 1)
    if not mask.any():
        raise ModelRejected(f"the region of interest covers no pixel of {width} x {height}")
    return mask.astype(bool)


def _score(prompt: Prompt, presence: float, margins: np.ndarray, above: np.ndarray) -> PromptScore:
    return PromptScore(
        prompt=prompt.name,
        presence_logit=round(presence, DECIMALS),
        margin_peak=round(float(margins.max()), DECIMALS),
        area_px2=float(np.count_nonzero(above)),
    )


def _findings(
    prompt: Prompt,
    presence: float,
    margin: np.ndarray,
    regions: Sequence[MaskRegion],
    counted: Sequence[MaskRegion],
) -> list[Finding]:
    count = {region.label for region in counted}
    listed = [
        _finding(prompt, presence, margin, region, counted=region.label in count)
        for region in regions[:MOST_LISTED]
    ]
    rest = [region for region in regions[MOST_LISTED:] if region.label in count]
    return [*listed, _merged(prompt, presence, margin, rest)] if rest else listed


def _finding(
    prompt: Prompt, presence: float, margin: np.ndarray, region: MaskRegion, *, counted: bool
) -> Finding:
    margins = margin[region.window][region.member]
    return Finding(
        prompt=prompt.name,
        area_px2=region.area_px2,
        area=region.area,
        length=round(region.length, DECIMALS),
        aspect_ratio=round(region.aspect_ratio, DECIMALS),
        box_xyxy_px=region.box_xyxy_px,
        centroid_xy_px=_centroid(*region.centroid_px),
        outline_px=outline(region.contour_px),
        counted=counted,
        **_sureness(presence, margins),
    )


def outline(corners: np.ndarray) -> tuple[tuple[int, int], ...]:
    """Return at most ``MOST_CORNERS`` corners of a boundary, coarser if it has more.

    Args:
        corners: (K, 1, 2) int32, x and y, as ``MaskRegion.contour_px``.
    """
    tolerance_px = 0.5
    while len(corners) > MOST_CORNERS:
        corners = cv2.approxPolyDP(corners, tolerance_px, closed=True)
        tolerance_px *= 1.5
    return tuple((x, y) for x, y in corners.reshape(-1, 2).tolist())


def _merged(
    prompt: Prompt, presence: float, margin: np.ndarray, regions: Sequence[MaskRegion]
) -> Finding:
    """Return one finding for many that count: their summed area, the longest one's length."""
    margins = margin[np.isin(regions[0].labels, [region.label for region in regions])]
    areas = [region.area_px2 for region in regions]
    left, top, right, bottom = np.array([region.box_xyxy_px for region in regions]).T
    centroids = [region.centroid_px for region in regions]
    return Finding(
        prompt=prompt.name,
        area_px2=sum(areas),
        area=sum(region.area for region in regions),
        length=round(max(region.length for region in regions), DECIMALS),
        box_xyxy_px=(int(left.min()), int(top.min()), int(right.max()), int(bottom.max())),
        centroid_xy_px=_centroid(*np.average(centroids, axis=0, weights=areas).tolist()),
        outline_px=(),
        counted=True,
        **_sureness(presence, margins),
    )


def _centroid(x: float, y: float) -> Point:
    """Pixel indices to coordinates: a pixel's centre lies half a pixel from its outer corner."""
    return round(x + 0.5, DECIMALS), round(y + 0.5, DECIMALS)


def _sureness(presence: float, margins: np.ndarray) -> dict[str, float]:
    return {
        "presence_logit": round(presence, DECIMALS),
        "margin_mean": round(float(margins.mean()), DECIMALS),
        "margin_peak": round(float(margins.max()), DECIMALS),
    }
