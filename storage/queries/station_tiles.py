"""The line right now: one tile for each station."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from contracts.causes import Decision
from contracts.identity import PartKey
from storage.models import ActivationRow, DispositionRow, PhaseRow, SequenceRow
from storage.queries.durations import IN_RATES, NO_TIME, capture_to_plc
from storage.queries.lineage import Lineage, lineage
from storage.queries.quality import parts_with
from storage.queries.release_views import releases
from storage.queries.results import LineTile, Percentiles, ReleaseView

D = DispositionRow
MINUTE_NS, HOUR_NS = 60 * 10**9, 3600 * 10**9
TIMES_OF_NS = 10 * MINUTE_NS
"""How far back a tile's percentiles go: short, so that what is slow now shows now."""


def line_tiles(session: Session, now_utc_ns: int) -> list[LineTile]:
    """Return a tile for every station that ever had a release, a sequencer or a bridge, by name.

    A station that was renamed has one tile, under its name of now.
    """
    known = lineage(session)
    hour = _last_hour(session, known, now_utc_ns)
    active = {view.station: view for view in releases(session) if view.active}
    times = capture_to_plc(session, None, now_utc_ns - TIMES_OF_NS, now_utc_ns)
    return [
        _tile(
            station,
            active.get(station),
            _newest(session, PhaseRow, station),
            hour.get(station),
            _last_part(session, known, station),
            times.get(station, NO_TIME),
        )
        for station in sorted((_stations(session) | hour.keys()) - known.former)
    ]


def _tile(
    station: str,
    release: ReleaseView | None,
    phase: PhaseRow | None,
    hour: Any,
    last: DispositionRow | None,
    capture_to_plc_ms: Percentiles,
) -> LineTile:
    passed, rejected, no_verdict = hour or (0, 0, 0)
    return LineTile(
        station=station,
        mode=release.mode if release else None,
        release_id=release.release_id if release else None,
        phase=phase.phase if phase else None,
        recipe=_recipe(release, phase),
        phase_reason=phase.reason if phase else "",
        parts_last_hour=passed + rejected + no_verdict,
        rejected_last_hour=rejected,
        no_verdict_last_hour=no_verdict,
        last_part=_part(last) if last else None,
        last_decision=last.decision if last else None,
        last_cause=last.cause if last else None,
        last_at_utc_ns=last.started_at_utc_ns if last else None,
        capture_to_plc_ms=capture_to_plc_ms,
    )


def _recipe(release: ReleaseView | None, phase: PhaseRow | None) -> int | None:
    has_any = release is not None and release.config.get("recipes")
    return phase.recipe if phase and has_any else None


def _stations(session: Session) -> set[str]:
    """Return the known stations, from small tables: there are many dispositions."""
    tables = (ActivationRow, SequenceRow, PhaseRow)
    return set(session.scalars(union(*(select(table.station) for table in tables))))


def _last_hour(
    session: Session, known: Lineage, now_utc_ns: int
) -> dict[str, tuple[int, int, int]]:
    """Return parts passed, rejected and without a verdict, per station."""
    wanted = (
        select(
            known.name(D).label("name"),
            parts_with(Decision.PASS),
            parts_with(Decision.REJECT),
            parts_with(Decision.NO_VERDICT),
        )
        .where(D.started_at_utc_ns >= now_utc_ns - HOUR_NS)
        .where(D.started_at_utc_ns <= now_utc_ns, IN_RATES)
        .group_by("name")
    )
    return {row[0]: (row[1], row[2], row[3]) for row in session.execute(wanted)}


def _newest(session: Session, table: Any, station: str) -> Any:
    wanted = select(table).where(table.station == station).order_by(table.id.desc())
    return session.scalars(wanted.limit(1)).one_or_none()


def _last_part(session: Session, known: Lineage, station: str) -> DispositionRow | None:
    """Return the newest part by its number: numbers only rise, and a clock can be set back."""
    wanted = select(D).where(known.holds(D, [station]))
    newest_first = wanted.order_by(D.epoch.desc(), D.trigger_seq.desc())
    return session.scalars(newest_first.limit(1)).one_or_none()


def _part(row: DispositionRow) -> PartKey:
    return PartKey(station=row.station, epoch=row.epoch, trigger_seq=row.trigger_seq)
