"""A fieldbus is one protocol over which PLCs read and write the registers of their stations.

Modbus TCP (plc/modbus) and OPC UA (plc/opcua) are two. A package of your own adds another one: it
registers a class that is a ``Fieldbus`` as an entry point, under the name of its protocol:

    [project.entry-points."referee.fieldbuses"]
    my_protocol = "my_package.server:MyServer"

The bridge makes one object of each protocol that has a port and runs its ``serve`` in the event
loop of the stations. docs/plc.md says what the registers mean and what a PLC has to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from contracts.errors import FatalError
from contracts.fieldbus import variables_of
from plc.core.one_writer import ONLY_PEER, Peer


class Registers(Protocol):
    """The registers of one station."""

    @property
    def protocol(self) -> str:
        """The protocol of the station's PLC. Over every other one the registers are read only."""

    def inputs(self) -> Sequence[int]:
        """Return the input registers at this moment."""

    def holding(self) -> Sequence[int]:
        """Return the holding registers as the PLC wrote them last."""

    def write(self, words: Sequence[int], peer: Peer = ONLY_PEER) -> None:
        """Replace the holding registers: one call for one write of the PLC.

        A fieldbus on which several peers can be says which one wrote.

        Raises:
            WriteRefused: the peer may not write that now (plc/core/one_writer.py says when). Answer
                it with an error of the protocol; nothing has changed.
        """

    def check(self, words: Sequence[int], peer: Peer) -> object:
        """Raise WriteRefused if ``write`` would, and change nothing."""

    def left(self, peer: Peer) -> None:
        """Note that the connection of a peer was closed, so that another one may write."""


class Stations(Protocol):
    """The registers of all stations of the bridge."""

    @property
    def images(self) -> Mapping[str, Registers]:
        """By the name of the station. Stations come and go; another object is another station."""

    def of_unit(self, unit: int) -> Registers | None:
        """Return the registers of a unit id; None if no station with a release has it."""


@dataclass(frozen=True)
class Address:
    """Where the server of one fieldbus listens."""

    protocol: str
    host: str
    port: int

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Raise FatalError, with the settings to change, if the block cannot bind the address."""
        try:
            yield
        except OSError as error:
            begin = variables_of(self.protocol)
            raise FatalError(
                f"{self.protocol} cannot listen on port {self.port} of {self.host}: "
                f"{error.strerror}; stop what listens there, or set {begin}HOST and {begin}PORT "
                f"(sockets.host and sockets.{self.protocol} in the line file)"
            ) from error

    async def try_to_listen(self) -> None:
        """Raise FatalError at once if the address is taken, for a server that starts slowly."""
        with self.listening():
            loop = asyncio.get_running_loop()
            probe = await loop.create_server(asyncio.Protocol, self.host, self.port)
        probe.close()


@dataclass(frozen=True)
class Served:
    """What a fieldbus is made with.

    Attributes:
        stations: the registers that it serves.
        line_urn: a name of this bridge that no other one has.
        on_bug: to be called if a request failed for a reason that is not the PLC's: the bridge
            then ends and starts again from its journal.
    """

    stations: Stations
    address: Address
    line_urn: str
    on_bug: Callable[[], object]


class Fieldbus(Protocol):
    """Serves registers over one protocol. Made with ``Served`` as its only argument."""

    async def serve(self) -> None:
        """Listen and answer until this is cancelled; then close every connection.

        Raises:
            FatalError: the address cannot be bound.
        """
