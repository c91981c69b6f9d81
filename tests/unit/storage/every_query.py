"""Every query of the facade, asked with arguments that leave nothing out."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from storage import queries

Ask = Callable[[Session, str], Any]

ALWAYS = 0, 2**62
QUERIES: dict[str, Ask] = {
    "capture_to_plc": lambda session, station: queries.capture_to_plc(session, station, 0),
    "capture_to_plc_counts": lambda session, station: queries.capture_to_plc_counts(
        session, station, *ALWAYS
    ),
    "configured_stations": lambda session, station: queries.configured_stations(session),
    "decided_parts": lambda session, station: queries.decided_parts(session, 0),
    "disposition_counts": lambda session, station: queries.disposition_counts(
        session, station, 60, *ALWAYS
    ),
    "last_answers": lambda session, station: queries.last_answers(session, station),
    "last_challenges": lambda session, station: queries.last_challenges(session),
    "last_rejects": lambda session, station: queries.last_rejects(session, station),
    "latencies": lambda session, station: queries.latencies(session, station, 0),
    "ledger": lambda session, station: queries.ledger(session, station, since_utc_ns=0),
    "ledger_by_name": lambda session, station: queries.ledger_by_name(session, 0),
    "line_tiles": lambda session, station: queries.line_tiles(session, last_start_utc_ns(session)),
    "no_verdict_causes": lambda session, station: queries.no_verdict_causes(
        session, station, 60, *ALWAYS
    ),
    "pareto": lambda session, station: queries.pareto(session, station, *ALWAYS),
    "part_story": lambda session, station: queries.part_story(session, newest_part(session)),
    "releases": lambda session, station: queries.releases(session, station),
    "tables_exist": lambda session, station: queries.tables_exist(session),
}


def answers(session: Session, station: str) -> dict[str, Any]:
    """The answer of every query, by its name."""
    return {name: ask(session, station) for name, ask in QUERIES.items()}


def names_of_queries() -> set[str]:
    """What the facade exports that takes a session."""
    exported = {name: getattr(queries, name) for name in queries.__all__}
    return {name for name, it in exported.items() if inspect.isfunction(it) and _asks(it)}


def last_start_utc_ns(session: Session) -> int:
    return max(times.started_at_utc_ns for times in queries.latencies(session))


def newest_part(session: Session) -> str:
    return str(queries.latencies(session)[0].part)


def _asks(function: Callable[..., object]) -> bool:
    return "session" in inspect.signature(function).parameters
