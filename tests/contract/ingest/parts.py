"""Triggers, headers and releases for the tests."""

from __future__ import annotations

from contracts.camera import CameraConfig
from contracts.identity import PartKey, Stamp
from contracts.messages import FrameHeader, Trigger
from contracts.release import Prompt, Release, StationConfig
from runtime.process.clock import SystemClock

STATION = "plate"
SMALL = CameraConfig(kind="simulated", seed=5, width_px=96, height_px=96)


def trigger(seq: int, *, at: Stamp | None = None, deadline_ms: int = 2000) -> Trigger:
    """Of part ``seq``; its clock started now unless told otherwise."""
    return Trigger(
        part=PartKey(station=STATION, epoch=3, trigger_seq=seq),
        part_id=100 + seq,
        started_at=at or SystemClock().now(),
        deadline_ms=deadline_ms,
    )


def header(seq: int) -> FrameHeader:
    """Of part ``seq``."""
    now = SystemClock().now()
    return FrameHeader(
        part=PartKey(station=STATION, epoch=3, trigger_seq=seq),
        part_id=100 + seq,
        started_at=now,
        captured_at=now,
        deadline_ms=1000,
        source="test",
        release_id="0" * 12,
    )


def release(camera: CameraConfig = SMALL) -> Release:
    """That looks for any defect with this camera."""
    config = StationConfig(camera=camera, prompts=(Prompt(words="any defect"),))
    return Release.of(STATION, config)
