"""The OPC UA server over real stations, whose journal commits when the test says so."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from itertools import count

import pytest
from asyncua import Client, Node, ua

from contracts.causes import Decision
from contracts.messages import Trigger, Verdict
from plc.core.effects import AskPicture, JournalOp, LogMissed, Settle
from plc.core.numbering import Numbering
from plc.core.one_writer import OneWriter
from plc.core.part_book import Timing
from plc.core.register_image import RegisterImage
from plc.core.station import Station
from plc.fieldbus import Address, Served
from plc.opcua.nodes import EVENT_FIELDS, NAMESPACE, SHOWN, WRITTEN
from plc.opcua.server import OpcUaServer
from runtime.process.clock import SystemClock
from tests.servers import free_port
from tests.unit.plc.rig import UP, release

PASS, REJECT = Decision.PASS, Decision.REJECT
ACCEPTED, REFUSED, NOTED = 1, 2, 3
PORT = free_port()
URL = f"opc.tcp://127.0.0.1:{PORT}"
TYPES = {node.name: ua.VariantType[node.type] for node in (*WRITTEN, *SHOWN)}
NAMES = [f"s{number}" for number in range(12)]
"""A station for each test, so that none sees what another did."""


class Desk:
    """A station and its journal, in the hands of a test."""

    def __init__(self, name: str) -> None:
        self.clock = SystemClock()
        self.station = Station(Numbering(name), Timing(), bridge_boot_id=5)
        self.station.follow(release(deadline_ms=60_000), UP, self.clock.now())
        protocol = "modbus" if name == "modbus" else "opcua"
        writer = OneWriter(silent_ms=2000, grace_ms=60_000)
        self.image = RegisterImage(self.station, self.clock, self._carry_out, protocol, writer)
        self.asked: dict[int, Trigger] = {}
        self.waiting: list[JournalOp] = []
        self.done: list[JournalOp] = []

    def commit(self) -> None:
        """All that waits is durable, and what follows from it."""
        while self.waiting:
            op = self.waiting.pop(0)
            self.done.append(op)
            self.station.committed(op, self.clock.now())
            self._carry_out(self.station)

    def say(self, seq: int, decision: Decision) -> None:
        """Inference speaks, and the journal has what it led to."""
        trigger, now = self.asked[seq], self.clock.now()
        verdict = Verdict(
            verdict_id=f"v{seq}",
            part=trigger.part,
            part_id=trigger.part_id,
            decision=decision,
            release_id=self.station.release_id,
            started_at=trigger.started_at,
            decided_at=now,
            deadline_ms=trigger.deadline_ms,
        )
        self.station.verdict(verdict, now)
        self._carry_out(self.station)
        self.commit()

    def _carry_out(self, station: Station) -> None:
        for effect in station.take_effects():
            if isinstance(effect, AskPicture):
                self.asked[effect.trigger.part.trigger_seq] = effect.trigger
            else:
                self.waiting.append(effect)


class Plant:
    """The server, and a loop that it shares with the tests."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.desks = {name: Desk(name) for name in [*NAMES, "modbus"]}
        self.bugs: list[str] = []
        self.images = {name: desk.image for name, desk in self.desks.items()}
        address = Address("opcua", "127.0.0.1", PORT)
        served = Served(self, address, "urn:referee:test", lambda: self.bugs.append("a bug"))
        self.server = OpcUaServer(served)
        self.serving = self.loop.create_task(self.server.serve())
        self.loop.run_until_complete(self._listens())

    def of_unit(self, unit: int) -> None:
        """No station has a unit id."""

    def close(self) -> None:
        self.serving.cancel()
        self.loop.run_until_complete(asyncio.wait([self.serving]))
        self.loop.close()

    async def _listens(self) -> None:
        while not self.serving.done():
            with contextlib.suppress(OSError):
                (await asyncio.open_connection("127.0.0.1", PORT))[1].close()
                return
            await asyncio.sleep(0.05)


class Plc:
    """asyncua's client, on one station."""

    def __init__(self, client: Client, name: str, namespace: int) -> None:
        self.client = client
        self.name = name
        self.namespace = namespace
        self.inspection = self.node()

    def node(self, *path: str) -> Node:
        identifier = ".".join((self.name, "Inspection", *path))
        return self.client.get_node(ua.NodeId(identifier, self.namespace))

    async def read(self, *names: str) -> list:
        return await self.client.read_values([self.node(name) for name in names])

    async def write(self, **values: int | bool) -> None:
        """One Write request; raises where one item of it was refused."""
        data = [ua.DataValue(ua.Variant(value, TYPES[name])) for name, value in values.items()]
        await self.client.write_values([self.node(name) for name in values], data)

    async def acknowledge(self, seq: int) -> int:
        value = ua.Variant(seq, ua.VariantType.UInt16)
        return await self.inspection.call_method(self.node("AckResult").nodeid, value)

    async def meet(self) -> None:
        await self.write(TriggerSeq=0, PlcBootId=7, TriggerEnable=True, BufferEnable=True)


@pytest.fixture(scope="module")
def plant() -> Iterator[Plant]:
    made = Plant()
    yield made
    made.close()


_numbers = count()


@pytest.fixture
def desk(plant: Plant) -> Desk:
    return plant.desks[NAMES[next(_numbers)]]


def play(plant: Plant, desk: Desk, scene) -> None:
    """Run a scene with a PLC that is connected."""

    async def connected() -> None:
        async with Client(URL) as client:
            namespace = await client.get_namespace_index(NAMESPACE)
            await scene(Plc(client, desk.station.name, namespace))

    plant.loop.run_until_complete(connected())


def refused_as(code: int):
    return pytest.raises(ua.UaStatusCodeError, match=ua.status_codes.get_name_and_doc(code)[0])


def test_a_pass_is_accepted_only_once_the_journal_has_it(plant, desk):
    async def scene(plc: Plc) -> None:
        await plc.meet()
        for seq in (1, 2):
            await plc.write(PartId=40 + seq, TriggerSeq=seq)
            desk.commit()
            desk.say(seq, PASS)
            assert await plc.read("Verdict", "ResultSeq", "PartIdEcho") == [1, seq, 40 + seq]
            answer = asyncio.create_task(plc.acknowledge(seq))
            await asyncio.sleep(0.1)
            assert not answer.done()
            words = desk.image.inputs()
            assert words[25] == 0  # nor do the registers say so, of this part or the one before
            assert any(isinstance(op, Settle) for op in desk.waiting)
            desk.commit()
            assert await answer == ACCEPTED
        assert await plc.acknowledge(2) == ACCEPTED
        assert await plc.read("AckEcho", "AckState", "Passed") == [2, 1, 2]

    play(plant, desk, scene)


def test_what_is_no_pass_of_this_moment_is_not_accepted(plant, desk):
    async def scene(plc: Plc) -> None:
        await plc.meet()
        assert await plc.acknowledge(1) == REFUSED
        await plc.write(PartId=1, TriggerSeq=1)
        desk.commit()
        assert await plc.acknowledge(1) == REFUSED  # not judged yet
        desk.say(1, REJECT)
        assert await plc.acknowledge(1) == NOTED
        assert await plc.read("Reject", "Pass", "Rejected", "Passed") == [True, False, 1, 0]

    play(plant, desk, scene)


def test_a_journal_that_is_away_is_a_timeout_and_can_be_asked_again(plant, desk, monkeypatch):
    monkeypatch.setattr("plc.opcua.station_nodes.ACK_WAIT_S", 0.05)

    async def scene(plc: Plc) -> None:
        await plc.meet()
        await plc.write(PartId=1, TriggerSeq=1)
        desk.commit()
        desk.say(1, PASS)
        for _ in range(2):
            with refused_as(ua.StatusCodes.BadTimeout):
                await plc.acknowledge(1)
        desk.commit()
        assert await plc.acknowledge(1) == ACCEPTED

    play(plant, desk, scene)


def test_acknowledging_by_variable_is_the_same(plant, desk):
    async def scene(plc: Plc) -> None:
        await plc.meet()
        await plc.write(PartId=1, TriggerSeq=1)
        desk.commit()
        desk.say(1, PASS)
        await plc.write(AckSeq=1)
        assert await plc.read("AckState", "AckEcho") == [0, 0]
        desk.commit()
        assert await plc.read("AckState", "AckEcho") == [1, 1]

    play(plant, desk, scene)


def test_one_write_request_is_one_event_in_any_order(plant, desk):
    async def scene(plc: Plc) -> None:
        await plc.meet()
        await plc.write(TriggerSeq=1, PartId=4711, Encoder=99)
        desk.commit()
        assert (desk.asked[1].part_id, desk.asked[1].encoder) == (4711, 99)
        await plc.write(PartId=4712, TriggerSeq=4)
        (missed,) = [op for op in desk.waiting if isinstance(op, LogMissed)]
        assert [each.part.trigger_seq for each in missed.dispositions] == [2, 3]

    play(plant, desk, scene)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("PartId", ua.Variant(5, ua.VariantType.Int32), ua.StatusCodes.BadTypeMismatch),
        ("PartId", ua.Variant([5], ua.VariantType.UInt32), ua.StatusCodes.BadTypeMismatch),
        ("PartId", ua.Variant(None, ua.VariantType.Null), ua.StatusCodes.BadTypeMismatch),
        ("Verdict", ua.Variant(1, ua.VariantType.UInt16), ua.StatusCodes.BadUserAccessDenied),
    ],
)
def test_a_write_request_is_applied_whole_or_not_at_all(plant, name, value, code):
    desk = plant.desks[NAMES[-1]]

    async def scene(plc: Plc) -> None:
        await plc.write(PlcBootId=7, TriggerEnable=True)
        before = list(desk.image.holding())
        nodes = [plc.node("TriggerSeq"), plc.node(name)]
        with refused_as(code):
            await plc.client.write_values(
                nodes, [ua.DataValue(ua.Variant(1, ua.VariantType.UInt16)), ua.DataValue(value)]
            )
        assert desk.image.holding() == before
        assert await plc.read("TriggerSeq", "Verdict") == [0, 0]

    play(plant, desk, scene)


def test_nobody_is_admin(plant, desk):
    async def scene(plc: Plc) -> None:
        with pytest.raises(ua.UaStatusCodeError):
            await plc.client.nodes.objects.add_object(plc.namespace, "intruder")
        with refused_as(ua.StatusCodes.BadUserAccessDenied):
            await plc.node("Verdict").write_attribute(
                ua.AttributeIds.AccessLevel, ua.DataValue(ua.Variant(3, ua.VariantType.Byte))
            )
        other = Plc(plc.client, "modbus", plc.namespace)
        with refused_as(ua.StatusCodes.BadUserAccessDenied):
            await other.write(TriggerSeq=1)
        with refused_as(ua.StatusCodes.BadUserAccessDenied):
            await other.acknowledge(1)

    play(plant, desk, scene)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], ua.StatusCodes.BadArgumentsMissing),
        ([ua.Variant(1, ua.VariantType.UInt16)] * 2, ua.StatusCodes.BadTooManyArguments),
        ([ua.Variant(1, ua.VariantType.Int64)], ua.StatusCodes.BadInvalidArgument),
        ([ua.Variant([1], ua.VariantType.UInt16)], ua.StatusCodes.BadInvalidArgument),
    ],
)
def test_bad_arguments_have_an_answer(plant, arguments, code):
    desk = plant.desks[NAMES[-1]]

    async def scene(plc: Plc) -> None:
        with refused_as(code):
            await plc.inspection.call_method(plc.node("AckResult").nodeid, *arguments)

    play(plant, desk, scene)


class Heard:
    """What a subscription brought."""

    def __init__(self) -> None:
        self.events: list = []

    def event_notification(self, event) -> None:
        self.events.append(event)


def test_each_result_is_an_event_with_all_that_a_plc_needs(plant, desk):
    async def scene(plc: Plc) -> None:
        heard = Heard()
        subscription = await plc.client.create_subscription(20, heard)
        event_type = plc.client.get_node(ua.NodeId("ResultReadyType", plc.namespace))
        await subscription.subscribe_events(plc.inspection, event_type)
        await plc.meet()
        for seq, decision in ((1, PASS), (2, REJECT)):
            await plc.write(PartId=40 + seq, TriggerSeq=seq)
            desk.commit()
            desk.say(seq, decision)
            for _ in range(3):
                await plant.server.refresh()
            answer = asyncio.create_task(plc.acknowledge(seq))
            await asyncio.sleep(0.02)
            desk.commit()
            await answer
        for _ in range(100):
            if len(heard.events) == 2:
                break
            await asyncio.sleep(0.02)
        assert [event.Verdict for event in heard.events] == [1, 2]
        assert [event.ResultSeq for event in heard.events] == [1, 2]
        assert [event.PartIdEcho for event in heard.events] == [41, 42]
        assert all(event.BridgeBootId == 5 for event in heard.events)
        assert all(hasattr(heard.events[0], field.name) for field in EVENT_FIELDS)

    play(plant, desk, scene)


def test_a_second_session_may_read_and_not_write_until_the_first_is_closed(plant, desk):
    async def scene(plc: Plc) -> None:
        await plc.meet()
        async with Client(URL) as client:
            second = Plc(client, plc.name, plc.namespace)
            with refused_as(ua.StatusCodes.BadLocked):
                await second.write(TriggerSeq=1, PartId=9)
            with refused_as(ua.StatusCodes.BadLocked):
                await second.acknowledge(1)
            assert await second.read("TriggerSeq", "PartId", "PlcBootId") == [0, 0, 7]
            await plc.write(TriggerSeq=1, PartId=5)
            assert [part.trigger.part_id for part in desk.station.book.open.values()] == [5]
            await plc.client.disconnect()
            await second.write(PlcBootId=8)  # the same address: the PLC that connects anew
            assert desk.image.holding()[12] == 8

    play(plant, desk, scene)


def test_another_boot_id_in_the_same_session_is_refused(plant, desk):
    async def scene(plc: Plc) -> None:
        await plc.meet()
        with refused_as(ua.StatusCodes.BadRequestNotAllowed):
            await plc.write(PlcBootId=8, TriggerSeq=206)
        assert await plc.read("PlcBootId", "TriggerSeq", "Missed") == [7, 0, 0]

    play(plant, desk, scene)


def test_a_bug_ends_the_bridge_and_is_no_answer(plant, desk, monkeypatch):
    def fail(words, peer) -> None:
        raise ZeroDivisionError

    async def scene(plc: Plc) -> None:
        monkeypatch.setattr(desk.image, "write", fail)
        with pytest.raises(ua.UaStatusCodeError):
            await plc.write(TriggerSeq=1)
        with pytest.raises(ua.UaStatusCodeError):
            await plc.acknowledge(1)

    play(plant, desk, scene)
    assert len(plant.bugs) == 2
