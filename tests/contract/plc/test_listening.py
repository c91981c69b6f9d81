"""An address that is taken is told at once, with the settings that choose another."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from contracts.errors import FatalError
from contracts.fieldbus import FIELDBUSES
from contracts.plugins import plugin, plugin_names
from plc.fieldbus import Address, Served
from tests.unit.plc.test_bridge import Wired


@pytest.mark.parametrize("protocol", plugin_names(FIELDBUSES))
def test_a_taken_port_is_named_with_its_setting(protocol: str, tmp_path: Path) -> None:
    stations = Wired(tmp_path / "bridge.sqlite", "top").bridge

    async def scene(port: int) -> None:
        served = Served(stations, Address(protocol, "127.0.0.1", port), "urn:x", print)
        settings = rf"REFEREE_{protocol.upper()}_PORT .*sockets\.{protocol}"
        with pytest.raises(FatalError, match=rf"port {port} of .*in use.*{settings}"):
            await plugin(FIELDBUSES, protocol)(served).serve()

    with socket.create_server(("127.0.0.1", 0)) as taken:
        asyncio.run(scene(taken.getsockname()[1]))
