"""Margins to findings in sensor pixels: where, how large, how sure. Pure.

A prompt has findings where its presence logit is above 0 and, pixel by pixel, its margin is above
0; each connected region of such pixels inside the station's region of interest is one.

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
from contracts.messages import Finding, PromptScore
from contracts.release import Point, Prompt, StationConfig
from contracts.verdict import counts
from inference.perception import Perception

MOST_OUTLINED = 16
"""Findings of a prompt that are told with their outline: the largest. See ``_listed``."""
MOST_CORNERS = 24
DECIMALS = 4


class Found(NamedTuple):
    """What the prompts of a station found in one picture, in the prompts' order."""

    findings: tuple[Finding, ...]
    scores: tuple[PromptScore, ...]


class _Regions(NamedTuple):
    """Connected regions of one prompt, largest first.

    Attributes:
        labels: (H, W) int32, which region a pixel belongs to.
        order: labels of the regions.
        stats: (labels, 5) int: x, y, width, height, area of each label, px.
        centroids: (labels, 2) x, y of each label, pixel indices.
    """

    labels: np.ndarray
    order: list[int]
    stats: np.ndarray
    centroids: np.ndarray


def find(perception: Perception, station: StationConfig) -> Found:
    """Findings and near misses of every prompt of the station.

    Raises:
        ModelRejected: the answer is not to the station's prompts, or the region of interest
            covers no pixel: nothing was inspected, and that is never a pass.
    """
    if len(perception.presence) != len(station.prompts):
        raise ModelRejected(f"{len(perception.presence)} answers to {len(station.prompts)} prompts")
    corners = station.region_of_interest
    inside = region_mask(corners, perception.size_hw) if corners else None  # None: everywhere
    findings: list[Finding] = []
    scores: list[PromptScore] = []
    for index, prompt in enumerate(station.prompts):
        margin, presence = perception.sensor_margin(index), float(perception.presence[index])
        above = margin > 0 if inside is None else (margin > 0) & inside
        margins = margin if inside is None else margin[inside]
        scores.append(_score(prompt, presence, margins, above))
        if presence > 0 and above.any():
            findings += _findings(prompt, presence, margin, above, station)
    return Found(tuple(findings), tuple(scores))


def region_mask(corners: Sequence[Point], size_hw: tuple[int, int]) -> np.ndarray:
    """(H, W) bool, True inside the polygon.

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
    prompt: Prompt, presence: float, margin: np.ndarray, above: np.ndarray, station: StationConfig
) -> list[Finding]:
    regions = _regions(above)
    listed = regions.order[: _listed(prompt)]
    findings = [
        _finding(prompt, presence, margin, regions, label, station, outlined=place < MOST_OUTLINED)
        for place, label in enumerate(listed)
    ]
    rest = _rest(prompt, regions, regions.order[len(listed) :], station)
    if rest:
        findings.append(_merged(prompt, presence, margin, regions, rest, station))
    return findings


def _listed(prompt: Prompt) -> int:
    """How many findings of a prompt are told one by one, so that every rule decides as on all.

    Those beyond are one last finding with their summed area and no outline where they count, and
    left out where they do not: their pixels are in the prompt's score.
    """
    return max(MOST_OUTLINED, (prompt.largest_count or 0) + 1)


def _regions(above: np.ndarray) -> _Regions:
    count, labels, stats, centroids = cv2.connectedComponentsWithStats(
        above.astype(np.uint8), connectivity=8, ltype=cv2.CV_32S
    )
    areas = stats[1:count, cv2.CC_STAT_AREA]  # label 0 is what is not above
    order = (np.argsort(-areas, kind="stable") + 1).tolist()
    return _Regions(labels, order, stats, centroids)


def _finding(
    prompt: Prompt,
    presence: float,
    margin: np.ndarray,
    regions: _Regions,
    label: int,
    station: StationConfig,
    *,
    outlined: bool,
) -> Finding:
    x, y, width, height, area_px2 = regions.stats[label].tolist()
    window = (slice(y, y + height), slice(x, x + width))
    member = regions.labels[window] == label
    margins = margin[window][member]
    centre_x, centre_y = regions.centroids[label].tolist()
    area = station.area_in_unit(float(area_px2))
    return Finding(
        prompt=prompt.name,
        area_px2=area_px2,
        area=area,
        box_xyxy_px=(x, y, x + width, y + height),
        centroid_xy_px=(round(centre_x + 0.5, DECIMALS), round(centre_y + 0.5, DECIMALS)),
        outline_px=outline(member, (x, y)) if outlined else (),
        presence_logit=round(presence, DECIMALS),
        margin_mean=round(float(margins.mean()), DECIMALS),
        margin_peak=round(float(margins.max()), DECIMALS),
        counted=counts(prompt, area),
    )


def outline(member: np.ndarray, origin_xy: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Corners of a region's outer boundary, at most ``MOST_CORNERS``, coarser where it has more.

    Args:
        member: (h, w) bool, the region in its box.
        origin_xy: of the box, sensor pixels.
    """
    contours, _ = cv2.findContours(
        member.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    corners = max(contours, key=cv2.contourArea)
    tolerance_px = 0.5
    while len(corners) > MOST_CORNERS:
        corners = cv2.approxPolyDP(corners, tolerance_px, closed=True)
        tolerance_px *= 1.5
    return tuple((x, y) for x, y in (corners.reshape(-1, 2) + origin_xy).tolist())


def _rest(
    prompt: Prompt, regions: _Regions, labels: list[int], station: StationConfig
) -> list[int]:
    """Those of ``labels`` that count."""
    areas = regions.stats[:, cv2.CC_STAT_AREA]
    return [one for one in labels if counts(prompt, station.area_in_unit(float(areas[one])))]


def _merged(
    prompt: Prompt,
    presence: float,
    margin: np.ndarray,
    regions: _Regions,
    labels: list[int],
    station: StationConfig,
) -> Finding:
    """One finding for many that count."""
    margins = margin[np.isin(regions.labels, labels)]
    left, top, width, height, areas = regions.stats[labels].T
    centre_x, centre_y = np.average(regions.centroids[labels], axis=0, weights=areas).tolist()
    area_px2 = float(areas.sum())
    box = (left.min(), top.min(), (left + width).max(), (top + height).max())
    return Finding(
        prompt=prompt.name,
        area_px2=area_px2,
        area=station.area_in_unit(area_px2),
        box_xyxy_px=tuple(int(edge) for edge in box),
        centroid_xy_px=(round(centre_x + 0.5, DECIMALS), round(centre_y + 0.5, DECIMALS)),
        outline_px=(),
        presence_logit=round(presence, DECIMALS),
        margin_mean=round(float(margins.mean()), DECIMALS),
        margin_peak=round(float(margins.max()), DECIMALS),
        counted=True,
    )
