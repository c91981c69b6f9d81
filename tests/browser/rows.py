"""Test data: one part as the rows that storage would write of it. Nothing here was measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from contracts.camera import CameraConfig
from contracts.causes import Cause, Decision, Gate, Mode
from contracts.release import Prompt, Release, StationConfig
from tests.browser.surfaces import HEIGHT_PX, WIDTH_PX

S, MS = 10**9, 10**6
BOOT = "test-data"
DEADLINE_MS = 800
SCALE_MM_PER_PX = 0.05
PROMPTS = (
    Prompt(words="a thin dark crack anywhere on the tile", label="crack"),
    Prompt(words="a small round hole or pit", label="blowhole", smallest_area=0.1),
    Prompt(
        words="a bright, worn edge where the coating has frayed away",
        label="frayed edge",
        largest_total_area=4.0,
    ),
)


@dataclass(frozen=True)
class Part:
    """One part of the afternoon."""

    station: str
    epoch: int
    seq: int
    started_at_utc_ns: int
    decision: Decision
    cause: Cause | None = None
    prompt: str = ""
    latency_ms: float = 90.0
    mode: Mode = Mode.GUARD

    @property
    def key(self) -> dict[str, Any]:
        return {"station": self.station, "epoch": self.epoch, "trigger_seq": self.seq}


@cache
def release_of(station: str, mode: Mode) -> Release:
    """The release that a station runs."""
    return Release.of(
        station,
        StationConfig(
            camera=CameraConfig(kind="simulated"),
            prompts=PROMPTS,
            scale_mm_per_px=SCALE_MM_PER_PX,
            deadline_ms=DEADLINE_MS,
            mode=mode,
        ),
    )


def _stamp(name: str, at_utc_ns: int) -> dict[str, Any]:
    return {
        f"{name}_at_utc_ns": at_utc_ns,
        f"{name}_at_monotonic_ns": at_utc_ns,
        f"{name}_at_boot": BOOT,
    }


def disposition(part: Part) -> dict[str, Any]:
    """A row of what the bridge did."""
    presented = part.started_at_utc_ns + int((8 + part.latency_ms) * MS)
    ejected = part.decision is not Decision.PASS and part.mode is Mode.GUARD
    return {
        **part.key,
        "revision": 1,
        "part_id": part.seq,
        "encoder": None,
        "decision": part.decision,
        "cause": part.cause,
        "mode": part.mode,
        "release_id": release_of(part.station, part.mode).release_id,
        "verdict_id": f"{part.epoch}-{part.seq}",
        "late_verdict_id": None,
        "late_decision": None,
        "gate": Gate.EJECTED if ejected else Gate.NOT_ASKED,
        **_stamp("started", part.started_at_utc_ns),
        **_stamp("presented", presented),
        **_stamp("acknowledged", presented + 12 * MS),
        "stored_at_utc_ns": presented + 20 * MS,
    }


def verdict(part: Part) -> dict[str, Any]:
    """A row of what inference said."""
    decided = part.started_at_utc_ns + int((5 + part.latency_ms) * MS)
    reason = {"prompt": part.prompt, "rule": "any", "measured": 1, "limit": 0, "unit": "findings"}
    return {
        **part.key,
        "verdict_id": f"{part.epoch}-{part.seq}",
        "part_id": part.seq,
        "decision": part.decision,
        "cause": part.cause,
        "detail": "",
        "reasons": [reason] if part.decision is Decision.REJECT else [],
        "scores": [],
        "peak_presence_logit": None,
        "area_unit": "mm2",
        "image_width_px": WIDTH_PX,
        "image_height_px": HEIGHT_PX,
        "source": "test data",
        "release_id": release_of(part.station, part.mode).release_id,
        "model_version": "test data",
        "deadline_ms": DEADLINE_MS,
        "timings_ms": {},
        **_stamp("started", part.started_at_utc_ns),
        **_stamp("captured", part.started_at_utc_ns + 8 * MS),
        **_stamp("decided", decided),
        "stored_at_utc_ns": decided + 20 * MS,
    }


def finding(
    part: Part, verdict_row: int, outline: list[list[int]], area_px2: float
) -> dict[str, Any]:
    corners = np.array(outline)
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return {
        "verdict_row": verdict_row,
        "position": 0,
        "prompt": part.prompt,
        "area_px2": area_px2,
        "area": area_px2 * SCALE_MM_PER_PX**2,
        "box_xyxy_px": [left, top, right, bottom],
        "centroid_xy_px": corners.mean(axis=0).tolist(),
        "outline_px": outline,
        "presence_logit": 3.0,
        "margin_mean": 2.0,
        "margin_peak": 4.0,
        "counted": True,
    }
