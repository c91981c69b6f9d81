"""A scenario: how many parts a second, at how many stations, with how many prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.camera import CameraConfig
from contracts.causes import Mode
from contracts.fieldbus import PlcLink, Sockets
from contracts.line import Archive, LineFile, SoftPlc, Station
from contracts.release import Prompt

SITE, LINE = "bench", "bench"
HALF, FULL, TWICE, MEMORY = "half load", "full load", "twice the load", "memory"
DEADLINE_MS = 1000
CYCLE_MS, SHORT_CYCLE_MS = 25.0, 10.0
"""As PLCs that poll over Modbus TCP do, so that the simulated one takes little of the machine; it
acknowledges one result a cycle, and at twice the load there are too many for the longer one."""
FULL_LOAD = 0.9
"""More than a line can do whose other processes share the network's processors, but little more:
each part that is refused costs them too."""
MOST_STATIONS = 8
WORDS = (
    "any defect", "a scratch", "a stain", "a dent", "a crack", "a chip", "a spot", "a blowhole",
    "pitting", "a frayed area", "an uneven area", "a missing piece", "a foreign object",
    "a hole", "a smudge", "a broken corner",
)  # fmt: skip


@dataclass(frozen=True)
class Scenario:
    """One stretch of parts.

    Attributes:
        load: triggers a second at all stations together, over what the bare network does with as
            many prompts.
        parts: at all stations together.
    """

    name: str
    load: float
    parts: int
    side_px: int = 512
    stations: int = 1
    prompts: int = 1
    cycle_ms: float = CYCLE_MS


def station_names(count: int) -> list[str]:
    return [f"s{number}" for number in range(1, count + 1)]


def line_of(
    stations: int,
    prompts: int,
    pictures: Path,
    parts_per_s: float,
    cycle_ms: float = CYCLE_MS,
    seed: int = 1,
) -> LineFile:
    """A line whose first prompt decides, as the others only name what was found.

    Args:
        parts_per_s: at all stations together.
    """
    asked = [Prompt(words=words) for words in WORDS[:prompts]]
    named = [asked[0], *(each.model_copy(update={"largest_count": 1000}) for each in asked[1:])]
    configs = {
        name: Station(
            camera=CameraConfig(kind="replay", folder=str(pictures)),
            prompts=tuple(named),
            deadline_ms=DEADLINE_MS,
            mode=Mode.GUARD,
            plc=PlcLink(unit=unit),
        )
        for unit, name in enumerate(station_names(stations), start=1)
    }
    plc = SoftPlc(parts_per_s=parts_per_s / stations, seed=seed, cycle_ms=cycle_ms)
    return LineFile(
        site=SITE,
        line=LINE,
        stations=configs,
        sockets=Sockets(),
        soft_plc=plc,
        archive=Archive(largest_mb=64),
    )


def plan(
    parts: int, sides_px: Sequence[int], stations: int, prompts: int
) -> tuple[list[Scenario], list[Scenario]]:
    """The stretches that are compared with the bare network, and all others of a run.

    ``stations`` and ``prompts`` are the most that are tried.
    """
    first, *larger = sides_px
    half = Scenario(HALF, 0.5, parts, first)
    full = Scenario(FULL, FULL_LOAD, parts, first)
    found = [
        Scenario(f"{count} prompts", FULL_LOAD, parts, first, prompts=count)
        for count in (4, 16)
        if count <= prompts
    ]
    found += [
        Scenario(f"{count} stations", FULL_LOAD, parts, first, stations=count)
        for count in (4, 8)
        if count <= stations
    ]
    found.append(Scenario(TWICE, 2.0, parts, first, cycle_ms=SHORT_CYCLE_MS))
    for side in larger:
        found.append(Scenario(f"half load, {side} px", 0.5, parts, side))
    return [half, full], found
