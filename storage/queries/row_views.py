"""Rows as frozen dataclasses."""

from __future__ import annotations

from contracts.messages import Finding, PromptScore, Reason
from storage.columns import LEFT_OUT
from storage.models import DispositionRow, FindingRow, PictureRow, VerdictRow
from storage.queries.results import (
    DispositionView,
    PictureView,
    VerdictView,
)


def verdict_view(row: VerdictRow) -> VerdictView:
    """Return a verdict with its findings, in the order in which they were found."""
    size = None
    if row.image_width_px is not None and row.image_height_px is not None:
        size = (row.image_width_px, row.image_height_px)
    return VerdictView(
        verdict_id=row.verdict_id,
        decision=row.decision,
        cause=row.cause,
        detail=row.detail,
        reasons=tuple(Reason(**reason) for reason in row.reasons),
        findings=tuple(finding(found) for found in row.findings),
        scores=tuple(PromptScore(**score) for score in row.scores),
        area_unit=row.area_unit,
        image_size_px=size,
        source=row.source,
        release_id=row.release_id,
        model_version=row.model_version,
        deadline_ms=row.deadline_ms,
        timings_ms=row.timings_ms,
        started_at_utc_ns=row.started_at_utc_ns,
        captured_at_utc_ns=row.captured_at_utc_ns,
        decided_at_utc_ns=row.decided_at_utc_ns,
    )


def finding(row: FindingRow) -> Finding:
    """Return the message that the row was made of, without what is not stored."""
    names = Finding.model_fields.keys() - LEFT_OUT[Finding]
    return Finding.model_validate({name: getattr(row, name) for name in names})


def disposition_view(row: DispositionRow) -> DispositionView:
    """Return what the bridge presented."""
    return DispositionView(
        revision=row.revision,
        decision=row.decision,
        cause=row.cause,
        mode=row.mode,
        release_id=row.release_id,
        encoder=row.encoder,
        verdict_id=row.verdict_id,
        late_verdict_id=row.late_verdict_id,
        late_decision=row.late_decision,
        gate=row.gate,
        started_at_utc_ns=row.started_at_utc_ns,
        presented_at_utc_ns=row.presented_at_utc_ns,
        acknowledged_at_utc_ns=row.acknowledged_at_utc_ns,
        challenge=row.challenge,
    )


def picture_view(row: PictureRow) -> PictureView:
    """Return where the picture is, or when it was evicted."""
    return PictureView(
        path=row.path,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        source=row.source,
        captured_at_utc_ns=row.captured_at_utc_ns,
        evicted_at_utc_ns=row.evicted_at_utc_ns,
    )
