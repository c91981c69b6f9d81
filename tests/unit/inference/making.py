"""Values that the tests of inference share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from contracts.camera import CameraConfig
from contracts.identity import PartKey
from contracts.messages import FrameHeader
from contracts.release import Prompt, Release, StationConfig
from inference.frames import Frame
from inference.imaging import Geometry
from inference.perception import Perception
from runtime.messaging.streams import Entry
from runtime.process.clock import Clock

SCRATCH = Prompt(words="any scratch on the tile", label="scratch")


def config(*prompts: Prompt, **more: object) -> StationConfig:
    camera = CameraConfig(kind="replay", folder="x")
    return StationConfig(camera=camera, prompts=prompts or (SCRATCH,), **more)


def release(*prompts: Prompt, **more: object) -> Release:
    return Release.of("tiles", config(*prompts, **more))


def perception(margin: np.ndarray, presence: Sequence[float] | None = None) -> Perception:
    """What a network of stride 1 without padding says: margin (N, H, W) in sensor pixels."""
    size_hw = (margin.shape[1], margin.shape[2])
    return Perception(
        presence=np.array([1.0] * len(margin) if presence is None else presence, np.float32),
        margin=margin.astype(np.float32),
        geometry=Geometry(size_hw, size_hw, size_hw),
        model_version="model-1",
        timings_ms={"model": 5.0},
    )


def margin_with(
    *boxes: tuple[int, int, int, int], size_hw: tuple[int, int] = (40, 60)
) -> np.ndarray:
    """(1, H, W): 2.0 in the boxes (x0, y0, x1, y1), -3.0 elsewhere."""
    margin = np.full((1, *size_hw), -3.0, np.float32)
    for x0, y0, x1, y1 in boxes:
        margin[0, y0:y1, x0:x1] = 2.0
    return margin


def frame(
    clock: Clock, seq: int = 1, *, deadline_ms: int = 1000, deliveries: int = 1, recipe: int = 0
) -> Frame:
    """A frame that was captured now."""
    now = clock.now()
    header = FrameHeader(
        part=PartKey(station="tiles", epoch=1, trigger_seq=seq),
        part_id=seq,
        started_at=now,
        captured_at=now,
        deadline_ms=deadline_ms,
        recipe=recipe,
        source=f"{seq}.png",
        release_id="r",
    )
    return Frame(Entry("frames:tiles", f"{seq}-0", {}), header, b"picture", deliveries)
