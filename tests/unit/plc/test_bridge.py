"""The bridge between a real journal and stations; the test says when the journal commits."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.messages import Stored, StoredItem
from plc.bridge import Bridge
from plc.effects import JournalOp
from plc.journal import Journal
from plc.part_book import Timing
from plc.plc_image import PlcImage
from plc.ranges import Ranges
from plc.registers import HOLDING_REGISTERS, HOLDING_SIZE, encode
from plc.station import Station
from runtime.clock import ManualClock
from tests.unit.plc.bench import RUN, release


class Wired:
    """A bridge of some stations, as ``python -m plc`` makes it; what it tells goes nowhere."""

    up = True

    def __init__(self, path: Path, *names: str) -> None:
        self.journal, self.queue = Journal(path), list[JournalOp]()
        self.bridge = Bridge(
            [Station(self.journal.numbering(name), Timing(), 1) for name in names],
            Ranges(self.journal.ranges(names)),
            journal=self,
            cameras=self,
            news=self,
            clock=ManualClock(),
            broker_up=lambda: True,
        )

    def submit(self, op: JournalOp) -> None:
        self.queue.append(op)

    def ask(self, trigger) -> None: ...

    def tell(self, dispositions) -> None: ...

    def write(self, unit: int, **fields: int) -> None:
        image = PlcImage(control=RUN, **fields)
        self.bridge.write(unit, encode(HOLDING_REGISTERS, HOLDING_SIZE, image._asdict()))

    def commit(self) -> None:
        while self.queue:
            group, self.queue = self.queue, []
            self.bridge.on_commit(self.journal.apply(group))


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
        wired.write(1, plc_boot_id=boot_id, trigger_seq=3)  # counted alone since its start
        wired.commit()
    old, new = wired.bridge.sequences()["top"]
    key = wired.bridge.stations["top"].numbering.key(3).model_copy(update={"epoch": old.epoch})
    wired.bridge.on_stored(Stored(items=(StoredItem(kind="sequence", part=key),)))
    wired.commit()
    assert wired.bridge.sequences() == {"top": (new,)}
    wired.journal.close()
    assert Wired(path, "top").bridge.sequences() == {"top": (new,)}
