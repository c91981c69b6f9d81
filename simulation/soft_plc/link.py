"""Modbus TCP client of the simulated PLC: the only module of it that uses pymodbus."""

from __future__ import annotations

import logging
from collections import deque

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from contracts.errors import Unavailable
from plc.core.plc_image import PlcImage
from plc.core.registers import (
    HOLDING_REGISTERS,
    HOLDING_SIZE,
    INPUT_REGISTERS,
    INPUT_SIZE,
    decode,
    encode,
)

MOST_LEFT_OPEN = 4
TIMEOUT_S = 1.0  # pymodbus waits 12 s for a server that hangs, by default


class BridgeLink:
    """One connection to the bridge, dialled again when it is lost."""

    def __init__(self, host: str, port: int) -> None:
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
        self._address = f"Modbus {host}:{port}"
        self._host, self._port = host, port
        self._client = self._new_client()
        self._left: deque[AsyncModbusTcpClient] = deque()

    async def open(self) -> None:
        """Connect if there is no connection. Raises Unavailable."""
        if not self._client.connected and not await self._client.connect():
            raise Unavailable(self._address, "no connection")

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def cut(self, *, closed: bool) -> None:
        """Lose the connection as a PLC does that loses its power.

        ``closed``: the bridge is told. If not, its side of the connection stays open for a while.
        """
        if closed:
            self.close()
            return
        self._left.append(self._client)
        self._client = self._new_client()
        if len(self._left) > MOST_LEFT_OPEN:
            self._left.popleft().close()

    def _new_client(self) -> AsyncModbusTcpClient:
        return AsyncModbusTcpClient(
            self._host, port=self._port, timeout=TIMEOUT_S, retries=0, reconnect_delay=0
        )

    async def write(self, unit: int, image: PlcImage) -> None:
        """Write all holding registers in one request. Raises Unavailable."""
        words = encode(HOLDING_REGISTERS, HOLDING_SIZE, image._asdict())
        try:
            reply = await self._client.write_registers(0, words, device_id=unit)
        except ModbusException as error:
            self.close()
            raise Unavailable(self._address, str(error)) from error
        if reply.isError():
            raise Unavailable(self._address, f"unit {unit} answers {reply}")

    async def read(self, unit: int) -> dict[str, float]:
        """Read all input registers in one request. Raises Unavailable."""
        try:
            reply = await self._client.read_input_registers(0, count=INPUT_SIZE, device_id=unit)
        except ModbusException as error:
            self.close()
            raise Unavailable(self._address, str(error)) from error
        if reply.isError():
            raise Unavailable(self._address, f"unit {unit} answers {reply}")
        return decode(INPUT_REGISTERS, reply.registers)
