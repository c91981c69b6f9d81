"""What becomes of a trigger: the header of a frame, or the verdict that says why not. Pure."""

from __future__ import annotations

import uuid

from contracts.camera import Shot
from contracts.causes import Cause, Decision
from contracts.identity import Stamp
from contracts.messages import FrameHeader, Trigger, Verdict
from contracts.release import Release


def frame_header(trigger: Trigger, shot: Shot, release_id: str) -> FrameHeader:
    """Everything about this part's frame but its pixels."""
    return FrameHeader(
        part=trigger.part,
        part_id=trigger.part_id,
        encoder=trigger.encoder,
        started_at=trigger.started_at,
        captured_at=shot.captured_at,
        deadline_ms=trigger.deadline_ms,
        recipe=trigger.recipe,
        source=shot.source,
        release_id=release_id,
    )


def refusal(
    trigger: Trigger,
    cause: Cause,
    detail: str,
    *,
    at: Stamp,
    release: Release | None,
    shot: Shot | None = None,
) -> Verdict:
    """``no_verdict`` for this part.

    Args:
        trigger: the part.
        cause: why.
        detail: the cause in a sentence, for people.
        at: the moment of deciding so.
        release: what the station looked for, None where it had no release.
        shot: the picture, where one was taken.
    """
    return Verdict(
        verdict_id=uuid.uuid4().hex,
        part=trigger.part,
        part_id=trigger.part_id,
        decision=Decision.NO_VERDICT,
        cause=cause,
        detail=detail,
        source=shot.source if shot else "",
        area_unit=release.config.area_unit if release else "px2",
        release_id=release.release_id if release else "",
        started_at=trigger.started_at,
        captured_at=shot.captured_at if shot else None,
        decided_at=at,
        deadline_ms=trigger.deadline_ms,
        timings_ms={"trigger_to_refusal": at.ms_since(trigger.started_at)},
    )
