"""Durations: from monotonic clocks if both ends are of the same boot, else from UTC."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Float, Select, and_, case, cast, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from contracts.causes import Decision
from contracts.identity import PartKey
from contracts.percentiles import nearest_rank
from storage.models import DispositionRow, VerdictRow
from storage.queries.lineage import lineage
from storage.queries.results import PartTimes, Percentiles

D, V = DispositionRow, VerdictRow
Moment = tuple[InstrumentedAttribute[Any], InstrumentedAttribute[Any], InstrumentedAttribute[Any]]
STARTED: Moment = (D.started_at_utc_ns, D.started_at_monotonic_ns, D.started_at_boot)
CAPTURED: Moment = (V.captured_at_utc_ns, V.captured_at_monotonic_ns, V.captured_at_boot)
DECIDED: Moment = (V.decided_at_utc_ns, V.decided_at_monotonic_ns, V.decided_at_boot)
ARRIVED: Moment = (
    D.verdict_arrived_at_utc_ns,
    D.verdict_arrived_at_monotonic_ns,
    D.verdict_arrived_at_boot,
)
PRESENTED: Moment = (D.presented_at_utc_ns, D.presented_at_monotonic_ns, D.presented_at_boot)
ACKNOWLEDGED: Moment = (
    D.acknowledged_at_utc_ns,
    D.acknowledged_at_monotonic_ns,
    D.acknowledged_at_boot,
)
IN_RATES = D.challenge.is_(False)
"""Challenge parts are in the ledger but not in rates: they test the station."""
NO_TIME = Percentiles(count=0, p50=None, p99=None)


def ms_between(earlier: Moment, later: Moment) -> ColumnElement[float]:
    """Return the milliseconds between two moments, in SQL; null if one is missing."""
    nanoseconds = case((earlier[2] == later[2], later[1] - earlier[1]), else_=later[0] - earlier[0])
    return type_coerce(cast(nanoseconds, Float) / 1e6, Float)


def same_part() -> ColumnElement[bool]:
    """Join the verdict and the disposition of a part, by its identity."""
    return and_(V.station == D.station, V.epoch == D.epoch, V.trigger_seq == D.trigger_seq)


def latencies(
    session: Session,
    station: str | None = None,
    since_utc_ns: int | None = None,
    limit: int = 1000,
) -> list[PartTimes]:
    """Return the durations of the newest ``limit`` parts, newest first."""
    wanted = times_of_parts().order_by(D.started_at_utc_ns.desc(), D.id.desc()).limit(limit)
    if station is not None:
        wanted = wanted.where(D.station == station)
    if since_utc_ns is not None:
        wanted = wanted.where(D.started_at_utc_ns >= since_utc_ns)
    return [part_times(row) for row in session.execute(wanted)]


def times_of_parts() -> Select[*tuple[Any, ...]]:
    """Select the columns that ``part_times`` reads, one row for each disposition."""
    return select(
        D.station,
        D.epoch,
        D.trigger_seq,
        D.started_at_utc_ns,
        ms_between(STARTED, CAPTURED).label("start_to_capture_ms"),
        ms_between(CAPTURED, DECIDED).label("capture_to_decision_ms"),
        ms_between(CAPTURED, PRESENTED).label("capture_to_plc_ms"),
        ms_between(STARTED, PRESENTED).label("start_to_plc_ms"),
        ms_between(ARRIVED, PRESENTED).label("verdict_to_plc_ms"),
        ms_between(PRESENTED, ACKNOWLEDGED).label("plc_to_acknowledge_ms"),
        V.timings_ms,
    ).outerjoin(V, same_part())


def part_times(row: Any) -> PartTimes:
    """Return the durations of one row of ``times_of_parts``."""
    return PartTimes(
        part=PartKey(station=row.station, epoch=row.epoch, trigger_seq=row.trigger_seq),
        started_at_utc_ns=row.started_at_utc_ns,
        start_to_capture_ms=row.start_to_capture_ms,
        capture_to_decision_ms=row.capture_to_decision_ms,
        capture_to_plc_ms=row.capture_to_plc_ms,
        start_to_plc_ms=row.start_to_plc_ms,
        verdict_to_plc_ms=row.verdict_to_plc_ms,
        plc_to_acknowledge_ms=row.plc_to_acknowledge_ms,
        timings_ms=row.timings_ms or {},
    )


def capture_to_plc(
    session: Session,
    station: str | None = None,
    since_utc_ns: int | None = None,
    until_utc_ns: int | None = None,
) -> dict[str, Percentiles]:
    """Return percentiles per station, from capture to registers set, of passes and rejects.

    Parts count that started at ``since`` or later, and at ``until`` or earlier.
    """
    ms, known = ms_between(CAPTURED, PRESENTED), lineage(session)
    name = known.name(D)
    parts = select(
        name.label("station"),
        ms.label("ms"),
        func.row_number().over(partition_by=name, order_by=ms).label("rank"),
        func.count().over(partition_by=name).label("n"),
    ).join(V, same_part())
    parts = parts.where(ms.is_not(None), D.decision != Decision.NO_VERDICT, IN_RATES)
    if station is not None:
        parts = parts.where(known.holds(D, [station]))
    if since_utc_ns is not None:
        parts = parts.where(D.started_at_utc_ns >= since_utc_ns)
    if until_utc_ns is not None:
        parts = parts.where(D.started_at_utc_ns <= until_utc_ns)
    return {row.station: Percentiles(row.n, row.p50, row.p99) for row in _ranked(session, parts)}


def _ranked(session: Session, parts: Select[Any]) -> list[Any]:
    each = parts.subquery()

    def at(percent: int) -> ColumnElement[float]:
        wanted = each.c.rank == nearest_rank(each.c.n, percent)
        return func.max(case((wanted, each.c.ms)))

    wanted = select(
        each.c.station, func.max(each.c.n).label("n"), at(50).label("p50"), at(99).label("p99")
    ).group_by(each.c.station)
    return list(session.execute(wanted))
