"""Epochs are told until storage has all of them, the newest one always."""

from __future__ import annotations

from contracts.identity import PartKey
from contracts.messages import StoredItem
from plc.core.effects import LogMissed, MarkStored, OpenEpoch
from plc.journal.journal import Journal
from plc.journal.ranges import PUBLISHED_AT_ONCE, EpochRange, Ranges, ranges_of, read_ranges
from tests.unit.plc.test_journal import missed


def stored(epoch: int, last_seq: int) -> MarkStored:
    key = PartKey(station="top", epoch=epoch, trigger_seq=last_seq)
    return MarkStored((StoredItem(kind="sequence", part=key),))


def told(epochs: Ranges) -> list[tuple[int, int, int]]:
    return [(r.epoch, r.first_seq, r.last_seq) for r in epochs.published().get("top", ())]


def test_an_epoch_without_a_part_is_not_told():
    epochs = Ranges((), ["top"])
    epochs.committed(OpenEpoch("top", 5, 7, 1))
    assert epochs.published() == {}


def test_an_older_epoch_is_told_until_storage_has_all_of_it():
    epochs = Ranges([EpochRange("top", 5, 1, 9, stored_last_seq=4)], ["top"])
    epochs.committed(OpenEpoch("top", 6, 8, 1))
    epochs.committed(LogMissed((missed(1, epoch=6),)))
    assert told(epochs) == [(5, 1, 9), (6, 1, 1)]
    epochs.committed(stored(5, 8))
    assert told(epochs) == [(5, 1, 9), (6, 1, 1)]
    epochs.committed(stored(5, 9))
    epochs.committed(stored(6, 1))
    assert told(epochs) == [(6, 1, 1)]  # the newest goes on


def test_a_long_outage_is_told_in_portions_oldest_first():
    epochs = Ranges([EpochRange("top", epoch, 1, 3) for epoch in range(1, 251)], ["top"])
    assert [epoch for epoch, _, _ in told(epochs)] == [*range(1, PUBLISHED_AT_ONCE + 1), 250]
    for epoch in range(1, PUBLISHED_AT_ONCE + 1):
        epochs.committed(stored(epoch, 3))
    assert told(epochs)[0] == (PUBLISHED_AT_ONCE + 1, 1, 3)


def test_an_epoch_that_came_and_went_unheard_is_still_told_after_a_restart(tmp_path):
    journal = Journal(tmp_path / "bridge.sqlite")
    for epoch in (5, 6, 7):
        journal.apply([OpenEpoch("top", epoch, epoch, 1), LogMissed((missed(1, epoch=epoch),))])
    journal.apply([OpenEpoch("top", 8, 8, 1), stored(5, 1)])
    again = Ranges(read_ranges(journal.database, ["top"]), ["top"])
    assert told(again) == [(6, 1, 1), (7, 1, 1)]
    again.committed(LogMissed((missed(1, epoch=8),)))
    assert told(again) == [(6, 1, 1), (7, 1, 1), (8, 1, 1)]
    journal.close()


def test_a_station_that_left_is_told_until_storage_has_all_of_it_and_then_never_again(tmp_path):
    journal = Journal(tmp_path / "bridge.sqlite")
    for epoch in (5, 6):
        journal.apply([OpenEpoch("top", epoch, epoch, 1), LogMissed((missed(1, epoch=epoch),))])
    epochs = Ranges(read_ranges(journal.database, ["top"]), ["top"])
    epochs.leave("top")
    for part, left in ((stored(5, 1), [(6, 1, 1)]), (stored(6, 1), [])):
        again = Ranges(read_ranges(journal.database, ["side"]), ["side"])
        assert told(epochs) == told(again) == [(5, 1, 1), (6, 1, 1)][-1 - len(left) :]
        journal.apply([part])
        epochs.committed(part)
        assert told(epochs) == left
    assert read_ranges(journal.database, ["side"]) == []
    epochs.join("top", ranges_of(journal.database, "top"))
    epochs.committed(LogMissed((missed(2, epoch=6),)))
    assert told(epochs) == [(6, 1, 2)]
    journal.close()
