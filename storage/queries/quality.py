"""How good the parts are, over time and by prompt. Counted in SQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, case, distinct, exists, func, select
from sqlalchemy.orm import Session

from contracts.causes import Decision
from storage.models import DispositionRow, FindingRow, VerdictRow
from storage.queries.durations import IN_RATES, same_part
from storage.queries.lineage import lineage
from storage.queries.results import DispositionCounts, ParetoRow

D, V, F = DispositionRow, VerdictRow, FindingRow


def parts_with(decision: Decision) -> ColumnElement[int]:
    """Count the rows of a group with this decision; 0, never null."""
    return func.count(case((D.decision == decision, 1)))


def disposition_counts(
    session: Session,
    stations: str | Sequence[str] | None,
    bucket_s: float,
    since_utc_ns: int,
    until_utc_ns: int,
) -> list[DispositionCounts]:
    """Return dispositions per bucket and station, oldest first; empty buckets are left out.

    They are counts of what the bridge presented, not of verdicts: a pass that came too late is no
    verdict here. Buckets begin at whole multiples of ``bucket_s`` since 1970-01-01 UTC. Parts count
    by when they started; ``since <= started < until``. Parts of a station that was renamed count
    under its name of now.
    """
    known = lineage(session)
    width_ns = int(bucket_s * 1e9)
    bucket = D.started_at_utc_ns - D.started_at_utc_ns % width_ns
    wanted = select(
        bucket.label("bucket"),
        known.name(D).label("name"),
        (parts_with(Decision.PASS) + parts_with(Decision.REJECT)).label("inspected"),
        parts_with(Decision.REJECT).label("rejected"),
        parts_with(Decision.NO_VERDICT).label("no_verdict"),
    ).where(D.started_at_utc_ns >= since_utc_ns, D.started_at_utc_ns < until_utc_ns, IN_RATES)
    if stations is not None:
        named = [stations] if isinstance(stations, str) else stations
        wanted = wanted.where(known.holds(D, named))
    wanted = wanted.group_by("bucket", "name").order_by("bucket", "name")
    return [DispositionCounts(*row) for row in session.execute(wanted)]


def pareto(
    session: Session,
    station: str | None = None,
    since_utc_ns: int | None = None,
    until_utc_ns: int | None = None,
) -> list[ParetoRow]:
    """Return parts with counted findings by station and prompt, most parts first."""
    known = lineage(session)
    name, parts = known.name(V).label("name"), func.count(distinct(F.verdict_row))
    wanted = (
        select(name, F.prompt, parts)
        .join(V, V.id == F.verdict_row)
        .where(F.counted, ~exists().where(same_part(), D.challenge))
        .group_by("name", F.prompt)
        .order_by(parts.desc(), F.prompt)
    )
    if station is not None:
        wanted = wanted.where(known.holds(V, [station]))
    if since_utc_ns is not None:
        wanted = wanted.where(V.started_at_utc_ns >= since_utc_ns)
    if until_utc_ns is not None:
        wanted = wanted.where(V.started_at_utc_ns < until_utc_ns)
    return [ParetoRow(*row) for row in session.execute(wanted)]
