"""Stations come and go while ``python -m plc`` runs, with real PLC clients on the wire."""

from __future__ import annotations

import random
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from contracts.causes import Decision
from contracts.messages import Disposition
from contracts.roster import Roster, RosterStation
from tests.contract.plc.modbus_peers import RUNNING, TRIGGER_SEQ, Plc
from tests.contract.plc.plc_line import TOPICS, PlcLine, plc_line, release
from tests.waiting import PATIENCE_S, until

UNITS = {"a": 1, "b": 2, "c": 3, "new": 1}
CHANGES = 30


class Rover(Plc):
    """A PLC whose station comes and goes; it announces parts all the same."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def announce(self) -> None:
        self.words[TRIGGER_SEQ] += 1


class ChangingLine:
    """The bridge's surroundings, and rosters."""

    def __init__(self, line: PlcLine) -> None:
        self.line = line

    def have(self, *names: str, **links: RosterStation) -> str:
        """Publish a roster; return its id."""
        roster = Roster(stations={**dict.fromkeys(names, RosterStation()), **links})
        self.line.link.publish(
            TOPICS.stations, roster.model_dump_json().encode(), retain=True
        ).wait(PATIENCE_S)
        return roster.roster_id

    def follow(self, *names: str, **links: RosterStation) -> None:
        """Publish a roster, and wait until the bridge follows it."""
        wanted = self.have(*names, **links)
        until(lambda: self.line.state is not None and self.line.state.roster_id == wanted)

    def journal(self) -> tuple[dict[str, Disposition], set[str]]:
        """What the bridge's journal has: its dispositions, and the parts of its epochs."""
        database = sqlite3.connect(self.line.folder / "bridge.sqlite")
        bodies = database.execute("SELECT body FROM dispositions").fetchall()
        epochs = database.execute("SELECT station, epoch, first_seq, last_seq FROM epochs")
        due = {
            f"{station}/{epoch}/{seq}"
            for station, epoch, first, last in epochs
            for seq in range(first, last + 1)
        }
        database.close()
        found = [Disposition.model_validate_json(body) for (body,) in bodies]
        return {str(each.part): each for each in found}, due

    def end(self) -> dict[str, Disposition]:
        """End the bridge; return the ledger, which is closed."""
        self.line.end_bridge(signal.SIGTERM)
        ledger, due = self.journal()
        assert set(ledger) == due
        return ledger


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[ChangingLine]:
    with plc_line(tmp_path, list(UNITS)) as line:
        line.decide = lambda trigger, rng: (Decision.PASS, 0.02)
        line.bridge_settings["REFEREE_STATIONS"] = "a,b"
        for name, unit in UNITS.items():
            line.configure(release(name, deadline_ms=5000, plc_unit=unit))
        line.start_bridge()
        until(lambda: line.state is not None and len(line.state.releases) == 2)
        yield ChangingLine(line)


def parts_of(ledger: dict[str, Disposition], station: str) -> list[Disposition]:
    return [each for each in ledger.values() if each.part.station == station]


def test_thirty_changes_lose_no_part_and_the_ledger_closes(changing: ChangingLine) -> None:
    rng, port = random.Random(11), changing.line.modbus_port
    with Plc(port, 1) as steady, Rover(port, 2) as b, Rover(port, 3) as c:
        for _ in range(CHANGES):
            present = ["a", *rng.sample(["b", "c"], rng.randrange(3))]
            if rng.random() < 0.1:
                changing.follow(*present)
            else:
                changing.have(*present)
            for rover in (b, c):
                rover.announce()
            steady.part_s()
        assert steady.failures == 0
        changing.follow("a")
        steady.part_s()
    ledger = changing.end()
    of_a = parts_of(ledger, "a")
    assert [each.part.trigger_seq for each in of_a] == list(range(1, CHANGES + 2))
    assert {each.decision for each in of_a} == {Decision.PASS}
    assert len({each.part.epoch for each in of_a}) == 1
    assert parts_of(ledger, "b")
    assert parts_of(ledger, "c")


def test_a_renamed_station_goes_on_under_its_new_name_also_after_kill_9(
    changing: ChangingLine,
) -> None:
    with Plc(changing.line.modbus_port, 1) as plc:
        plc.part_s()
        before = plc.seen["bridge_boot_id"]
        changing.follow("new", "b")
        until(lambda: plc.seen["phase"] == RUNNING and plc.seen["bridge_boot_id"] != before)
        plc.part_s()
        changing.line.end_bridge(signal.SIGKILL)
        renamed = plc.seen["bridge_boot_id"]
        changing.line.start_bridge()  # its environment still has the old name
        until(lambda: plc.seen["phase"] == RUNNING and plc.seen["bridge_boot_id"] != renamed)
        plc.part_s()
    ledger = changing.end()
    assert [each.part.trigger_seq for each in parts_of(ledger, "a")] == [1]
    assert [each.part.trigger_seq for each in parts_of(ledger, "new")] == [2, 3]
    assert len({each.part.epoch for each in ledger.values()}) == 2


def test_a_fieldbus_that_is_not_served_troubles_its_own_station(changing: ChangingLine) -> None:
    with Plc(changing.line.modbus_port, 1) as plc:
        changing.follow("a", "b", c=RosterStation(protocol="opcua"))
        plc.part_s()
        state = changing.line.state
        assert state is not None
        assert state.troubles["c"].code == "fieldbus_not_served"
        assert "a" not in state.troubles
