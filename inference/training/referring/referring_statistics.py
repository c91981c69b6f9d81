"""What is in a referring data set: counts, sizes of anomalies, words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from inference.training.referring.expressions import Form
from inference.training.referring.referring_set import AREA_BINS, Referring, area_bin

SMALL_BELOW = "above_1_percent"
COMMONEST_WORDS = 20


def statistics(records: Sequence[Referring]) -> dict[str, Any]:
    """{"all": figures, "lines": {line: figures}}; painted pictures are apart, under "painted"."""
    real = [record for record in records if record.painted_on is None]
    painted = [record for record in records if record.painted_on is not None]
    lines = sorted({record.line for record in real})
    report: dict[str, Any] = {
        "all": _figures(real),
        "lines": {line: _figures([r for r in real if r.line == line]) for line in lines},
    }
    if painted:
        report["painted"] = _figures(painted)
    return report


def _figures(records: Sequence[Referring]) -> dict[str, Any]:
    whole = _one_each(records)
    defective = [record for record in whole if record.mask is not None]
    return {
        "images": {
            "all": len(whole),
            "defective": len(defective),
            "by_split": _counts(record.split for record in whole),
        },
        "expressions": {
            "all": len(records),
            "refer_to_nothing": sum(record.mask is None for record in records),
            "by_split": _counts(record.split for record in records),
            "by_form": _counts((str(r.form) for r in records), [str(form) for form in Form]),
            "by_kind": _counts(record.kind for record in records),
        },
        "anomalies": _anomalies(defective),
        "words": _words([record.text for record in records]),
    }


def _one_each(records: Sequence[Referring]) -> list[Referring]:
    """The universal expression of each picture: it means all that is wrong with it."""
    universal = [record for record in records if record.form is Form.UNIVERSAL]
    return list({record.image: record for record in universal}.values())


def _counts(values: Iterable[str], order: Sequence[str] = ()) -> dict[str, int]:
    found = Counter(values)
    return {value: found[value] for value in (*order, *sorted(set(found) - set(order)))}


def _anomalies(defective: Sequence[Referring]) -> dict[str, Any]:
    """By connected region, and by picture (all its regions together)."""
    sizes = [
        area_bin(region.area_px2, record.image_hw_px[0] * record.image_hw_px[1])
        for record in defective
        for region in record.regions
    ]
    regions = [len(record.regions) for record in defective]
    return {
        "regions": len(sizes),
        "regions_by_area": _counts(sizes, list(AREA_BINS)),
        "small_regions_share": _small_share(sizes),
        "images_by_area": _counts((str(r.area_bin) for r in defective), list(AREA_BINS)),
        "small_images_share": _small_share([str(record.area_bin) for record in defective]),
        "regions_by_kind": _counts(reg.kind for record in defective for reg in record.regions),
        "regions_per_image": {
            **_spread(regions),
            "histogram": {str(n): regions.count(n) for n in sorted(set(regions))},
        },
    }


def _small_share(bins: Sequence[str]) -> float | None:
    """Share below 1 % of the picture."""
    return sum(name != SMALL_BELOW for name in bins) / len(bins) if bins else None


def _spread(values: Sequence[int]) -> dict[str, float | None]:
    if not values:
        return {"least": None, "median": None, "mean": None, "most": None}
    return {
        "least": min(values),
        "median": float(np.median(values)),
        "mean": round(float(np.mean(values)), 3),
        "most": max(values),
    }


def _words(texts: Sequence[str]) -> dict[str, Any]:
    split = [re.findall(r"\w[\w'-]*", text.lower()) for text in texts]
    vocabulary = Counter(word for words in split for word in words)
    lengths = [len(words) for words in split]
    return {
        "per_expression": {
            **_spread(lengths),
            "histogram": {str(n): lengths.count(n) for n in sorted(set(lengths))},
        },
        "different_expressions": len(set(texts)),
        "vocabulary": len(vocabulary),
        "commonest": dict(
            sorted(vocabulary.items(), key=lambda pair: (-pair[1], pair[0]))[:COMMONEST_WORDS]
        ),
    }
