"""An outbox forgets what every sink of the line has committed, and nothing else."""

from __future__ import annotations

from contracts.identity import PartKey
from contracts.messages import Stored, StoredItem
from runtime.messaging.confirmations import Confirmations


def item(seq: int) -> StoredItem:
    return StoredItem(
        kind="verdict", part=PartKey(station="top", epoch=1, trigger_seq=seq), revision=0
    )


def confirmed(confirmations: Confirmations, by: str, *numbers: int) -> list[int]:
    stored = Stored(by=by, items=tuple(map(item, numbers)))
    return [each.part.trigger_seq for each in confirmations.complete(stored).items]


def test_the_only_sinks_word_is_enough() -> None:
    only = Confirmations(["storage"])
    assert confirmed(only, "storage", 1, 2) == [1, 2]
    assert confirmed(only, "another", 1, 2) == []


def test_two_sinks_must_both_have_it() -> None:
    both = Confirmations(["storage", "plant"])
    assert confirmed(both, "storage", 1, 2) == []
    assert confirmed(both, "storage", 1) == []
    assert confirmed(both, "another", 1, 2) == []
    assert confirmed(both, "plant", 2, 3) == [2]
    assert confirmed(both, "plant", 1) == [1]
    assert confirmed(both, "storage", 3) == [3]


def test_what_is_complete_must_be_confirmed_by_both_again_when_it_is_sent_again() -> None:
    both = Confirmations(["storage", "plant"])
    assert confirmed(both, "storage", 1) == []
    assert confirmed(both, "plant", 1) == [1]
    assert confirmed(both, "plant", 1) == []
    assert confirmed(both, "storage", 1) == [1]


def test_the_oldest_are_dropped_and_complete_when_both_confirm_them_again() -> None:
    both = Confirmations(["storage", "plant"], keep=2)
    assert confirmed(both, "storage", 1, 2, 3) == []
    assert confirmed(both, "plant", 3, 2, 1) == [3, 2]
    assert confirmed(both, "storage", 1) == [1]
