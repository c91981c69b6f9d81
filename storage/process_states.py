"""Stores process states: the bridge's phases, and how far each sequencer is."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.messages import SequenceRange
from contracts.process_state import ProcessState
from storage.insert import insert_or_nothing
from storage.models import PhaseRow, SequenceRow

OFFLINE = "offline"
"""Phase of a station whose bridge is gone. It comes from the last will, not from the bridge."""


def record_state(session: Session, state: ProcessState, now_utc_ns: int) -> bool:
    """Append changed phases and recipes, widen the sequences; return whether anything was new."""
    widened = [
        _widen(session, station, reached, state.at_utc_ns)
        for station, ranges in state.sequences.items()
        for reached in ranges
    ]
    phases, at_utc_ns = state.phases, state.at_utc_ns
    if not state.online:  # a last will has neither stations nor the time
        phases, at_utc_ns = dict.fromkeys(_served(session, state), OFFLINE), now_utc_ns
    changed = [
        _append_phase(session, station, phase, state, at_utc_ns)
        for station, phase in phases.items()
    ]
    return any(widened) or any(changed)


def _widen(session: Session, station: str, reached: SequenceRange, at_utc_ns: int) -> bool:
    columns = {"station": station, **reached.model_dump(), "known_at_utc_ns": at_utc_ns}
    if insert_or_nothing(session, SequenceRow, columns) is not None:
        return True
    row = session.get_one(SequenceRow, (station, reached.epoch))
    before = row.first_seq, row.last_seq
    row.first_seq = min(row.first_seq, reached.first_seq)
    row.last_seq = max(row.last_seq, reached.last_seq)
    row.known_at_utc_ns = max(row.known_at_utc_ns, at_utc_ns)
    session.flush()
    return (row.first_seq, row.last_seq) != before


def _append_phase(
    session: Session, station: str, phase: str, state: ProcessState, at_utc_ns: int
) -> bool:
    newest, recipe = _newest_phase(session, station), state.recipes.get(station)
    known = newest and (newest.phase, newest.recipe, newest.process)
    if known == (phase, recipe, state.process):
        return False
    row = PhaseRow(
        station=station,
        process=state.process,
        phase=phase,
        recipe=recipe,
        reason=state.reason_for(station),
        at_utc_ns=at_utc_ns,
    )
    session.add(row)
    session.flush()
    return True


def _served(session: Session, state: ProcessState) -> list[str]:
    """Return the stations whose newest phase is from this process."""
    stations = session.scalars(
        select(PhaseRow.station).where(PhaseRow.process == state.process).distinct()
    )
    newest = {station: _newest_phase(session, station) for station in stations}
    return [s for s, row in newest.items() if row is not None and row.process == state.process]


def _newest_phase(session: Session, station: str) -> PhaseRow | None:
    of = PhaseRow
    return session.scalars(
        select(of).where(of.station == station).order_by(of.id.desc()).limit(1)
    ).one_or_none()
