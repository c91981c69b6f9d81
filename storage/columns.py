"""Messages as columns of their rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.identity import Message, PartKey, Stamp
from contracts.messages import Disposition, Finding, Verdict

SAME_NAME_IN_A_VERDICT = {
    "verdict_id",
    "part_id",
    "detail",
    "area_unit",
    "source",
    "release_id",
    "model_version",
    "deadline_ms",
    "timings_ms",
}
SAME_NAME_IN_A_DISPOSITION = {
    "revision",
    "part_id",
    "encoder",
    "challenge",
    "release_id",
    "verdict_id",
    "late_verdict_id",
}

LEFT_OUT: Mapping[type[Message], frozenset[str]] = {
    Verdict: frozenset({"schema_version"}),
    Disposition: frozenset({"schema_version"}),
    Finding: frozenset(),
}
"""Fields of a message that are not stored, on purpose. A test fails if any other field is not."""


def part_columns(part: PartKey) -> dict[str, Any]:
    """Return the identity of a part, which every table has."""
    return {"station": part.station, "epoch": part.epoch, "trigger_seq": part.trigger_seq}


def verdict_columns(verdict: Verdict) -> dict[str, Any]:
    """Return a row of ``verdicts``, without its findings."""
    width, height = verdict.image_size_px or (None, None)
    return {
        **part_columns(verdict.part),
        **verdict.model_dump(include=SAME_NAME_IN_A_VERDICT),
        "decision": verdict.decision,
        "cause": verdict.cause,
        "reasons": [reason.model_dump(mode="json") for reason in verdict.reasons],
        "scores": [score.model_dump(mode="json") for score in verdict.scores],
        "peak_presence_logit": max((s.presence_logit for s in verdict.scores), default=None),
        "image_width_px": width,
        "image_height_px": height,
        **_moment("started_at", verdict.started_at),
        **_moment("captured_at", verdict.captured_at),
        **_moment("decided_at", verdict.decided_at),
    }


def finding_columns(finding: Finding, verdict_row: int, position: int) -> dict[str, Any]:
    """Return a row of ``findings``."""
    return {
        **finding.model_dump(mode="json", exclude=set(LEFT_OUT[Finding])),
        "verdict_row": verdict_row,
        "position": position,
    }


def disposition_columns(disposition: Disposition) -> dict[str, Any]:
    """Return a row of ``dispositions``."""
    return {
        **part_columns(disposition.part),
        **disposition.model_dump(include=SAME_NAME_IN_A_DISPOSITION),
        "decision": disposition.decision,
        "cause": disposition.cause,
        "mode": disposition.mode,
        "late_decision": disposition.late_decision,
        "gate": disposition.gate,
        **_moment("started_at", disposition.started_at),
        **later_columns(disposition),
    }


def later_columns(disposition: Disposition) -> dict[str, Any]:
    """Return the times that a later revision may add."""
    return {
        **_moment("verdict_arrived_at", disposition.verdict_arrived_at),
        **_moment("presented_at", disposition.presented_at),
        **_moment("acknowledged_at", disposition.acknowledged_at),
    }


def _moment(name: str, stamp: Stamp | None) -> Mapping[str, Any]:
    return {
        f"{name}_utc_ns": stamp.utc_ns if stamp else None,
        f"{name}_monotonic_ns": stamp.monotonic_ns if stamp else None,
        f"{name}_boot": stamp.boot_id if stamp else None,
    }
