"""Distributions of causes and durations, counted in SQL."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from contracts.causes import Cause, Decision
from storage.models import DispositionRow, VerdictRow
from storage.queries.durations import CAPTURED, IN_RATES, PRESENTED, ms_between, same_part
from storage.queries.lineage import lineage

D, V = DispositionRow, VerdictRow


@dataclass(frozen=True)
class CauseCount:
    """Parts of one station and bucket without a verdict, for one cause."""

    bucket_start_utc_ns: int
    station: str
    cause: Cause
    parts: int


@dataclass(frozen=True)
class DurationCount:
    """Parts whose time from capture to PLC was at least ``from_ms`` and below ``from_ms + 1``."""

    from_ms: int
    parts: int


def no_verdict_causes(
    session: Session, station: str, bucket_s: float, since_utc_ns: int, until_utc_ns: int
) -> list[CauseCount]:
    """Return parts without a verdict per bucket and cause, oldest first.

    Buckets are those of ``disposition_counts``; ``since <= started < until``. Parts of the station
    under names that it had before count too.
    """
    known, width_ns = lineage(session), int(bucket_s * 1e9)
    bucket = (D.started_at_utc_ns - D.started_at_utc_ns % width_ns).label("bucket")
    wanted = (
        select(bucket, D.cause, func.count())
        .where(
            known.holds(D, [station]),
            D.decision == Decision.NO_VERDICT,
            IN_RATES,
            D.started_at_utc_ns >= since_utc_ns,
            D.started_at_utc_ns < until_utc_ns,
        )
        .group_by("bucket", D.cause)
        .order_by("bucket", D.cause)
    )
    return [
        CauseCount(start, station, cause, parts)
        for start, cause, parts in session.execute(wanted)
        if cause is not None  # never None for parts without a verdict
    ]


def capture_to_plc_counts(
    session: Session, station: str, since_utc_ns: int, until_utc_ns: int
) -> list[DurationCount]:
    """Return how many parts took how many whole milliseconds from capture to registers set.

    Counts parts with a pass or a reject, as ``capture_to_plc`` does; shortest first.
    """
    ms = ms_between(CAPTURED, PRESENTED)
    # Not only a cast: PostgreSQL rounds, SQLite truncates.
    whole = cast(func.floor(ms), Integer).label("whole")
    wanted = (
        select(whole, func.count())
        .join(V, same_part())
        .where(
            lineage(session).holds(D, [station]),
            D.decision != Decision.NO_VERDICT,
            IN_RATES,
            ms.is_not(None),
            D.started_at_utc_ns >= since_utc_ns,
            D.started_at_utc_ns < until_utc_ns,
        )
        .group_by("whole")
        .order_by("whole")
    )
    return [DurationCount(*row) for row in session.execute(wanted)]
