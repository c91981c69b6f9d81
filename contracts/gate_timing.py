"""How long the line itself leaves for a verdict: from the trigger to the gate, less what machines
need. Pure, and exact to the digits that somebody wrote: a deadline is no place for rounding up."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Annotated, Self

from pydantic import Field, model_validator

from contracts.release import LEAST_DEADLINE_MS, Config

Millimetres = Annotated[float, Field(gt=0, le=1_000_000)]
MillimetresPerS = Annotated[float, Field(ge=0.1, le=1_000_000)]
Milliseconds = Annotated[float, Field(ge=0, le=60_000)]


class GateTiming(Config):
    """The way of a part to the gate, and the times of the machines beside it.

    The bridge's clock starts when the trigger arrives, up to a scan and a poll after the part was
    seen; the answer to an acknowledgement takes a flush (of the margin), a poll and a scan. So two
    of each lie outside of the deadline.
    """

    distance_from_trigger_mm: Annotated[
        Millimetres, Field(title="Along the belt, from where a part triggers to the gate")
    ]
    greatest_belt_speed_mm_per_s: Annotated[
        MillimetresPerS, Field(title="The fastest that the belt ever runs")
    ]
    actuator_ms: Annotated[
        Milliseconds, Field(title="From the PLC's output to a gate that has moved, at the longest")
    ]
    plc_scan_ms: Annotated[Milliseconds, Field(title="Longest scan of the PLC's program")]
    plc_poll_ms: Annotated[
        Milliseconds, Field(title="Longest time from one exchange of PLC and bridge to the next")
    ]
    margin_ms: Annotated[
        Milliseconds, Field(title="Kept free: one flush of the journal's disk, and the unforeseen")
    ]

    @model_validator(mode="after")
    def _leaves_time(self) -> Self:
        if self.deadline_ms < LEAST_DEADLINE_MS:
            raise ValueError(
                f"a part is at the gate after {format_ms(self.travel_ms)} ms, of which PLC, gate "
                f"and margin take {format_ms(self.reserved_ms)} ms: {format_ms(self.left_ms)} ms "
                f"are left for a verdict, {LEAST_DEADLINE_MS} are the least; put the gate at least "
                f"{self.least_distance_mm} mm behind the trigger, or slow the belt"
            )
        return self

    @property
    def travel_ms(self) -> Fraction:
        """From the trigger to the gate on the fastest belt."""
        way_mm, speed = _exact(self.distance_from_trigger_mm), self.greatest_belt_speed_mm_per_s
        return way_mm * 1000 / _exact(speed)

    @property
    def reserved_ms(self) -> Fraction:
        """Of it, what is not the verdict's."""
        twice = 2 * _exact(self.plc_scan_ms) + 2 * _exact(self.plc_poll_ms)
        return _exact(self.actuator_ms) + twice + _exact(self.margin_ms)

    @property
    def left_ms(self) -> Fraction:
        """What is left for the verdict; negative where the gate comes too early."""
        return self.travel_ms - self.reserved_ms

    @property
    def deadline_ms(self) -> int:
        """The latest deadline that the gate allows, in whole milliseconds."""
        return floor(self.left_ms)

    @property
    def acknowledging_ms(self) -> Fraction:
        """What the PLC takes from the registers' pass to its acknowledgement, at the longest: a
        poll that reads it, a scan, a poll that writes. It must fit before the deadline."""
        return 2 * _exact(self.plc_poll_ms) + _exact(self.plc_scan_ms)

    @property
    def least_distance_mm(self) -> int:
        """How far from the trigger a gate must be, all else as it is."""
        speed = _exact(self.greatest_belt_speed_mm_per_s)
        return ceil((self.reserved_ms + LEAST_DEADLINE_MS) * speed / 1000)


def format_ms(number: Fraction | float) -> str:
    """Such as ``12.5``: cut to a tenth, so that too little never looks like enough."""
    return f"{floor(number * 10) / 10:.1f}".removesuffix(".0")


def _exact(written: float) -> Fraction:
    """The decimal that was written, not the binary number next to it."""
    return Fraction(str(written))
