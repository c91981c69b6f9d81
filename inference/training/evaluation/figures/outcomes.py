"""One picture under the universal prompt: everything the figures need, and no pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from contracts.prompt import UNIVERSAL_PROMPT
from contracts.release import Prompt
from inference.text_encoder import PromptTokens, TextEncoder
from inference.training.data.dataset import Part
from inference.training.evaluation.engines import Predictor
from inference.training.evaluation.figures.masks import (
    SHIPPED,
    Overlap,
    components,
    final_mask,
    tolerant_intersection_px2,
)


@dataclass(frozen=True)
class Case:
    """A part, and the prompt that it is asked."""

    part: Part
    prompts: PromptTokens


class Region(NamedTuple):
    """One defect, in truth.

    Attributes:
        touched: whether the final mask has any pixel of it.
    """

    kind: str
    area_px2: int
    touched: bool


@dataclass(frozen=True)
class Outcome:
    """The network's answer to the universal prompt for one part.

    Attributes:
        kinds: what is on the part, in truth; empty for a good part.
        image_px2: area of the picture.
        presence: logit.
        peak: largest margin, logit.
        largest_px2: area of the largest connected region of the final mask.
        overlap: of the final mask and all truth.
        tolerant_px2: see ``tolerant_intersection_px2``.
        regions: the defects of the part.
        blobs: connected regions of the final mask.
    """

    line: str
    name: str
    kinds: tuple[str, ...]
    image_px2: int
    presence: float
    peak: float
    largest_px2: int
    overlap: Overlap
    tolerant_px2: int
    regions: tuple[Region, ...]
    blobs: int

    def rejected(self) -> bool:
        """Return whether the part is rejected: whether any region counts by the rule."""
        return self.largest_px2 > 0

    @property
    def score(self) -> float:
        """How sure it is that something is there: above 0 the part is rejected, but for the
        smallest area."""
        return min(self.presence, self.peak)


def universal_cases(
    parts: dict[str, list[Part]], encoder: TextEncoder, prompt: str = UNIVERSAL_PROMPT
) -> list[Case]:
    """Return a case for every part, with the universal prompt."""
    tokens = encoder.encode([prompt])
    return [Case(part, tokens) for line in parts.values() for part in line]


def measure(predictor: Predictor, cases: list[Case], rule: Prompt = SHIPPED) -> list[Outcome]:
    """Run every case once."""
    outcomes = []
    for case in cases:
        answer = predictor.predict(case.part.image, case.prompts)
        outcomes.append(
            outcome_of(case.part, answer.margin[0], float(answer.presence[0]), rule=rule)
        )
    return outcomes


def outcome_of(
    part: Part,
    margin: np.ndarray,
    presence: float,
    regions: Sequence[dict] = (),
    rule: Prompt = SHIPPED,
) -> Outcome:
    """Hold an answer to the universal prompt against the truth.

    Args:
        margin: (H, W) float at sensor pixels.
        regions: of the index, {kind, box_xyxy}; without them the truth's connected ones.
    """
    mask, truth = final_mask(margin, presence, rule), part.any_mask() > 0
    found = components(mask)
    return Outcome(
        line=part.line,
        name=part.name,
        kinds=tuple(sorted(part.masks)),
        image_px2=truth.size,
        presence=presence,
        peak=float(margin.max()),
        largest_px2=int(found.areas_px2.max(initial=0)),
        overlap=Overlap.of(mask, truth),
        tolerant_px2=tolerant_intersection_px2(mask, truth),
        regions=tuple(_boxed(truth, mask, regions) if regions else _connected(part, mask)),
        blobs=len(found.areas_px2),
    )


def _boxed(truth: np.ndarray, mask: np.ndarray, regions: Sequence[dict]) -> list[Region]:
    """Return the truth inside each box; boxes without any truth are left out."""
    found = []
    for region in regions:
        left, top, right, bottom = region["box_xyxy"]
        inside = truth[top:bottom, left:right]
        if inside.any():
            touched = bool((inside & mask[top:bottom, left:right]).any())
            found.append(Region(region["kind"], int(inside.sum()), touched))
    return found


def _connected(part: Part, mask: np.ndarray) -> list[Region]:
    found = []
    for kind in sorted(part.masks):
        labels, areas_px2 = components(part.masks[kind] > 0)
        hit = set(np.unique(labels[mask]).tolist())
        found += [
            Region(kind, int(area), label in hit) for label, area in enumerate(areas_px2, start=1)
        ]
    return found
