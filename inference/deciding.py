"""Builds a part's verdict from its findings, or from the reason why there are none. Pure."""

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


def verdict_of(
    frame: Frame,
    release: Release,
    perception: Perception,
    found: Found,
    *,
    at: Stamp,
    timings_ms: Mapping[str, float],
) -> Verdict:
    """Return pass or reject, by whether a rule was broken."""
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


def no_verdict(
    frame: Frame,
    release: Release | None,
    cause: Cause,
    detail: str,
    *,
    at: Stamp,
    timings_ms: Mapping[str, float],
) -> Verdict:
    """Return the verdict ``no_verdict`` with its cause."""
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
    """Return 16 hex digits: the same for the same picture, release and model version."""
    content = f"{frame.header.part}\n{model_version}\n{release_id}\n".encode()
    return hashlib.sha256(content + frame.image).hexdigest()[:16]
