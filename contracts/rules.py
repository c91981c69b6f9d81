"""The rules of a prompt: which findings count, and what rejects a part. Pure.

A prompt in a line file may name any rule that is registered in the entry point group
``referee.rules``, with its value, such as ``largest_length: 5``. There are two kinds:

- A *filter* decides which findings count. A finding counts if every filter of its prompt says so.
- A *limit* rejects the part if the findings that count exceed it. A prompt without a limit rejects
  the part as soon as one finding counts.

A rule is a pydantic model of the value that people write (see ``LargestLength``), so that a wrong
value is an error with file, line and field. The verdict, the evaluation, ``referee check`` and the
dashboard all ask the same object. To add a rule of your own, write such a class in a package of
yours and register it; docs/rules.md has an example.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from inspect import isabstract
from typing import Annotated, NamedTuple, Protocol, TypeVar

from pydantic import ConfigDict, Field, RootModel

from contracts.errors import UserError
from contracts.plugins import plugin, plugin_names
from contracts.polygon import Point, Polygon, contains, is_polygon

GROUP = "referee.rules"
V = TypeVar("V")


class Region(Protocol):
    """One finding, as a rule sees it.

    Attributes:
        area: in the station's unit: mm2, or px2 if the scale is unknown.
        length: longer side of the smallest rectangle around it, turned as fits best; mm or px.
        aspect_ratio: the longer side of that rectangle divided by the shorter; 1 or more.
        centre_xy: mean of its pixels, as shares (0 to 1) of the picture's width and height.
        box_xyxy: left, top, right, bottom, as shares of the picture's width and height.
    """

    @property
    def area(self) -> float: ...
    @property
    def length(self) -> float: ...
    @property
    def aspect_ratio(self) -> float: ...
    @property
    def centre_xy(self) -> Point: ...
    @property
    def box_xyxy(self) -> tuple[float, float, float, float]: ...


class Broken(NamedTuple):
    """By how much a limit was exceeded: ``measured`` against ``limit``, both in ``unit``."""

    measured: float
    limit: float
    unit: str


class Rule(RootModel[V], ABC):
    """A rule with its value, ``root``, as it is written in a line file."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    @abstractmethod
    def in_words(self, unit: str) -> str:
        """Return the rule for people. ``unit`` is that of lengths, ``mm`` or ``px``."""


class Filter(Rule[V]):
    """Decides which findings count. In words it completes "any finding ..."."""

    @abstractmethod
    def counts(self, region: Region) -> bool:
        """Return whether the finding counts, as far as this rule is concerned."""


class Limit(Rule[V]):
    """Decides about the findings that count. In words it completes "Reject on ..."."""

    @abstractmethod
    def broken(self, counted: Sequence[Region], unit: str) -> Broken | None:
        """Return what exceeds the limit, or None.

        Args:
            counted: every finding of the prompt that counts in one picture.
            unit: of lengths, ``mm`` or ``px``; areas are in ``mm2`` or ``px2``.
        """


class SmallestArea(Filter[float]):
    """A finding smaller than this does not count (mm2 or px2)."""

    root: Annotated[float, Field(ge=0)]

    def counts(self, region: Region) -> bool:
        return region.area >= self.root

    def in_words(self, unit: str) -> str:
        return f"of at least {self.root:g} {unit}²" if self.root else ""


class LeastAspectRatio(Filter[float]):
    """A finding counts only if it is at least this many times as long as wide."""

    root: Annotated[float, Field(ge=1)]

    def counts(self, region: Region) -> bool:
        return region.aspect_ratio >= self.root

    def in_words(self, unit: str) -> str:
        return f"at least {self.root:g} times as long as wide"


class Zone(Filter[tuple[Point, ...]]):
    """A finding counts only if its centre is in this part of the picture."""

    root: Polygon

    def counts(self, region: Region) -> bool:
        return contains(self.root, region.centre_xy)

    def in_words(self, unit: str) -> str:
        return "with its centre in the zone"


class AnyFinding(Limit[int]):
    """The limit of a prompt that names none: no finding may count."""

    root: int = 0

    def broken(self, counted: Sequence[Region], unit: str) -> Broken | None:
        return Broken(len(counted), self.root, "findings") if counted else None

    def in_words(self, unit: str) -> str:
        return "any finding"


class LargestCount(Limit[int]):
    """Reject if more findings than this count."""

    root: Annotated[int, Field(ge=0)]

    def broken(self, counted: Sequence[Region], unit: str) -> Broken | None:
        count = len(counted)
        return Broken(count, self.root, "findings") if count > self.root else None

    def in_words(self, unit: str) -> str:
        return f"more than {self.root:,} {'finding' if self.root == 1 else 'findings'}"


class LargestTotalArea(Limit[float]):
    """Reject if the findings that count cover more than this in total (mm2 or px2)."""

    root: Annotated[float, Field(ge=0)]

    def broken(self, counted: Sequence[Region], unit: str) -> Broken | None:
        total = sum(region.area for region in counted)
        return Broken(total, self.root, f"{unit}2") if total > self.root else None

    def in_words(self, unit: str) -> str:
        return f"more than {self.root:g} {unit}² in total"


class LargestLength(Limit[float]):
    """Reject if a finding that counts is longer than this (mm or px)."""

    root: Annotated[float, Field(ge=0)]

    def broken(self, counted: Sequence[Region], unit: str) -> Broken | None:
        longest = max((region.length for region in counted), default=0.0)
        return Broken(longest, self.root, unit) if longest > self.root else None

    def in_words(self, unit: str) -> str:
        return f"a finding longer than {self.root:g} {unit}"


def rule_names() -> tuple[str, ...]:
    """Return the names that a prompt may use: our rules, and those of other installed packages."""
    return plugin_names(GROUP)


def rule_class(name: str) -> type[Filter] | type[Limit]:
    """Return the class registered as ``name``. Raises UserError if there is none that works."""
    found = plugin(GROUP, name)
    if not (isinstance(found, type) and issubclass(found, Filter | Limit)):
        raise UserError(
            f"{GROUP} {name!r} is not a rule: its class must derive from Filter or Limit"
        )
    if isabstract(found):
        missing = ", ".join(sorted(found.__abstractmethods__))
        raise UserError(f"{GROUP} {name!r} is not complete: its class has no method {missing}")
    return found


def takes_polygon(name: str) -> bool:
    """Return whether the value of this rule is a ``Polygon``; False if there is no such rule."""
    if name not in rule_names():
        return False
    try:
        return is_polygon(rule_class(name).model_fields["root"].metadata)
    except UserError:  # whoever parses the rule says so
        return False
