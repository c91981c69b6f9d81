"""A server that cannot listen says at once which address, which settings, and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from contracts.errors import FatalError

MODBUS = "REFEREE_MODBUS_HOST and _PORT (sockets.host and sockets.modbus in the line file)"
OPC_UA = "REFEREE_OPCUA_HOST and _PORT (sockets.host and opcua.port in the line file)"


@contextmanager
def listening(protocol: str, host: str, port: int, settings: str) -> Iterator[None]:
    """Raises FatalError where the address cannot be bound."""
    try:
        yield
    except OSError as error:
        raise FatalError(
            f"{protocol} cannot listen on port {port} of {host}: {error.strerror}; "
            f"stop what listens there, or set {settings}"
        ) from error


async def try_to_listen(protocol: str, host: str, port: int, settings: str) -> None:
    """For a server that is long in starting. Raises FatalError where it could not listen."""
    with listening(protocol, host, port, settings):
        probe = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port)
    probe.close()
