"""An address that is taken is told at once, with the settings that choose another."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine
from typing import Any

import pytest

from contracts.errors import FatalError
from plc.modbus.server import serve
from plc.opcua.server import OpcUaServer


def opc_ua(port: int) -> Coroutine[Any, Any, Any]:
    return OpcUaServer({}, (), print).start("127.0.0.1", port, "urn:x")


def modbus(port: int) -> Coroutine[Any, Any, Any]:
    return serve(None, "127.0.0.1", port, print)


@pytest.mark.parametrize(
    ("start", "setting"), [(opc_ua, r"opcua\.port"), (modbus, r"sockets\.modbus")]
)
def test_a_taken_port_is_named_with_its_setting(start, setting) -> None:
    async def scene(port: int) -> None:
        with pytest.raises(FatalError, match=rf"port {port} of .*in use.*{setting}"):
            await asyncio.wait_for(start(port), timeout=1.0)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        asyncio.run(scene(taken.getsockname()[1]))
