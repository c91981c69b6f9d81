"""OPC UA server: the registers of each station as `Inspection` nodes, a method and an event.

The one place of the bridge that knows asyncua, whose version is pinned. A Write request is one
event for the station, applied whole or not at all; a Read request sees one moment. What the nodes
hold is never asked for a decision: it is copied from the registers, as a PLC would read them.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog
from asyncua import Server, ua
from asyncua.common.callback import CallbackType, ServerItemCallback
from asyncua.common.connection import TransportLimits
from asyncua.common.utils import ServiceError

from plc.core.one_writer import Peer, WriteRefused
from plc.fieldbus import Registers, Served
from plc.opcua.limits import (
    ACTIVATION_S,
    LARGEST_CHUNK,
    LARGEST_MESSAGE,
    MOST_CONNECTIONS,
    look_after,
)
from plc.opcua.nodes import NAMESPACE
from plc.opcua.sessions import NOT_THIS_WRITER, PeerServer, current_peer
from plc.opcua.station_nodes import Inspection, event_type

log = structlog.get_logger()

_REFRESH_EVERY_S = 0.01
Listener = Callable[[ServerItemCallback], Awaitable[None]]


class OpcUaServer:
    """Listens while ``serve`` runs, in the event loop of the stations."""

    def __init__(self, served: Served) -> None:
        self._address = served.address
        self._line_urn = served.line_urn
        self._images = served.stations.images
        self._on_bug = served.on_bug
        self._stations: list[Inspection] = []
        self._writable: dict[ua.NodeId, tuple[Inspection, str]] = {}
        self._refreshing = asyncio.Lock()
        self._server = Server(PeerServer(self._closed))

    async def serve(self) -> None:
        """Listen and keep the nodes up to date until this is cancelled; then end all connections.

        Raises:
            FatalError: the address cannot be bound.
        """
        await self._start()
        try:
            while True:
                await self._follow_stations()
                await self.refresh()
                look_after(self._server.bserver.clients)
                await asyncio.sleep(_REFRESH_EVERY_S)
        finally:
            await self._server.stop()

    async def refresh(self) -> None:
        """Copy the registers to the nodes, which notifies the subscribers of what changed."""
        async with self._refreshing:
            for station in self._stations:
                await station.refresh()

    async def _start(self) -> None:
        """Build the nodes, which takes a second or two, and listen."""
        await self._address.try_to_listen()
        logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # lines for each bad request
        await self._set_up()
        await self._set_up_nodes()
        await self._follow_stations()
        await self.refresh()
        for kind, listener in (
            (CallbackType.PreRead, self._before_read),
            (CallbackType.PreWrite, self._before_write),
        ):
            self._server.iserver.subscribe_server_callback(kind, partial(self._watched, listener))
        with self._address.listening():
            await self._server.start()
        gc.freeze()  # some 400,000 objects that stay: no collection walks them while parts wait

    async def _set_up(self) -> None:
        server, inner = self._server, self._server.iserver
        server.name = "Referee PLC bridge"
        server.manufacturer_name = "Referee"
        server.product_uri = "urn:referee"
        server.application_type = ua.ApplicationType.Server
        server.set_endpoint(f"opc.tcp://{self._address.host}:{self._address.port}/referee")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        server.set_identity_tokens([ua.AnonymousIdentityToken])
        server.allow_remote_admin(False)  # asyncua's default lets anyone called admin do anything
        chunks = LARGEST_MESSAGE // LARGEST_CHUNK + 1
        server.limits = TransportLimits(LARGEST_CHUNK, LARGEST_CHUNK, chunks, LARGEST_MESSAGE)
        inner.max_connections = MOST_CONNECTIONS
        inner.max_pending_activation_seconds = ACTIVATION_S
        await server.init()
        await server.set_application_uri(self._line_urn)

    async def _set_up_nodes(self) -> None:
        self._namespace = await self._server.register_namespace(NAMESPACE)
        self._events = await event_type(self._server, self._namespace)

    async def _follow_stations(self) -> None:
        """Build the nodes of stations that have joined; delete those of stations that have left."""
        for station in [each for each in self._stations if not each.is_of(self._images)]:
            await self._remove(station)
        known = {each.name for each in self._stations}
        for name, image in list(self._images.items()):
            if name not in known:
                await self._add(name, image)

    async def _add(self, name: str, image: Registers) -> None:
        driven = image.protocol == self._address.protocol
        station = Inspection(name, image, driven=driven, on_bug=self._on_bug)
        await station.add_to(self._server, self._namespace, self._events)
        self._stations.append(station)
        if driven:
            self._writable |= {node: (station, to) for node, to in station.writable.items()}

    async def _remove(self, station: Inspection) -> None:
        async with self._refreshing:
            self._stations.remove(station)
            for node in station.writable:
                del self._writable[node]
            await station.remove()

    async def _watched(
        self, listener: Listener, event: ServerItemCallback, service: object
    ) -> None:
        """End the bridge after a bug: asyncua would answer and go on in an unknown state."""
        if not event.is_external:
            return
        try:
            await listener(event)
        except ServiceError:
            raise
        except Exception:
            log.critical("opcua_failed", exc_info=True)
            self._on_bug()
            raise

    async def _before_read(self, event: ServerItemCallback) -> None:
        await self.refresh()

    def _closed(self, peer: Peer) -> None:
        """A session was closed: another one may write to its stations."""
        for image in self._images.values():
            image.left(peer)

    async def _before_write(self, event: ServerItemCallback) -> None:
        """Bring the request to the stations; asyncua then writes the nodes.

        Refuse it as a whole if one item is not a value for a node that this peer may write.
        """
        items = event.request_params.NodesToWrite
        for code in map(self._refusal, items):
            if code is not None:
                raise ServiceError(code)
        try:
            self._write(items, current_peer())
        except WriteRefused as refused:
            raise ServiceError(NOT_THIS_WRITER[refused.why]) from refused

    def _write(self, items: Sequence[ua.WriteValue], peer: Peer) -> None:
        wrote: dict[Inspection, dict[str, float | bool]] = {}
        for item in items:
            station, source = self._writable[item.NodeId]
            wrote.setdefault(station, {})[source] = item.Value.Value.Value
        for station, values in wrote.items():
            station.check(values, peer)
        for station, values in wrote.items():
            station.write(values, peer)

    def _refusal(self, item: ua.WriteValue) -> int | None:
        if item.AttributeId != ua.AttributeIds.Value or item.NodeId not in self._writable:
            return ua.StatusCodes.BadUserAccessDenied
        if item.IndexRange:
            return ua.StatusCodes.BadIndexRangeInvalid
        data = item.Value
        if data.StatusCode is not None and not data.StatusCode.is_good():
            return ua.StatusCodes.BadWriteNotSupported
        station, source = self._writable[item.NodeId]
        value = data.Value
        if value is None or value.is_array or value.VariantType != station.types[source]:
            return ua.StatusCodes.BadTypeMismatch
        return None
