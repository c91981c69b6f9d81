"""How parts without a verdict and durations spread: counts, aggregated in SQL."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from contracts.causes import Cause, Decision
from storage.models import DispositionRow, VerdictRow
from storage.queries.durations import CAPTURED, IN_RATES, PRESENTED, ms_between, same_part

D, V = DispositionRow, VerdictRow


@dataclass(frozen=True)
class CauseCount:
    """Parts of one bucket of one station that have no verdict for one cause."""

    bucket_start_utc_ns: int
    station: str
    cause: Cause
    parts: int


@dataclass(frozen=True)
class DurationCount:
    """Parts whose capture to PLC took at least ``from_ms`` and less than 1 ms more."""

    from_ms: int
    parts: int


def no_verdict_causes(
    session: Session, station: str, bucket_s: float, since_utc_ns: int, until_utc_ns: int
) -> list[CauseCount]:
    """No verdicts per bucket and cause, oldest first.

    Buckets are those of ``disposition_counts``; ``since <= started < until``.
    """
    width_ns = int(bucket_s * 1e9)
    bucket = (D.started_at_utc_ns - D.started_at_utc_ns % width_ns).label("bucket")
    wanted = (
        select(bucket, D.station, D.cause, func.count())
        .where(
            D.station == station,
            D.decision == Decision.NO_VERDICT,
            IN_RATES,
            D.started_at_utc_ns >= since_utc_ns,
            D.started_at_utc_ns < until_utc_ns,
        )
        .group_by("bucket", D.station, D.cause)
        .order_by("bucket", D.cause)
    )
    return [
        CauseCount(start, station, cause, parts)
        for start, station, cause, parts in session.execute(wanted)
        if cause is not None  # never, of parts without a verdict
    ]


def capture_to_plc_counts(
    session: Session, station: str, since_utc_ns: int, until_utc_ns: int
) -> list[DurationCount]:
    """How many parts took how many whole milliseconds from capture to registers set.

    Parts with a pass or a reject, as in ``capture_to_plc``; shortest first.
    """
    ms = ms_between(CAPTURED, PRESENTED)
    # Not a cast alone: PostgreSQL rounds where SQLite truncates.
    whole = cast(func.floor(ms), Integer).label("whole")
    wanted = (
        select(whole, func.count())
        .join(V, same_part())
        .where(
            D.station == station,
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
