"""Tables. Each names a part by ``(station, epoch, trigger_seq)``. Rows are inserted, not edited.

Only these columns change after the insert: what a later revision adds to a disposition, the range
of a sequence, when a picture was evicted, and the count of a dead letter.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contracts.causes import Cause, Decision, Gate, Mode
from storage.base import Base, Digest, Id, LongText, Station


class VerdictRow(Base):
    """What inference decided about a part. Never updated.

    Attributes:
        peak_presence_logit: largest presence logit of all prompts. A pass near 0 is a near miss.
        stored_at_utc_ns: when the sink wrote the row.
    """

    __tablename__ = "verdicts"
    __table_args__ = (
        UniqueConstraint("station", "epoch", "trigger_seq"),
        Index(None, "station", "started_at_utc_ns"),
        Index(None, "part_id"),
    )

    id: Mapped[Id]
    station: Mapped[Station]
    epoch: Mapped[int]
    trigger_seq: Mapped[int]
    verdict_id: Mapped[LongText]
    part_id: Mapped[int]
    decision: Mapped[Decision]
    cause: Mapped[Cause | None]
    detail: Mapped[LongText]
    reasons: Mapped[list[Any]]
    scores: Mapped[list[Any]]
    peak_presence_logit: Mapped[float | None]
    area_unit: Mapped[str] = mapped_column(String(8))
    image_width_px: Mapped[int | None]
    image_height_px: Mapped[int | None]
    source: Mapped[LongText]
    release_id: Mapped[LongText]
    model_version: Mapped[LongText]
    deadline_ms: Mapped[int]
    timings_ms: Mapped[dict[str, Any]]
    started_at_utc_ns: Mapped[int]
    started_at_monotonic_ns: Mapped[int]
    started_at_boot: Mapped[LongText]
    captured_at_utc_ns: Mapped[int | None]
    captured_at_monotonic_ns: Mapped[int | None]
    captured_at_boot: Mapped[LongText | None]
    decided_at_utc_ns: Mapped[int]
    decided_at_monotonic_ns: Mapped[int]
    decided_at_boot: Mapped[LongText]
    stored_at_utc_ns: Mapped[int]
    findings: Mapped[list[FindingRow]] = relationship(order_by="FindingRow.position")


class FindingRow(Base):
    """One region of a verdict; pixels are the sensor's, ``area`` is in the verdict's unit.

    ``length`` is in mm if that unit is mm2, else in px. It and ``aspect_ratio`` are null in rows
    from before migration 0007.
    """

    __tablename__ = "findings"
    __table_args__ = (UniqueConstraint("verdict_row", "position"),)

    id: Mapped[Id]
    verdict_row: Mapped[int] = mapped_column(ForeignKey("verdicts.id", ondelete="CASCADE"))
    position: Mapped[int]
    prompt: Mapped[LongText]
    area_px2: Mapped[float]
    area: Mapped[float]
    length: Mapped[float | None]
    aspect_ratio: Mapped[float | None]
    box_xyxy_px: Mapped[list[Any]]
    centroid_xy_px: Mapped[list[Any]]
    outline_px: Mapped[list[Any]]
    presence_logit: Mapped[float]
    margin_mean: Mapped[float]
    margin_peak: Mapped[float]
    counted: Mapped[bool]


class DispositionRow(Base):
    """What the bridge presented for a part: the ledger. The decision never changes."""

    __tablename__ = "dispositions"
    __table_args__ = (
        UniqueConstraint("station", "epoch", "trigger_seq"),
        Index("ix_dispositions_ledger", "station", "epoch", "decision", "cause", "trigger_seq"),
        Index(None, "started_at_utc_ns"),
        Index(None, "station", "started_at_utc_ns"),
        Index(None, "part_id"),
        Index(
            "ix_dispositions_challenges",
            "station",
            "epoch",
            "trigger_seq",
            sqlite_where=text("challenge = 1"),
            postgresql_where=text("challenge"),
        ),
    )

    id: Mapped[Id]
    station: Mapped[Station]
    epoch: Mapped[int]
    trigger_seq: Mapped[int]
    revision: Mapped[int]
    part_id: Mapped[int]
    encoder: Mapped[int | None]
    challenge: Mapped[bool] = mapped_column(server_default=false())
    decision: Mapped[Decision]
    cause: Mapped[Cause | None]
    mode: Mapped[Mode]
    release_id: Mapped[LongText]
    verdict_id: Mapped[LongText | None]
    late_verdict_id: Mapped[LongText | None]
    late_decision: Mapped[Decision | None]
    gate: Mapped[Gate]
    started_at_utc_ns: Mapped[int]
    started_at_monotonic_ns: Mapped[int]
    started_at_boot: Mapped[LongText]
    verdict_arrived_at_utc_ns: Mapped[int | None]
    verdict_arrived_at_monotonic_ns: Mapped[int | None]
    verdict_arrived_at_boot: Mapped[LongText | None]
    presented_at_utc_ns: Mapped[int | None]
    presented_at_monotonic_ns: Mapped[int | None]
    presented_at_boot: Mapped[LongText | None]
    acknowledged_at_utc_ns: Mapped[int | None]
    acknowledged_at_monotonic_ns: Mapped[int | None]
    acknowledged_at_boot: Mapped[LongText | None]
    stored_at_utc_ns: Mapped[int]


class SequenceRow(Base):
    """The range of parts that a station has journaled in an epoch: the ledger must cover it."""

    __tablename__ = "sequences"

    station: Mapped[Station] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_seq: Mapped[int]
    last_seq: Mapped[int]
    known_at_utc_ns: Mapped[int]
    after_jump: Mapped[bool] = mapped_column(server_default=false())


class ReleaseRow(Base):
    """A station's configuration, as it was first seen."""

    __tablename__ = "releases"

    station: Mapped[Station] = mapped_column(primary_key=True)
    release_id: Mapped[LongText] = mapped_column(primary_key=True)
    mode: Mapped[Mode]
    config: Mapped[dict[str, Any]]
    first_seen_at_utc_ns: Mapped[int]


class ActivationRow(Base):
    """A release became active at its station. Append-only; the newest is in force."""

    __tablename__ = "activations"
    __table_args__ = (Index(None, "station", "id"),)

    id: Mapped[Id]
    station: Mapped[Station]
    release_id: Mapped[LongText]
    at_utc_ns: Mapped[int]
    who: Mapped[LongText] = mapped_column(server_default="")
    why: Mapped[LongText] = mapped_column(server_default="")
    word_warnings: Mapped[dict[str, Any] | None]


class RosterRow(Base):
    """Which stations the line had from then on. Append-only; the newest is in force."""

    __tablename__ = "rosters"

    id: Mapped[Id]
    roster_id: Mapped[LongText]
    stations: Mapped[dict[str, Any]]
    at_utc_ns: Mapped[int]


class PhaseRow(Base):
    """A station's bridge changed its state or recipe. Append-only; the newest is in force."""

    __tablename__ = "phases"
    __table_args__ = (Index(None, "station", "id"),)

    id: Mapped[Id]
    station: Mapped[Station]
    process: Mapped[Station]
    phase: Mapped[LongText]
    recipe: Mapped[int | None]
    reason: Mapped[LongText]
    at_utc_ns: Mapped[int]


class PictureRow(Base):
    """The archive's index. ``path`` is relative to the archive's folder."""

    __tablename__ = "pictures"
    __table_args__ = (
        UniqueConstraint("station", "epoch", "trigger_seq"),
        Index(None, "evicted_at_utc_ns", "captured_at_utc_ns"),
    )

    id: Mapped[Id]
    station: Mapped[Station]
    epoch: Mapped[int]
    trigger_seq: Mapped[int]
    path: Mapped[LongText]
    size_bytes: Mapped[int]
    sha256: Mapped[Digest]
    source: Mapped[LongText]
    release_id: Mapped[LongText]
    captured_at_utc_ns: Mapped[int]
    evicted_at_utc_ns: Mapped[int | None]


class DeadLetterRow(Base):
    """A message that can never be stored. The same one again increases ``count``."""

    __tablename__ = "dead_letters"

    digest: Mapped[Digest] = mapped_column(primary_key=True)
    topic: Mapped[LongText]
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[LongText]
    count: Mapped[int]
    first_seen_at_utc_ns: Mapped[int]
    last_seen_at_utc_ns: Mapped[int]
