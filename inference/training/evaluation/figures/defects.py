"""Defects found one by one, and blobs on parts that have none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inference.training.evaluation.figures.numbers import interval, rate
from inference.training.evaluation.figures.outcomes import Outcome, Region
from inference.training.referring.referring_set import AREA_BINS, area_bin


def region_figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Share of the defects that the final mask touches, by size and by kind."""
    sized = [(r, area_bin(r.area_px2, o.image_px2)) for o in outcomes for r in o.regions]
    regions = [region for region, _ in sized]
    touched = sum(region.touched for region in regions)
    return {
        "regions": len(regions),
        "region_recall": rate(touched, len(regions)),
        "region_recall_interval": interval(touched, len(regions)),
        "region_recall_by_area": {
            name: _recall([region for region, size in sized if size == name]) for name in AREA_BINS
        },
        "region_recall_by_kind": {
            kind: _recall([region for region in regions if region.kind == kind])
            for kind in sorted({region.kind for region in regions})
        },
    }


def _recall(regions: Sequence[Region]) -> dict[str, Any]:
    touched = sum(region.touched for region in regions)
    return {"regions": len(regions), "recall": rate(touched, len(regions))}


def blob_figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Connected regions of the final mask, a good part."""
    good = [o for o in outcomes if not o.kinds]
    return {"false_blobs_per_good": rate(sum(o.blobs for o in good), len(good))}
