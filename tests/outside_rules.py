"""A package from outside with two rules, one of each kind, as an engineer of a plant writes it."""

from __future__ import annotations

from pathlib import Path

from tests.plugins import write_package

SOURCE = """\
from contracts.rules import Broken, Filter, Limit


class LeastAreaOfBox(Filter[float]):
    \"\"\"A finding counts only if its box covers this share of the picture.\"\"\"

    def counts(self, region):
        left, top, right, bottom = region.box_xyxy
        return (right - left) * (bottom - top) >= self.root

    def in_words(self, unit):
        return f"whose box covers at least {self.root:.0%} of the picture"


class LargestMeanArea(Limit[float]):
    \"\"\"Reject if the findings that count are larger than this on average.\"\"\"

    def broken(self, counted, unit):
        mean = sum(region.area for region in counted) / max(1, len(counted))
        return Broken(mean, self.root, f"{unit}2") if mean > self.root else None

    def in_words(self, unit):
        return f"findings larger than {self.root:g} {unit}² on average"
"""


def write_outside_rules(folder: Path) -> None:
    """Write the package ``plant_rules`` as if it were installed in ``folder``."""
    rules = {
        "least_area_of_box": "plant_rules:LeastAreaOfBox",
        "largest_mean_area": "plant_rules:LargestMeanArea",
    }
    write_package(folder, "plant_rules", SOURCE, {"referee.rules": rules})
