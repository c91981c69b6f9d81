"""Phases are appended when they change; a bridge that is gone is offline."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from contracts.conditions import CONDITIONS
from contracts.process_state import ProcessState, Role, Trouble
from storage.models import PhaseRow
from storage.process_states import record_state


def state(phases: dict[str, str], *, online: bool = True, process: str = "bridge") -> ProcessState:
    at_utc_ns = 5 if online else 0
    return ProcessState(
        process=process,
        role=Role.BRIDGE,
        online=online,
        ready=online,
        phases=phases,
        at_utc_ns=at_utc_ns,
    )


def recorded(session: Session) -> list[tuple[str, str, int]]:
    rows = session.scalars(select(PhaseRow).order_by(PhaseRow.id))
    return [(row.station, row.phase, row.at_utc_ns) for row in rows]


def test_only_changes_are_appended(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        news = [
            record_state(session, state(phases), 9)
            for phases in ({"tiles": "init"}, {"tiles": "init"}, {"tiles": "ready"})
        ]
        assert news == [True, False, True]
        assert recorded(session) == [("tiles", "init", 5), ("tiles", "ready", 5)]


def test_the_last_will_ends_the_phases_of_its_own_process(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        record_state(session, state({"tiles": "ready", "lids": "ready"}), 9)
        record_state(session, state({"lids": "ready"}, process="bridge-2"), 9)
        assert record_state(session, state({}, online=False), 9)
        assert not record_state(session, state({}, online=False), 10)
        assert recorded(session)[-1] == ("tiles", "offline", 9)
        assert ("lids", "offline", 9) not in recorded(session)


def test_a_recipe_that_the_plc_selects_is_appended_once(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        running = state({"tiles": "running"})
        news = [
            record_state(session, running.model_copy(update={"recipes": {"tiles": recipe}}), 9)
            for recipe in (0, 0, 7)
        ]
        assert news == [True, False, True]
        assert session.scalars(select(PhaseRow.recipe).order_by(PhaseRow.id)).all() == [0, 7]


def test_a_phase_has_the_reason_of_its_own_station(sessions: sessionmaker[Session]) -> None:
    troubles = {"tiles": Trouble(code="plc_silent"), "lids": Trouble(code="no_camera")}
    said = state({"tiles": "fault", "lids": "init", "pcb": "ready"})
    with sessions.begin() as session:
        record_state(session, said.model_copy(update={"troubles": troubles}), 9)
        reasons = {row.station: row.reason for row in session.scalars(select(PhaseRow))}
    assert reasons == {
        "tiles": CONDITIONS["plc_silent"].words,
        "lids": CONDITIONS["no_camera"].words,
        "pcb": "",
    }
