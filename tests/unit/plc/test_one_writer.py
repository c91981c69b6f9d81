"""One peer at a time writes to a station, and a boot id comes with a connection."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from structlog.testing import capture_logs

from contracts.conditions import CONDITIONS, Severity, kind_of
from plc.core.one_writer import OneWriter, Peer, Refusal, WriteRefused
from plc.refused_writes import ALARM_FOR_S, RefusedWrites
from runtime.process.clock import ManualClock

PLC, OTHER = "10.0.0.5", "10.0.0.9"
SILENT_MS, GRACE_MS = 2000, 60_000
SECOND, NOT_A_PEER, JUMP = Refusal.SECOND_WRITER, Refusal.NOT_A_PEER, Refusal.BOOT_ID_JUMP


class Desk:
    """A station's boot id register, and who may write it."""

    def __init__(self, *pinned: str) -> None:
        self.clock = ManualClock()
        self.writer = OneWriter(SILENT_MS, GRACE_MS, pinned)
        self.boot_id = 0

    def write(self, address: str, connection: int, boot_id: int | None = None) -> Refusal | None:
        """Write, with the boot id that the register has if none is given."""
        after = self.boot_id if boot_id is None else boot_id
        try:
            boot_ids = self.boot_id, after
            self.writer.wrote(Peer(address, connection), boot_ids, self.clock.now())
        except WriteRefused as refused:
            return refused.why
        self.boot_id = after
        return None

    def close(self, address: str, connection: int) -> None:
        self.writer.left(Peer(address, connection), self.clock.now())

    def wait(self, ms: float) -> None:
        self.clock.advance_ms(ms)


@pytest.fixture
def desk() -> Desk:
    """A PLC holds the station over connection 1, with boot id 7."""
    made = Desk()
    assert made.write(PLC, 1, 7) is None
    return made


def test_a_second_peer_is_refused_for_as_long_as_the_first_is_connected(desk):
    assert desk.write(OTHER, 2) is SECOND
    desk.wait(3_600_000)
    assert desk.write(OTHER, 2) is SECOND
    assert desk.write(PLC, 1) is None


def test_a_second_connection_of_the_same_address_is_refused_too(desk):
    assert desk.write(PLC, 2) is SECOND


def test_a_second_peer_may_write_only_when_the_grace_is_over(desk):
    desk.close(PLC, 1)
    desk.wait(GRACE_MS - 1)
    assert desk.write(OTHER, 2) is SECOND
    desk.wait(1)
    assert desk.write(OTHER, 2) is None
    assert desk.write(PLC, 3) is SECOND


def test_the_plc_is_back_at_once_on_a_new_connection(desk):
    desk.close(PLC, 1)
    assert desk.write(PLC, 2, 8) is None


def test_a_plc_whose_old_connection_nobody_closed_is_back_once_that_is_silent(desk):
    desk.wait(SILENT_MS - 1)
    assert desk.write(PLC, 2, 8) is SECOND
    desk.wait(1)
    assert desk.write(PLC, 2, 8) is None


def test_the_end_of_another_connection_changes_nothing(desk):
    desk.write(OTHER, 2)
    desk.close(OTHER, 2)
    assert desk.write(OTHER, 3) is SECOND


@pytest.mark.parametrize("boot_id", [8, 0])
def test_another_boot_id_on_a_connection_that_goes_on_is_not_believed(desk, boot_id):
    for _ in range(20):
        desk.wait(500)
        assert desk.write(PLC, 1, boot_id) is JUMP
        assert desk.write(PLC, 1) is None


def test_a_boot_id_is_believed_on_a_connection_that_was_silent_as_a_gateways_is(desk):
    desk.wait(SILENT_MS)
    assert desk.write(PLC, 1) is None  # a heartbeat first
    assert desk.write(PLC, 1, 8) is None
    assert desk.write(PLC, 1, 9) is JUMP


def test_a_new_connection_may_give_its_boot_id_for_a_short_time_only(desk):
    desk.close(PLC, 1)
    assert desk.write(PLC, 2) is None
    for _ in range(4):
        desk.wait(500)
        desk.write(PLC, 2)
    assert desk.write(PLC, 2, 8) is JUMP


def test_only_pinned_addresses_may_write():
    desk = Desk(PLC, "10.0.0.6")
    assert desk.write(OTHER, 1, 7) is NOT_A_PEER
    assert desk.write(PLC, 2, 7) is None
    assert desk.write("10.0.0.6", 3) is SECOND
    desk.close(PLC, 2)
    assert desk.write("10.0.0.6", 3, 9) is None  # the other one of a redundant pair


def test_a_pinned_pair_does_not_wait_for_a_dead_connection_to_be_closed():
    desk = Desk(PLC, "10.0.0.6")
    desk.write(PLC, 1, 7)
    desk.wait(SILENT_MS)
    assert desk.write("10.0.0.6", 2, 9) is None


class Plant(RuleBasedStateMachine):
    """Any peers, connections and times: who writes is never two, and who is refused is told why."""

    @initialize(pinned=st.sampled_from([(), (PLC,), (PLC, "10.0.0.6")]))
    def begin(self, pinned: tuple[str, ...]) -> None:
        self.desk = Desk(*pinned)
        self.pinned = pinned
        self.closed: set[Peer] = set()
        self.last: tuple[Peer, int] | None = None  # who wrote last, and when
        self.left_ns = 0
        self.boot_since_ns = 0

    @rule(
        address=st.sampled_from([PLC, OTHER, "10.0.0.6"]),
        connection=st.integers(1, 3),
        boot_id=st.sampled_from([None, None, 0, 7, 8]),
    )
    def somebody_writes(self, address: str, connection: int, boot_id: int | None) -> None:
        peer, now_ns = Peer(address, connection), self.desk.clock.now().monotonic_ns
        if peer in self.closed:
            return
        boot_before = self.desk.boot_id
        why = self.desk.write(address, connection, boot_id)
        if why is None:
            self._was_allowed(peer, now_ns, boot_before)
            self.last = peer, now_ns
        else:
            assert self.desk.boot_id == boot_before
            assert why is not NOT_A_PEER or address not in self.pinned

    def _was_allowed(self, peer: Peer, now_ns: int, boot_before: int) -> None:
        assert not self.pinned or peer.address in self.pinned
        if self.last is None:
            return
        holder, wrote_ns = self.last
        silent = now_ns - wrote_ns >= SILENT_MS * 1_000_000
        if peer != holder:
            known = peer.address == holder.address or bool(self.pinned)
            gone = holder in self.closed
            over = gone and now_ns - self.left_ns >= GRACE_MS * 1_000_000
            assert over or (known and (gone or silent))
            self.boot_since_ns = now_ns
        elif silent:
            self.boot_since_ns = now_ns
        if boot_before not in (0, self.desk.boot_id):
            assert now_ns - self.boot_since_ns < SILENT_MS * 1_000_000

    @rule(connection=st.integers(1, 3), address=st.sampled_from([PLC, OTHER, "10.0.0.6"]))
    def somebody_closes(self, address: str, connection: int) -> None:
        peer = Peer(address, connection)
        if peer not in self.closed:
            self.closed.add(peer)
            self.desk.close(address, connection)
            if self.last is not None and self.last[0] == peer:
                self.left_ns = self.desk.clock.now().monotonic_ns

    @rule(ms=st.sampled_from([1, 400, 1999, 2000, 30_000, 60_000]))
    def time_passes(self, ms: int) -> None:
        self.desk.wait(ms)


TestPlant = Plant.TestCase
TestPlant.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)


def test_refused_writes_are_an_alarm_in_words_until_five_minutes_after_the_last():
    now_s = 1000.0
    refused = RefusedWrites(lambda: now_s)
    with capture_logs() as logged:
        for address in (OTHER, "10.0.0.8", OTHER):
            refused.note("top", Peer(address, 2), WriteRefused(SECOND, PLC))
        [alarm] = refused.conditions()
        now_s += ALARM_FOR_S
        assert refused.conditions() == ()
        refused.note("top", Peer(OTHER, 2), WriteRefused(SECOND, PLC))
    assert (alarm.code, alarm.station, alarm.is_alarm) == ("second_writer", "top", True)
    assert alarm.detail == f"3 write(s) of 10.0.0.8, {OTHER} refused: {PLC} writes to this station"
    assert refused.conditions()[0].detail.startswith(f"1 write(s) of {OTHER} ")
    assert [each["peer"] for each in logged] == [OTHER, "10.0.0.8", OTHER]  # once a minute each


@pytest.mark.parametrize("why", Refusal)
def test_every_refusal_is_an_alarm_with_a_remedy_of_its_own(why):
    assert why in CONDITIONS
    assert kind_of(why).severity is Severity.ALARM
