"""What the line tells a process, and what the process tells it."""

from __future__ import annotations

import queue

import pytest

from contracts.camera import CameraConfig
from contracts.errors import Unavailable
from contracts.identity import PartKey
from contracts.messages import Stored, StoredItem
from contracts.names import Topics
from contracts.process_state import Status, Trouble
from contracts.release import Activation, Prompt, Release, StationConfig
from contracts.roster import Roster, RosterStation
from runtime.messaging import control
from runtime.messaging.control import Control
from runtime.messaging.mqtt_messages import Incoming
from runtime.messaging.release_book import ReleaseBook

TOPICS = Topics("demo", "line1")
RELEASE = Activation.by(
    "anna",
    "a trial",
    Release.of(
        "tiles",
        StationConfig(camera=CameraConfig(kind="simulated"), prompts=(Prompt(words="a crack"),)),
    ),
)


def roster(*stations: str) -> Roster:
    return Roster(stations=dict.fromkeys(stations, RosterStation()))


NO_RELEASE = Trouble(code="no_release")
STORED = Stored(
    items=(StoredItem(kind="verdict", part=PartKey(station="tiles", epoch=1, trigger_seq=2)),)
)


class World:
    """The link's inbox, the outbox and the state, in memory."""

    def __init__(self, *sinks: str) -> None:
        self.inbox: queue.Queue[Incoming] = queue.Queue()
        self.releases = ReleaseBook()
        self.acked: list[str] = []
        self.stored: list[Stored] = []
        self.published: list[Status] = []
        self.status = Status(troubles={"tiles": NO_RELEASE, "plates": Trouble(code="no_camera")})
        self.stored_fails = False
        self.followed: list[tuple[str, ...]] = []
        self.others_are_left = False
        self.control = Control(
            self.inbox,
            TOPICS,
            stations=("tiles", "plates"),
            follow=self.follow,
            releases=self.releases,
            sinks=sinks,
            on_stored=self.on_stored,
            board=self,
            status=lambda: self.status,
        )

    def say(self, topic: str, payload: bytes) -> None:
        self.inbox.put(Incoming(topic, payload, False, lambda: self.acked.append(topic)))
        self.control.step()

    def follow(self, stations: tuple[str, ...]) -> bool:
        self.followed.append(stations)
        return not self.others_are_left

    def on_stored(self, stored: Stored) -> None:
        if self.stored_fails:
            raise Unavailable("journal", "refused")
        self.stored.append(stored)

    def publish(self, status: Status) -> bool:
        self.published.append(status)
        return True


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(control, "WAIT_S", 0.001)
    return World("storage")


def test_a_release_becomes_active(world: World) -> None:
    world.say(TOPICS.config("tiles"), RELEASE.model_dump_json().encode())
    assert world.releases.active("tiles") == RELEASE
    assert world.acked == [TOPICS.config("tiles")]


def test_the_newest_roster_decides_which_stations_are_served(world: World) -> None:
    world.say(TOPICS.stations, roster("plates", "lids").model_dump_json().encode())
    world.status = Status()
    world.control.step()
    assert world.followed == [("tiles", "plates"), ("plates", "lids")]
    assert world.published[-1].stations == ("plates", "lids")


def test_a_roster_is_followed_when_nothing_is_left_of_other_stations(world: World) -> None:
    old, new = roster("tiles"), roster("plates")
    world.say(TOPICS.stations, old.model_dump_json().encode())
    world.control.step()
    world.others_are_left = True
    world.say(TOPICS.stations, new.model_dump_json().encode())
    world.control.step()
    world.others_are_left = False
    world.control.step()
    told = [each.roster_id for each in world.published]
    assert told == ["", old.roster_id, old.roster_id, old.roster_id, new.roster_id]


def test_what_storage_has_is_forgotten(world: World) -> None:
    world.say(TOPICS.stored, STORED.model_dump_json().encode())
    assert world.stored == [STORED]
    assert world.acked == [TOPICS.stored]


def test_with_two_sinks_it_is_forgotten_when_both_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(control, "WAIT_S", 0.001)
    world = World("storage", "plant")
    for by in ("storage", "plant"):
        stored = STORED.model_copy(update={"by": by})
        world.say(TOPICS.stored, stored.model_dump_json().encode())
    assert [each.items for each in world.stored] == [(), STORED.items]


@pytest.mark.parametrize("topic", [TOPICS.stored, TOPICS.config("tiles"), TOPICS.stations])
def test_a_foreign_message_changes_nothing(world: World, topic: str) -> None:
    world.say(TOPICS.config("tiles"), RELEASE.model_dump_json().encode())
    world.say(topic, b"hello")
    assert world.releases.active("tiles") == RELEASE
    assert world.stored == []
    assert len(world.acked) == 2


def test_a_journal_that_is_down_does_not_hold_up_the_link(world: World) -> None:
    world.stored_fails = True
    with pytest.raises(Unavailable):
        world.say(TOPICS.stored, STORED.model_dump_json().encode())
    assert world.acked == [TOPICS.stored]


def test_the_state_follows_the_troubles(world: World) -> None:
    world.control.step()
    world.status = Status(model_version="dqformer-1")
    world.control.step()
    before, after = world.published
    assert (before.ready, before.stations, before.model_version) == (False, (), "")
    assert set(before.troubles) == {"tiles", "plates"}
    assert (after.ready, after.stations, after.troubles) == (True, ("tiles", "plates"), {})
    assert after.model_version == "dqformer-1"


def test_a_station_in_trouble_leaves_the_others_served(world: World) -> None:
    world.status = Status(troubles={"tiles": NO_RELEASE})
    world.control.step()
    [status] = world.published
    assert (status.ready, status.stations) == (True, ("plates",))
    assert status.troubles == {"tiles": NO_RELEASE}


def test_a_process_in_trouble_serves_no_station(world: World) -> None:
    world.status = Status(reason="Triton is not there", troubles={"tiles": NO_RELEASE})
    world.control.step()
    [status] = world.published
    assert (status.ready, status.stations) == (False, ())
    assert status.reason == "Triton is not there"


def test_only_releases_of_own_stations_are_told(world: World) -> None:
    other = Activation.by("anna", "a trial", Release.of("pcb", RELEASE.config))
    for release in (RELEASE, other):
        world.say(TOPICS.config(release.station), release.model_dump_json().encode())
    world.control.step()
    assert world.published[-1].releases == {"tiles": RELEASE.release_id}
