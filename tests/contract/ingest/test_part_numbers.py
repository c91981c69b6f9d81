"""Numbers of camera-triggered parts on a real journal Redis: none twice, none left out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contracts.errors import Unavailable
from contracts.identity import PartKey
from contracts.messages import Stored, StoredItem
from ingest.part_numbers import PartNumbers
from runtime.messaging.redis_link import connect
from runtime.process.clock import ManualClock
from tests.servers import RedisServer, redis_server


@pytest.fixture(scope="module")
def journal() -> Iterator[RedisServer]:
    with redis_server("journal") as server:
        yield server


@pytest.fixture
def numbers(journal: RedisServer) -> PartNumbers:
    journal.client().flushall()
    return fresh(journal)


def fresh(journal: RedisServer, clock: ManualClock | None = None) -> PartNumbers:
    made = PartNumbers(connect(journal.url, timeout_s=0.3), "web", clock or ManualClock())
    made.resume()
    return made


def stored(part: PartKey) -> Stored:
    return Stored(items=(StoredItem(kind="sequence", part=part),))


def test_numbers_rise_by_one_and_go_on_after_a_restart(
    journal: RedisServer, numbers: PartNumbers
) -> None:
    first, second = numbers.next(), numbers.next()
    assert (first.trigger_seq, second.trigger_seq) == (1, 2)
    again = fresh(journal)
    assert [reached.last_seq for reached in again.reached()] == [2]
    assert again.next() == second.model_copy(update={"trigger_seq": 3})


def test_the_parts_of_a_station_that_left_are_stored_when_storage_knows_the_last(
    numbers: PartNumbers,
) -> None:
    assert numbers.are_stored
    first = numbers.next()
    numbers.end_epoch()
    last = numbers.next()
    for part in (last, first):
        assert not numbers.are_stored
        numbers.on_stored(stored(part))
    assert numbers.are_stored
    numbers.next()
    assert not numbers.are_stored


def test_numbers_survive_a_kill_of_the_redis(journal: RedisServer, numbers: PartNumbers) -> None:
    last = numbers.next()
    journal.kill9()
    with pytest.raises(Unavailable):
        numbers.next()
    with pytest.raises(Unavailable):
        numbers.next()
    journal.start()
    numbers.lose(1)
    assert numbers.next().trigger_seq == last.trigger_seq + 4  # three frames passed unnumbered


def test_a_claim_whose_answer_was_lost_is_not_made_twice(
    numbers: PartNumbers, journal: RedisServer
) -> None:
    numbers.next()
    journal.freeze()
    with pytest.raises(Unavailable):
        numbers.next()  # it is read when the server goes on, and nobody hears the answer
    journal.thaw()
    assert numbers.next().trigger_seq == 3


def test_after_the_plc_has_numbered_a_later_epoch_begins(
    journal: RedisServer, numbers: PartNumbers
) -> None:
    before = numbers.next()
    numbers.end_epoch()
    after = fresh(journal).next()
    assert (after.epoch, after.trigger_seq) == (before.epoch + 1, 1)


def test_a_station_without_numbers_ends_no_epoch(numbers: PartNumbers) -> None:
    numbers.end_epoch()
    assert numbers.reached() == ()
    assert numbers.next().trigger_seq == 1


def test_an_older_epoch_is_told_until_storage_has_all_of_it(
    journal: RedisServer, numbers: PartNumbers
) -> None:
    numbers.next()
    old = numbers.next()
    numbers.end_epoch()
    new = numbers.next()
    told = [(reached.epoch, reached.last_seq) for reached in numbers.reached()]
    assert told == [(old.epoch, 2), (new.epoch, 1)]
    for part in (old.model_copy(update={"trigger_seq": 1}), new):
        numbers.on_stored(stored(part))
    numbers.on_stored(stored(PartKey(station="web", epoch=3, trigger_seq=9)))
    assert len(numbers.reached()) == 2
    numbers.on_stored(stored(old))
    assert [reached.epoch for reached in numbers.reached()] == [new.epoch]
    assert [reached.epoch for reached in fresh(journal).reached()] == [new.epoch]
