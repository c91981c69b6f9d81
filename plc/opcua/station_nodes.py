"""One station in the address space of the OPC UA server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import structlog
from asyncua import Node, Server, ua

from plc.core.one_writer import Peer, WriteRefused
from plc.fieldbus import Registers
from plc.opcua.nodes import (
    ACK_METHOD,
    EVENT_FIELDS,
    EVENT_TYPE,
    SHOWN,
    WRITTEN,
    shown_values,
    written,
)
from plc.opcua.sessions import NOT_THIS_WRITER, current_peer

log = structlog.get_logger()

ACK_WAIT_S = 1.0
_ACK_POLL_S = 0.002


class Inspection:
    """The nodes of one station, the method AckResult and the event ResultReady.

    Attributes:
        writable: register or coil that each node which the PLC writes carries.
        types: their data types.
    """

    def __init__(
        self, name: str, image: Registers, *, driven: bool, on_bug: Callable[[], object]
    ) -> None:
        self.name = name
        self._image = image
        self._driven = driven
        self._on_bug = on_bug
        self.writable: dict[ua.NodeId, str] = {}
        self.types = {node.source: ua.VariantType[node.type] for node in WRITTEN}
        self._nodes: dict[str, tuple[ua.NodeId, ua.VariantType]] = {}
        self._shown: dict[str, float | bool] = {}
        self._acknowledging = asyncio.Lock()

    async def add_to(self, server: Server, namespace: int, events: Node) -> None:
        """Build ``Objects/<station>/Inspection`` and what is in it."""
        self._server = server
        self._namespace = namespace
        station = await server.nodes.objects.add_object(self._id(), self._browse_name(self.name))
        inspection = await station.add_object(
            self._id("Inspection"), self._browse_name("Inspection")
        )
        for node in (*WRITTEN, *SHOWN):
            kind = ua.VariantType[node.type]
            added = await inspection.add_variable(
                self._id("Inspection", node.name),
                self._browse_name(node.name),
                ua.get_default_value(kind),
                varianttype=kind,
            )
            self._nodes[node.name] = added.nodeid, kind
            if self._driven and node in WRITTEN:
                await added.set_writable()
                self.writable[added.nodeid] = node.source
            await asyncio.sleep(0)  # a station that joins holds up no part of another
        await inspection.add_method(
            self._id("Inspection", ACK_METHOD),
            self._browse_name(ACK_METHOD),
            self._ack_result,
            [_argument("Seq", "ResultSeq of the part")],
            [_argument("AckState", "1 clear the slot, 2 refused, 3 noted, not a pass")],
        )
        self._event = await server.get_event_generator(events, emitting_node=inspection)

    def is_of(self, images: Mapping[str, Registers]) -> bool:
        """Whether these are still the station's registers."""
        return images.get(self.name) is self._image

    async def remove(self) -> None:
        """Delete the nodes: the line has no such station any more."""
        await self._server.delete_nodes([self._server.get_node(self._id())], recursive=True)

    def check(self, values: Mapping[str, float | bool], peer: Peer) -> None:
        """Raise WriteRefused if the peer may not write this now."""
        self._image.check(written(self._image.holding(), values), peer)

    def write(self, values: Mapping[str, float | bool], peer: Peer) -> None:
        """Take what the PLC wrote to registers and coils in one request. Raises WriteRefused."""
        self._image.write(written(self._image.holding(), values), peer)

    async def refresh(self) -> None:
        """Write what has changed to the nodes; raise the event for a result that is new."""
        values = shown_values(self._image.inputs(), self._image.holding())
        before, self._shown = self._shown, values
        now = datetime.now(UTC)
        for name, value in values.items():
            if before.get(name) != value:
                node, kind = self._nodes[name]
                data = ua.DataValue(ua.Variant(value, kind), SourceTimestamp=now)
                await self._server.iserver.write_attribute_value(node, data)
        if values["ResultValid"] and _result(before) != _result(values):
            await self._raise_event(values)

    async def _raise_event(self, values: Mapping[str, float | bool]) -> None:
        for node in EVENT_FIELDS:
            setattr(self._event.event, node.name, values[node.name])
        await self._event.trigger(message=f"{self.name}: result {values['ResultSeq']}")

    async def _ack_result(
        self, parent: ua.NodeId, *arguments: ua.Variant
    ) -> list[ua.Variant] | ua.StatusCode:
        """What the PLC gets for its call."""
        refusal = self._refusal(arguments)
        if refusal is not None:
            return ua.StatusCode(refusal)
        try:
            async with self._acknowledging:
                state = await self._acknowledged(arguments[0].Value, current_peer())
        except WriteRefused as refused:
            return ua.StatusCode(NOT_THIS_WRITER[refused.why])
        except Exception:  # asyncua would answer and go on, in a state that nobody thought of
            log.critical("opcua_failed", station=self.name, exc_info=True)
            self._on_bug()
            raise
        if state is None:
            return ua.StatusCode(ua.StatusCodes.BadTimeout)
        return [ua.Variant(state, ua.VariantType.UInt16)]

    def _refusal(self, arguments: tuple[ua.Variant, ...]) -> int | None:
        if not self._driven:
            return ua.StatusCodes.BadUserAccessDenied
        if not arguments:
            return ua.StatusCodes.BadArgumentsMissing
        if len(arguments) > 1:
            return ua.StatusCodes.BadTooManyArguments
        value = arguments[0]
        if value.is_array or value.VariantType != ua.VariantType.UInt16 or value.Value is None:
            return ua.StatusCodes.BadInvalidArgument
        return None

    async def _acknowledged(self, seq: int, peer: Peer) -> int | None:
        """Return AckState once the station has answered, None if that takes too long."""
        self.write({"ack_seq": seq, "result_ack": True}, peer)
        self.write({"result_ack": False}, peer)
        loop = asyncio.get_running_loop()
        end_s = loop.time() + ACK_WAIT_S
        while loop.time() < end_s:
            values = shown_values(self._image.inputs(), self._image.holding())
            if values["AckEcho"] == seq and values["AckState"] != 0:
                return int(values["AckState"])
            await asyncio.sleep(_ACK_POLL_S)
        return None

    def _id(self, *path: str) -> ua.NodeId:
        """A name that is the same after each start: ``top.Inspection.Verdict``."""
        return ua.NodeId(".".join((self.name, *path)), self._namespace)

    def _browse_name(self, name: str) -> ua.QualifiedName:
        return ua.QualifiedName(name, self._namespace)


async def event_type(server: Server, namespace: int) -> Node:
    """The type of the event, with its fields."""
    base = server.get_node(ua.ObjectIds.BaseEventType)
    added = await base.add_object_type(
        ua.NodeId(EVENT_TYPE, namespace), ua.QualifiedName(EVENT_TYPE, namespace)
    )
    for field in EVENT_FIELDS:
        kind = ua.VariantType[field.type]
        await added.add_property(
            ua.NodeId(f"{EVENT_TYPE}.{field.name}", namespace),
            ua.QualifiedName(field.name, namespace),
            ua.get_default_value(kind),
            varianttype=kind,
        )
    return added


def _result(values: Mapping[str, float | bool]) -> tuple[object, ...]:
    return tuple(values.get(name) for name in ("ResultValid", "ResultSeq", "PartIdEcho"))


def _argument(name: str, meaning: str) -> ua.Argument:
    return ua.Argument(
        Name=name,
        DataType=ua.NodeId(ua.ObjectIds.UInt16),
        ValueRank=-1,
        Description=ua.LocalizedText(meaning),
    )
