"""What was seen, or why nothing was, made into the part's verdict. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from contracts.causes import Cause, Decision
from contracts.identity import Stamp
from contracts.messages import Verdict
from contracts.release import Release
from contracts.verdict import decision
from inference.findings import Found
from inference.frames import Frame
from inference.perception import Perception


def decided(
    frame: Frame,
    release: Release,
    perception: Perception,
    found: Found,
    *,
    at: Stamp,
    timings_ms: Mapping[str, float],
) -> Verdict:
    """Pass or reject: the findings held against the station's rules."""
    height, width = perception.geometry.sensor_hw
    return Verdict(
        **_about(frame, release, perception.model_version),
        decision=decision(found.reasons),
        reasons=found.reasons,
        findings=found.findings,
        scores=found.scores,
        image_size_px=(width, height),
        decided_at=at,
        timings_ms={name: round(took_ms, 3) for name, took_ms in timings_ms.items()},
    )


def undecided(
    frame: Frame,
    release: Release | None,
    cause: Cause,
    detail: str,
    *,
    at: Stamp,
    timings_ms: Mapping[str, float],
) -> Verdict:
    """No verdict, and why."""
    return Verdict(
        **_about(frame, release, ""),
        decision=Decision.NO_VERDICT,
        cause=cause,
        detail=detail,
        decided_at=at,
        timings_ms={name: round(took_ms, 3) for name, took_ms in timings_ms.items()},
    )


def _about(frame: Frame, release: Release | None, model_version: str) -> dict[str, object]:
    header, release_id = frame.header, release.release_id if release else ""
    return {
        "verdict_id": verdict_id(frame, release_id, model_version),
        "part": header.part,
        "part_id": header.part_id,
        "area_unit": release.config.area_unit if release else "px2",
        "source": header.source,
        "release_id": release_id,
        "model_version": model_version,
        "started_at": header.started_at,
        "captured_at": header.captured_at,
        "deadline_ms": header.deadline_ms,
    }


def verdict_id(frame: Frame, release_id: str, model_version: str) -> str:
    """16 hex digits: the same picture held against the same release by the same model has one."""
    told = f"{frame.header.part}\n{model_version}\n{release_id}\n".encode()
    return hashlib.sha256(told + frame.image).hexdigest()[:16]
