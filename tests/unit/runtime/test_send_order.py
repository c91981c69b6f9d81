"""Fresh verdicts first, late ones behind them, none twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runtime.messaging.send_order import Outgoing, SendOrder
from runtime.messaging.streams import Entry
from runtime.process.clock import ManualClock
from tests.verdicts import verdict


def outgoing(seq: int, clock: ManualClock) -> Outgoing:
    """A verdict that is late a second from now."""
    started_now = verdict(seq).model_copy(update={"started_at": clock.now()})
    return Outgoing(Entry("verdicts", f"{seq}-0", {}), started_now)


def drain(order: SendOrder, clock: ManualClock) -> list[int]:
    out = []
    while (following := order.next(clock.now())) is not None:
        out.append(following.verdict.part.trigger_seq)
    return out


def test_late_is_later_than_the_deadline() -> None:
    clock = ManualClock()
    sent = outgoing(1, clock)
    clock.advance_ms(1000)
    assert not sent.is_late(clock.now())
    clock.advance_ms(0.001)
    assert sent.is_late(clock.now())


def test_what_became_late_while_waiting_goes_behind() -> None:
    clock, order = ManualClock(), SendOrder()
    order.put(outgoing(1, clock), clock.now())
    clock.advance_ms(900)
    order.put(outgoing(2, clock), clock.now())
    clock.advance_ms(200)
    assert drain(order, clock) == [2, 1]


def test_late_ones_wait_while_there_is_room_for_fresh_ones_only() -> None:
    clock, order = ManualClock(), SendOrder()
    old = outgoing(1, clock)
    clock.advance_ms(2000)
    order.put(old, clock.now())
    assert order.next(clock.now(), late_too=False) is None
    order.put(outgoing(2, clock), clock.now())
    fresh = order.next(clock.now(), late_too=False)
    assert fresh is not None
    assert fresh.verdict.part.trigger_seq == 2
    assert drain(order, clock) == [1]


def test_what_could_not_be_sent_goes_first() -> None:
    clock, order = ManualClock(), SendOrder()
    for seq in (1, 2):
        order.put(outgoing(seq, clock), clock.now())
    first = order.next(clock.now())
    assert first is not None
    order.put_back(first)
    assert drain(order, clock) == [1, 2]


def test_late_ones_are_bounded() -> None:
    clock, order = ManualClock(), SendOrder(late_kept=3)
    old = [outgoing(seq, clock) for seq in range(10)]
    clock.advance_ms(2000)
    for late in old:
        order.put(late, clock.now())
    assert len(order) == 3
    assert drain(order, clock) == [7, 8, 9]


@given(st.lists(st.integers(0, 1500), max_size=30))
def test_each_goes_once_and_no_late_one_before_a_fresh_one(pauses_ms: list[int]) -> None:
    clock, order = ManualClock(), SendOrder()
    all_of_them = []
    for seq, pause_ms in enumerate(pauses_ms):
        all_of_them.append(outgoing(seq, clock))
        order.put(all_of_them[-1], clock.now())
        clock.advance_ms(pause_ms)
    late = [out.is_late(clock.now()) for out in all_of_them]
    gone = drain(order, clock)
    assert sorted(gone) == list(range(len(pauses_ms)))
    lateness = [late[seq] for seq in gone]
    assert lateness == sorted(lateness)
    assert [seq for seq in gone if not late[seq]] == sorted(s for s in gone if not late[s])
