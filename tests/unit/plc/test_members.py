"""Stations join and leave a bridge that goes on: every part of every one gets one disposition."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.causes import Cause, Decision, Mode, TriggerSource
from contracts.identity import PartKey
from contracts.messages import CaptureNotice, Disposition, SequenceRange, Trigger, Verdict
from contracts.process_state import ProcessState, Role
from contracts.release import Activation
from contracts.roster import Roster, RosterStation
from plc.core.one_writer import Peer, WriteRefused
from plc.core.part_book import ACCEPTED, REFUSED
from plc.core.phases import BridgePhase, ErrorCode
from plc.members import CAMERA_MAY_TAKE_MS, SHOWN_FOR_MS
from tests.unit.plc.test_bridge import Wired, of

UNITS = {"a": 1, "b": 2, "c": 3, "new": 1}
"""``a`` and ``new`` have the same unit: they are never in one roster."""
ALL_SETTLED_MS = 4000


def roster(*names: str) -> Roster:
    return Roster(stations=dict.fromkeys(names, RosterStation()))


class Line(Wired):
    """A bridge, the PLCs of its units, and an inference that passes what it is asked about."""

    def __init__(self, path: Path, *names: str) -> None:
        self.asked: dict[str, Trigger] = {}
        self.known: dict[int, int] = {}
        self.counters: dict[int, int] = {}
        super().__init__(path, *names)

    def ask(self, trigger: Trigger) -> None:
        self.asked[str(trigger.part)] = trigger

    def configure(self, *names: str, **config: object) -> None:
        for name in names:
            self.bridge.on_release(name, of(name, UNITS[name], **config))

    def have(self, *names: str) -> None:
        self.bridge.on_roster(roster(*names))

    def wait(self, ms: float = SHOWN_FOR_MS) -> None:
        """Time passes, and the journal keeps up."""
        for _ in range(round(ms / 100)):
            self.clock.advance_ms(100)
            self.bridge.tick()
            self.commit()

    def announce(self, unit: int) -> bool:
        """The PLC announces its next part; it introduces itself first if the bridge is new."""
        if not self.has(unit):
            return False
        boot_id = int(self.read(unit)["bridge_boot_id"])
        counter = self.counters.get(unit, 0)
        if self.known.get(unit) != boot_id:
            self.known[unit] = boot_id
            self.write(unit, plc_boot_id=7, trigger_seq=counter)
        self.counters[unit] = counter + 1
        self.write(unit, plc_boot_id=7, trigger_seq=self.counters[unit], part_id=5)
        return True

    def pass_all(self) -> None:
        """Inference passes every part that it was asked about."""
        asked, self.asked = self.asked, {}
        for trigger in asked.values():
            self.bridge.on_verdict(self.verdict(trigger), None)

    def verdict(self, trigger: Trigger) -> Verdict:
        ids = self.bridge.release_ids()
        return Verdict(
            verdict_id=f"v-{trigger.part}",
            part=trigger.part,
            part_id=trigger.part_id,
            decision=Decision.PASS,
            release_id=ids.get(trigger.part.station, ""),
            started_at=trigger.started_at,
            decided_at=self.clock.now(),
            deadline_ms=trigger.deadline_ms,
        )

    def acknowledge(self, unit: int) -> None:
        shown = int(self.read(unit)["seq_head"])
        self.write(unit, plc_boot_id=7, trigger_seq=self.counters[unit], ack_seq=shown, part_id=5)

    def ledger(self) -> dict[str, Disposition]:
        rows = self.journal.database.execute("SELECT body FROM dispositions").fetchall()
        found = [Disposition.model_validate_json(body) for (body,) in rows]
        assert len({str(each.part) for each in found}) == len(found)
        return {str(each.part): each for each in found}

    def epochs(self) -> list[tuple[str, int, int, int]]:
        query = "SELECT station, epoch, first_seq, last_seq FROM epochs ORDER BY epoch"
        return self.journal.database.execute(query).fetchall()

    def assert_closed(self) -> None:
        """Every number of every epoch has its disposition, and there is no other one."""
        due = {
            f"{station}/{epoch}/{seq}"
            for station, epoch, first, last in self.epochs()
            for seq in range(first, last + 1)
        }
        assert set(self.ledger()) == due


@pytest.fixture
def line(tmp_path: Path) -> Line:
    line = Line(tmp_path / "bridge.sqlite", "a", "b")
    line.configure("a", "b")
    line.commit()
    return line


def test_a_station_joins_with_a_boot_id_of_its_own_and_takes_parts(line: Line) -> None:
    before = dict(line.bridge.stations)
    line.configure("c")  # its release came before the roster
    assert not line.has(3)
    line.have("a", "b", "c")
    line.commit()
    assert line.bridge.roster_id == roster("a", "b", "c").roster_id
    assert {name: line.bridge.stations[name] for name in before} == before
    boot_ids = [line.read(unit)["bridge_boot_id"] for unit in (1, 2, 3)]
    assert boot_ids == [1, 1, 2]
    assert line.journal.next_boot_id() == 3
    line.announce(3)
    line.commit()
    assert [trigger.part.station for trigger in line.asked.values()] == ["c"]


def test_a_station_that_leaves_settles_its_parts_and_then_its_unit_is_silent(line: Line) -> None:
    line.announce(1)
    line.commit()
    line.asked.clear()
    line.announce(2)
    line.commit()
    line.have("b")
    line.pass_all()
    assert line.bridge.roster_id == ""
    line.commit()
    assert set(line.bridge.members) == {"b"}
    assert (line.read(1)["phase"], line.read(1)["error_code"]) == (
        BridgePhase.OFFLINE,
        ErrorCode.STATION_REMOVED,
    )
    [gone] = line.ledger().values()
    assert (gone.part.station, gone.decision) == ("a", Decision.NO_VERDICT)
    assert gone.cause is Cause.STATION_REMOVED
    line.announce(1)  # nobody takes it
    line.acknowledge(2)
    line.wait()
    assert not line.has(1)
    assert line.bridge.roster_id == roster("b").roster_id
    assert [(name, last) for name, _, _, last in line.epochs()] == [("a", 1), ("b", 1)]
    decided = {each.part.station: each.decision for each in line.ledger().values()}
    assert decided == {"a": Decision.NO_VERDICT, "b": Decision.PASS}
    line.assert_closed()


def test_a_pass_is_never_given_to_a_station_that_has_left(line: Line) -> None:
    line.announce(1)
    line.commit()
    line.pass_all()
    line.commit()
    line.bridge.tick()
    assert line.read(1)["verdict"] == 1  # it is on the registers, and not acknowledged
    line.have("b")
    line.write(1, plc_boot_id=7, trigger_seq=1, ack_seq=1, part_id=5)
    line.commit()
    assert line.read(1)["ack_state"] == REFUSED
    [gone] = line.ledger().values()
    assert (gone.decision, gone.cause) == (Decision.NO_VERDICT, Cause.STATION_REMOVED)


def test_a_pass_that_was_acknowledged_before_is_answered(line: Line) -> None:
    line.announce(1)
    line.commit()
    line.pass_all()
    line.commit()
    line.bridge.tick()
    line.acknowledge(1)
    line.have("b")
    line.commit()
    assert (line.read(1)["ack_state"], line.read(1)["ack_echo"]) == (ACCEPTED, 1)
    assert [each.decision for each in line.ledger().values()] == [Decision.PASS]


def test_a_restart_waits_for_nothing_of_a_station_that_left(line: Line) -> None:
    line.announce(1)
    line.commit()
    line.have("b")
    line.commit()
    line.journal.close_leftovers()
    line.journal.close()
    again = Line(line.journal.path, "a", "b")  # the environment is the old one
    again.commit()
    assert set(again.bridge.stations) == {"b"}
    assert (again.has(1), again.has(2)) == (False, True)
    assert list(again.bridge.sequences()) == ["a"]  # until storage has all of it
    again.assert_closed()


def test_a_new_name_in_the_same_place_begins_an_epoch_of_its_own(line: Line) -> None:
    for _ in range(3):
        line.announce(1)
        line.commit()
    line.configure("new")
    line.have("new", "b")
    line.wait(2 * SHOWN_FOR_MS)
    line.configure("new")  # a release that comes once more changes nothing
    for _ in range(2):
        line.announce(1)
        line.commit()
    line.wait(ALL_SETTLED_MS)
    counted = {name: (first, last) for name, _, first, last in line.epochs()}
    assert counted == {"a": (1, 3), "new": (4, 5)}
    line.assert_closed()


def test_a_station_that_comes_back_misses_no_part_of_the_time_between(line: Line) -> None:
    line.announce(1)
    line.have("b")
    line.wait(2 * SHOWN_FOR_MS)
    line.counters[1] += 40  # its PLC goes on
    line.have("a", "b")
    line.commit()
    assert line.has(1)  # with the release that it had
    line.announce(1)
    line.wait(ALL_SETTLED_MS)
    assert [(first, last) for _, _, first, last in line.epochs()] == [(1, 1), (42, 42)]
    line.assert_closed()


def test_a_station_that_is_back_at_once_waits_until_it_has_left(line: Line) -> None:
    old = line.bridge.stations["a"]
    line.have("b")
    line.have("a", "b")
    line.wait(2 * SHOWN_FOR_MS)
    assert line.bridge.stations["a"] is not old
    assert set(line.bridge.members) == {"a", "b"}
    assert line.bridge.roster_id == roster("a", "b").roster_id


def test_a_release_that_was_cleared_with_its_station_does_not_come_back(line: Line) -> None:
    line.have("b")
    line.bridge.on_release("a", None)
    line.wait(2 * SHOWN_FOR_MS)
    line.have("a", "b")
    line.wait()
    assert not line.has(1)
    assert set(line.bridge.release_ids()) == {"b"}


def test_a_fieldbus_that_is_not_served_is_the_trouble_of_its_station_alone(line: Line) -> None:
    speaks = {"a": RosterStation(), "b": RosterStation(), "c": RosterStation(protocol="opcua")}
    line.bridge.on_roster(Roster(stations=speaks))
    line.commit()
    troubles = line.bridge.troubles()
    assert troubles["c"].code == "fieldbus_not_served"
    assert "sockets.opcua" in troubles["c"].detail
    assert {troubles["a"].code, troubles["b"].code} == {"no_inference"}


def test_another_protocol_makes_it_a_new_station_and_other_peers_do_not(line: Line) -> None:
    old = dict(line.bridge.stations)
    links = {"a": RosterStation(protocol="opcua"), "b": RosterStation(peers=("10.0.0.5",))}
    line.bridge.on_roster(Roster(stations=links))
    line.wait(2 * SHOWN_FOR_MS)
    assert line.bridge.stations["a"] is not old["a"]
    assert line.bridge.images["a"].protocol == "opcua"
    assert line.bridge.stations["b"] is old["b"]
    with pytest.raises(WriteRefused):
        line.bridge.images["b"].check(line.bridge.images["b"].holding(), Peer("10.0.0.6", 1))
    line.bridge.images["b"].check(line.bridge.images["b"].holding(), Peer("10.0.0.5", 1))


FREE = {"trigger": TriggerSource.CAMERA, "mode": Mode.OBSERVE}


def notice(line: Line, seq: int) -> CaptureNotice:
    part = PartKey(station="a", epoch=9, trigger_seq=seq)
    return CaptureNotice(part=part, part_id=seq, captured_at=line.clock.now(), deadline_ms=300)


def ingest(roster_id: str, last_seq: int | None) -> ProcessState:
    ranges = (SequenceRange(epoch=9, first_seq=1, last_seq=last_seq),) if last_seq else ()
    return ProcessState(
        process="ingest",
        role=Role.INGEST,
        online=True,
        ready=True,
        roster_id=roster_id,
        sequences={"a": ranges} if ranges else {},
        at_utc_ns=0,
    )


def test_of_a_camera_that_triggers_ingest_says_which_part_was_the_last(line: Line) -> None:
    line.configure("a", **FREE)
    line.bridge.on_capture(notice(line, 1))
    line.have("b")
    line.bridge.on_capture(notice(line, 2))  # taken before ingest heard of the roster
    line.wait()
    assert "a" in line.bridge.stations
    line.bridge.on_state(ingest(roster("b").roster_id, 4))
    line.wait()
    line.bridge.on_capture(notice(line, 5))
    causes = {part: each.cause for part, each in line.ledger().items()}
    assert causes == {
        "a/9/1": Cause.CAMERA_LOST,
        "a/9/2": Cause.CAMERA_LOST,
        "a/9/3": Cause.MISSED_TRIGGER,
        "a/9/4": Cause.MISSED_TRIGGER,
    }
    assert set(line.bridge.stations) == {"b"}
    line.assert_closed()


def test_an_ingest_that_never_answers_does_not_keep_a_station(line: Line) -> None:
    line.configure("a", **FREE)
    line.bridge.on_capture(notice(line, 1))
    line.have("b")
    line.wait(CAMERA_MAY_TAKE_MS + 2 * SHOWN_FOR_MS)
    assert set(line.bridge.stations) == {"b"}
    line.assert_closed()


ROSTERS = st.sets(st.sampled_from(["a", "b", "c"]), min_size=1).flatmap(
    lambda names: st.sampled_from([names, {"new" if each == "a" else each for each in names}])
)
ACTIONS = st.one_of(
    st.tuples(st.just("have"), ROSTERS),
    st.tuples(st.just("part"), st.sampled_from([1, 2, 3])),
    st.tuples(st.just("ack"), st.sampled_from([1, 2, 3])),
    st.tuples(st.just("wait"), st.sampled_from([100, 200, 1200])),
    st.tuples(st.sampled_from(["pass", "commit", "restart"]), st.none()),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(ACTIONS, max_size=40))
def test_whatever_comes_and_goes_the_ledger_closes(actions: Sequence[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        line = Line(Path(folder) / "bridge.sqlite", "a", "b")
        line.configure(*UNITS)
        wanted: set[str] = {"a", "b"}
        for what, value in actions:
            before = wanted
            if isinstance(value, set):
                wanted = value
            kept = {name: line.bridge.stations.get(name) for name in before & wanted}
            line = act(line, what, value)
            if what == "restart":
                line.have(*wanted)  # retained: it comes at each start
            if what == "have":
                assert all(line.bridge.stations.get(name) is each for name, each in kept.items())
        line.wait(ALL_SETTLED_MS)
        assert set(line.bridge.stations) == wanted
        units = {UNITS[name] for name in wanted}
        assert {unit for unit in (1, 2, 3) if line.has(unit)} == units
        line.assert_closed()
        passed = [each for each in line.ledger().values() if each.decision is Decision.PASS]
        assert all(each.acknowledged_at for each in passed)
        line.journal.close()


def act(line: Line, what: str, value: object) -> Line:
    match what, value:
        case "have", set():
            line.have(*value)
        case "part", int():
            line.announce(value)
        case "ack", int():
            if line.has(value) and value in line.counters:
                line.acknowledge(value)
        case "wait", int():
            line.wait(value)
        case "pass", _:
            line.pass_all()
        case "commit", _:
            line.commit()
        case "restart", _:
            return killed(line)
    return line


def killed(line: Line) -> Line:
    """As by kill -9: what waits for the journal is lost, and a new bridge begins."""
    line.journal.close()
    again = Line(line.journal.path, "a", "b")
    again.journal.close_leftovers()
    again.counters = line.counters
    again.configure(*UNITS)
    return again


def test_a_hundred_changes_leave_nothing_behind(line: Line) -> None:
    for number in range(100):
        name = f"x-{number}"
        line.bridge.on_roster(roster("a", "b", name))
        line.bridge.on_release(name, named(name))
        line.commit()
        line.announce(9)
        line.bridge.on_release(name, None)
        line.have("a", "b")
        line.wait(SHOWN_FOR_MS)
    bridge = line.bridge
    assert set(bridge.stations) == set(bridge.images) == set(bridge.links) == {"a", "b"}
    assert set(bridge.release_ids()) == {"a", "b"}
    for table in ("releases", "triggers", "recipes"):
        query = f"SELECT count(*) FROM {table} WHERE station LIKE 'x-%'"
        assert line.journal.database.execute(query).fetchone() == (0,)
    line.assert_closed()


def named(name: str) -> Activation:
    return of(name, 9)
