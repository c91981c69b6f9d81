"""Where a part's time goes from its trigger to the registers: steps that add up. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from inference import tensors
from storage.queries import PartTimes

TO_AND_FROM = "to and from the model"
BRIDGE = "bridge"
CALLED = {"queue": "encode and queue", "findings": "masks"}
"""What inference's own names cover: the camera's clock stamps the shutter, before it encodes."""


def steps(parts: Sequence[PartTimes]) -> dict[str, float]:
    """Mean milliseconds of each step of parts that were inspected, in their order.

    Inference tells its own steps, the bridge's is from the verdict's arrival to the registers.
    Transport to and from the model is what the model's steps leave of its answer's time; what all
    leave of the whole is the verdict's way from inference to the bridge.
    """
    if not parts:
        return {}
    means = {
        name: fmean(part.timings_ms[name] for part in parts)
        for name in parts[0].timings_ms
        if all(name in part.timings_ms for part in parts)
    }
    told: dict[str, float] = {}
    for name, ms in means.items():
        if name == "model":
            told[TO_AND_FROM] = ms - sum(means.get(step, 0.0) for step in tensors.STEPS)
        elif name != "total":
            told[CALLED.get(name, name)] = ms
    bridge_ms = fmean(given(part.verdict_to_plc_ms) for part in parts)
    whole_ms = fmean(given(part.start_to_plc_ms) for part in parts)
    way = "journal and broker" if "rules" in told else "rules, journal and broker"
    return told | {way: whole_ms - sum(told.values()) - bridge_ms, BRIDGE: bridge_ms}


def given(value: float | None) -> float:
    """A part that was presented has every stamp."""
    assert value is not None
    return value
