"""A broker without its retained configuration gets it back; one that has it is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from contracts.release import Activation
from contracts.roster import Roster, RosterStation
from runtime.process.clock import ManualClock
from storage.config_keeper import WAIT_FOR_RETAINED_S, ConfigKeeper
from storage.release_store import record_cleared, record_release
from storage.roster_store import record_roster
from tests.unit.storage.part_messages import release
from tests.unit.storage.wire import TOPICS, Message, Wire

CONFIG = TOPICS.config("tiles")
OLD, NEW = release(words="a dent"), release(words="a scratch", who="anna", why="a trial")


def raw(one: Activation) -> bytes:
    return one.model_dump_json().encode()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def keeper(wire: Wire, clock: ManualClock, sessions: sessionmaker[Session]) -> ConfigKeeper:
    with sessions.begin() as session:
        record_release(session, OLD, 1)
        record_release(session, NEW, 2)
    return ConfigKeeper(wire, TOPICS, ["tiles", "lids"], sessions, clock)


def connect_and_wait(keeper: ConfigKeeper, clock: ManualClock) -> None:
    keeper.connected()
    clock.advance_ms(WAIT_FOR_RETAINED_S * 1000)
    keeper.step()


def test_the_newest_release_is_republished_once(
    keeper: ConfigKeeper, wire: Wire, clock: ManualClock
) -> None:
    keeper.step()
    connect_and_wait(keeper, clock)
    keeper.step()
    assert wire.sent == [(CONFIG, raw(NEW), True)]


def test_a_broker_that_has_one_is_left_alone(
    keeper: ConfigKeeper, wire: Wire, clock: ManualClock
) -> None:
    keeper.connected()
    keeper.saw(Message(CONFIG, raw(OLD)))
    clock.advance_ms(WAIT_FOR_RETAINED_S * 1000)
    keeper.step()
    assert wire.sent == []


def test_a_cleared_configuration_stays_cleared(
    keeper: ConfigKeeper, wire: Wire, clock: ManualClock, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        record_cleared(session, "tiles", 3)
    connect_and_wait(keeper, clock)
    assert wire.sent == []


def test_it_is_tried_again_while_the_broker_is_gone(
    keeper: ConfigKeeper, wire: Wire, clock: ManualClock
) -> None:
    wire.down = True
    connect_and_wait(keeper, clock)
    wire.down = False
    keeper.step()
    assert wire.sent == [(CONFIG, raw(NEW), True)]


def test_a_release_that_was_applied_meanwhile_wins(
    keeper: ConfigKeeper, wire: Wire, clock: ManualClock
) -> None:
    """The broker had a person's new release a moment before it had ours."""
    connect_and_wait(keeper, clock)
    applied = raw(release(words="a crack"))
    keeper.saw(Message(CONFIG, applied))
    keeper.saw(Message(CONFIG, raw(NEW)))
    assert wire.sent[1:] == [(CONFIG, applied, True)]
    keeper.saw(Message(CONFIG, applied))
    assert len(wire.sent) == 2


def roster(*stations: str) -> Roster:
    return Roster(stations=dict.fromkeys(stations, RosterStation()))


def test_the_newest_roster_says_which_stations_get_their_release_back(
    keeper: ConfigKeeper, wire: Wire, clock: ManualClock, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        record_release(session, release(station="new"), 3)
        record_roster(session, roster("tiles", "new"), 4)
        record_roster(session, roster("new"), 5)
    connect_and_wait(keeper, clock)
    assert [topic for topic, _, _ in wire.sent] == [TOPICS.stations, TOPICS.config("new")]
    assert Roster.model_validate_json(wire.sent[0][1]) == roster("new")


def test_a_broker_that_has_the_roster_keeps_it_and_its_id_is_told(
    keeper: ConfigKeeper, wire: Wire, clock: ManualClock, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        record_roster(session, roster("lids"), 3)
    keeper.connected()
    assert keeper.roster_id == ""
    keeper.saw(Message(TOPICS.stations, roster("lids").model_dump_json().encode()))
    keeper.saw(Message(TOPICS.stations, b"noise"))
    clock.advance_ms(WAIT_FOR_RETAINED_S * 1000)
    keeper.step()
    assert keeper.roster_id == roster("lids").roster_id
    assert wire.sent == []


def test_a_release_of_an_older_version_is_given_back_under_its_own_name(
    wire: Wire, clock: ManualClock, sessions: sessionmaker[Session]
) -> None:
    fixture = Path(__file__).parents[2] / "fixtures/v1/activation_recipes.json"
    with sessions.begin() as session:
        record_release(session, Activation.model_validate_json(fixture.read_text()), 1)
    connect_and_wait(ConfigKeeper(wire, TOPICS, ["plates"], sessions, clock), clock)
    [(_, payload, _)] = wire.sent
    before, now = json.loads(fixture.read_text()), json.loads(payload)
    assert (now["release_id"], now["config"]) == (before["release_id"], before["config"])
