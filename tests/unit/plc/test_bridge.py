"""The bridge between a real journal and stations; the test says when the journal commits."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from contracts.causes import Mode
from contracts.errors import FatalError
from contracts.messages import Disposition, Stored, StoredItem
from contracts.release import Activation, Release
from contracts.roster import RosterStation
from plc.bridge import Bridge
from plc.core.effects import JournalOp
from plc.core.one_writer import ONLY_PEER
from plc.core.part_book import Timing
from plc.core.plc_image import PlcImage
from plc.core.registers import HOLDING_REGISTERS, HOLDING_SIZE, INPUT_REGISTERS, decode, encode
from plc.core.station import Station
from plc.journal.journal import Journal
from plc.journal.kept_releases import kept
from plc.journal.ranges import Ranges, ranges_of, read_ranges
from plc.journal.stations import kept_roster, known_stations
from plc.members import Newcomer
from runtime.process.clock import ManualClock
from tests.unit.plc.rig import RUN, release


class Wired:
    """A bridge of some stations, as ``python -m plc`` makes it; what it tells goes nowhere."""

    up = True
    trouble = None

    def __init__(self, path: Path, *names: str) -> None:
        self.journal = Journal(path)
        self.queue = list[JournalOp]()
        self.clock = ManualClock()
        self.published: list[Disposition] = []
        roster = kept_roster(self.journal.database)
        stations = roster.stations if roster else dict.fromkeys(names, RosterStation())
        self.bridge = Bridge(
            stations,
            self.new_station,
            1,
            Ranges(read_ranges(self.journal.database, tuple(stations)), tuple(stations)),
            journal=self,
            cameras=self,
            publisher=self,
            clock=self.clock,
            broker_up=lambda: True,
            served=["modbus"],
            past=known_stations(self.journal.database),
        )
        self.bridge.resume(kept(self.journal.database))

    def new_station(self, name: str, boot_id: int) -> Newcomer:
        station = Station(self.journal.numbering(name), Timing(), boot_id)
        return Newcomer(station, ranges_of(self.journal.database, name))

    def submit(self, op: JournalOp) -> None:
        self.queue.append(op)

    def ask(self, trigger) -> None: ...

    def publish(self, dispositions) -> None:
        self.published += dispositions

    def storage_answered(self) -> None: ...

    def write(self, unit: int, coils: int = 0, **fields: int) -> None:
        image = PlcImage(control=RUN | coils, **fields)
        registers = self.bridge.of_unit(unit)
        registers.write(encode(HOLDING_REGISTERS, HOLDING_SIZE, image._asdict()))

    def read(self, unit: int) -> dict[str, float]:
        return decode(INPUT_REGISTERS, self.bridge.of_unit(unit).inputs())

    def has(self, unit: int) -> bool:
        return self.bridge.of_unit(unit) is not None

    def restarted(self) -> Wired:
        """Another bridge over the same journal, once that has committed what it was given."""
        self.commit()
        self.journal.close()
        return Wired(self.journal.path, *self.bridge.stations)

    def commit(self) -> None:
        while self.queue:
            group, self.queue = self.queue, []
            self.bridge.on_commit(self.journal.apply(group))


def of(station: str, unit: int, **config: object) -> Activation:
    named = Release.of(station, release(plc_unit=unit, **config).config)
    return Activation.by("anna", "a trial", named)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bridge.sqlite"


def test_no_part_is_told_of_before_the_journal_has_it(path):
    wired = Wired(path, "top")
    wired.bridge.on_release("top", release())
    wired.write(1, plc_boot_id=7, trigger_seq=0)
    wired.write(1, plc_boot_id=7, trigger_seq=1)
    assert wired.bridge.sequences() == {}
    wired.commit()
    [reached] = wired.bridge.sequences()["top"]
    assert (reached.first_seq, reached.last_seq) == (1, 1)


def test_what_storage_has_of_an_old_epoch_is_told_no_more_nor_after_a_restart(path):
    wired = Wired(path, "top")
    wired.bridge.on_release("top", release())
    for boot_id in (7, 8):
        wired.bridge.images["top"].left(ONLY_PEER)  # its power went, and with it its connection
        wired.write(1, plc_boot_id=boot_id, trigger_seq=2)
        wired.write(1, plc_boot_id=boot_id, trigger_seq=3)
        wired.commit()
    old, new = wired.bridge.sequences()["top"]
    key = wired.bridge.stations["top"].numbering.key(3).model_copy(update={"epoch": old.epoch})
    wired.bridge.on_stored(Stored(items=(StoredItem(kind="sequence", part=key),)))
    wired.commit()
    assert wired.bridge.sequences() == {"top": (new,)}
    assert wired.restarted().bridge.sequences() == {"top": (new,)}


def test_a_release_that_was_taken_away_does_not_come_back(path):
    wired = Wired(path, "top")
    wired.bridge.on_release("top", of("top", 1, mode=Mode.OBSERVE))
    wired = wired.restarted()
    assert (wired.read(1)["mode"], len(wired.bridge.release_ids())) == (0, 1)
    wired.bridge.on_release("top", None)
    wired = wired.restarted()
    assert (wired.read(1)["mode"], wired.bridge.release_ids()) == (1, {})


def test_a_release_that_this_version_does_not_understand_is_waited_for(path):
    wired = Wired(path, "top")
    wired.bridge.on_release("top", of("top", 1, mode=Mode.OBSERVE))
    wired.commit()
    wired.journal.database.execute("UPDATE releases SET body = json_set(body, '$.release_id', 'a')")
    wired = wired.restarted()
    assert (wired.read(1)["mode"], wired.bridge.release_ids()) == (1, {})
    wired.bridge.on_release("top", of("top", 1, mode=Mode.OBSERVE))
    assert wired.read(1)["mode"] == 0


def test_a_bypass_that_nobody_signed_is_none_after_a_restart(path):
    wired = Wired(path, "top")
    wired.bridge.on_release("top", of("top", 1, mode=Mode.BYPASS))
    wired = wired.restarted()
    assert wired.read(1)["mode"] == 2
    wired.journal.database.execute("UPDATE releases SET body = json_remove(body, '$.why')")
    wired = wired.restarted()  # as the journal of a version that asked for no reason
    assert (wired.read(1)["mode"], wired.bridge.release_ids()) == (1, {})


def test_each_change_of_a_release_is_logged_once_with_who_and_why(path):
    wired = Wired(path, "top")
    bypass = of("top", 1, mode=Mode.BYPASS)
    with capture_logs() as logs:
        for each in (of("top", 1), bypass, bypass):
            wired.bridge.on_release("top", each)
    told = [(line["log_level"], line["mode"], line["who"], line["why"]) for line in logs]
    assert told == [("info", "guard", "anna", "a trial"), ("warning", "bypass", "anna", "a trial")]


def test_another_unit_id_is_served_by_another_start_of_the_bridge(path):
    wired = Wired(path, "top")
    wired.bridge.on_release("top", of("top", 1))
    with pytest.raises(FatalError, match="plc_unit 2"):
        wired.bridge.on_release("top", of("top", 2))
    assert (wired.has(1), wired.has(2)) == (True, False)
    wired = wired.restarted()
    assert (wired.has(1), wired.has(2)) == (False, True)


def test_a_unit_id_that_two_name_is_the_first_ones(path):
    wired = Wired(path, "side", "top")
    for _ in range(2):
        wired.bridge.on_release("top", of("top", 1))
        wired.bridge.on_release("side", of("side", 1))
        assert set(wired.bridge.release_ids()) == {"top"}
        wired = wired.restarted()
    assert set(wired.bridge.release_ids()) == {"top"}


def test_two_stations_change_their_unit_ids_for_each_others(path):
    wired, wanted = Wired(path, "side", "top"), {"side": 2, "top": 1}
    wired.bridge.on_release("side", of("side", 1))
    wired.bridge.on_release("top", of("top", 2))
    starts = 0
    while starts < 5:
        try:
            for name, unit in wanted.items():  # retained: they come at each start
                wired.bridge.on_release(name, of(name, unit))
            break
        except FatalError:
            wired, starts = wired.restarted(), starts + 1
    assert starts == 2
    for name, unit in wanted.items():
        wired.write(unit, plc_boot_id=7, trigger_seq=2)
        wired.write(unit, plc_boot_id=7, trigger_seq=3)
        wired.commit()
        assert name in wired.bridge.sequences()
