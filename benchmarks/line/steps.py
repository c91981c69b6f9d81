"""Where a part's time goes, from its trigger to the registers: steps that add up to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from inference import tensors
from storage.queries import PartTimes

TO_AND_FROM = "to and from the model"
TO_THE_BRIDGE = "rules, journal and broker"
BRIDGE = "bridge"
LABELS = {"queue": "encode and queue", "findings": "masks"}
"""Clearer names for two of inference's steps: its queue holds the camera's encoding too, because
the camera stamps the shutter and encodes afterwards."""


def steps(parts: Sequence[PartTimes]) -> dict[str, float]:
    """Return the mean milliseconds of each step, in order, over parts that were inspected.

    Inference measures its own steps; the bridge's step is from the verdict's arrival to the
    registers. Two steps are differences: transport to and from the model is the time of the
    model's answer less the model's own steps, and the way from inference to the bridge is the
    whole less all other steps.
    """
    if not parts:
        return {}
    means = {
        name: fmean(part.timings_ms[name] for part in parts)
        for name in parts[0].timings_ms
        if all(name in part.timings_ms for part in parts)
    }
    found: dict[str, float] = {}
    for name, ms in means.items():
        if name == "model":
            found[TO_AND_FROM] = ms - sum(means.get(step, 0.0) for step in tensors.STEPS)
        elif name != "total":
            found[LABELS.get(name, name)] = ms
    bridge_ms = fmean(stamped(part.verdict_to_plc_ms) for part in parts)
    whole_ms = fmean(stamped(part.start_to_plc_ms) for part in parts)
    way_ms = whole_ms - sum(found.values()) - bridge_ms
    return found | {TO_THE_BRIDGE: way_ms, BRIDGE: bridge_ms}


def stamped(value: float | None) -> float:
    """Return the value: a part that was presented has every time stamp."""
    assert value is not None
    return value
