"""Modbus TCP server: register map v1 on the wire. The one place of the bridge that knows pymodbus.

pymodbus changes its API in minor versions, so the version is pinned. Its own data store is left
aside: each request is answered from the station itself, in the event loop, so that a read sees one
moment and a write is one event.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import structlog
from pymodbus.constants import ExcCodes
from pymodbus.datastore import ModbusServerContext
from pymodbus.exceptions import NoSuchIdException
from pymodbus.pdu.device import ModbusDeviceIdentification
from pymodbus.server import ModbusTcpServer

from contracts.errors import FatalError
from plc.ports import UnitsWithWrites
from plc.registers import DISCRETE_INPUTS, HOLDING_SIZE, INPUT_SIZE

log = structlog.get_logger()

_READ_COILS, _READ_DISCRETE, _READ_INPUTS = 1, 2, 4
_COIL_CODES = (_READ_COILS, 5, 15)
_COIL_COUNT, _DISCRETE_COUNT = 16, len(DISCRETE_INPUTS)


class StationContext(ModbusServerContext):
    """Answers pymodbus's server from the stations."""

    def __init__(self, units: UnitsWithWrites, on_bug: Callable[[], object]) -> None:
        self.old_simulator, self.simdevices = True, []  # keeps the server from building a store
        self._units, self._on_bug = units, on_bug

    def device_ids(self) -> list[int]:
        """Unit ids that a broadcast would reach: none, broadcasts are off."""
        return []

    async def async_getValues(
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | list[bool] | ExcCodes:
        """Registers, or bits, from ``address``; an exception code beyond the map."""
        self._check(device_id)
        if func_code in _COIL_CODES:
            return _bits(self._units.holding(device_id)[0], _COIL_COUNT, address, count)
        if func_code == _READ_DISCRETE:
            return _bits(self._units.inputs(device_id)[0], _DISCRETE_COUNT, address, count)
        inputs = func_code == _READ_INPUTS
        size = INPUT_SIZE if inputs else HOLDING_SIZE
        if address + count > size:
            return ExcCodes.ILLEGAL_ADDRESS
        words = self._units.inputs(device_id) if inputs else self._units.holding(device_id)
        return list(words[address : address + count])

    async def async_setValues(
        self, device_id: int, func_code: int, address: int, values: Sequence[int] | Sequence[bool]
    ) -> ExcCodes | None:
        """One write, applied whole or not at all; an exception code beyond what a PLC writes."""
        self._check(device_id)
        if not self._units.takes_writes(device_id):
            return ExcCodes.ILLEGAL_FUNCTION
        words = list(self._units.holding(device_id))
        coils = func_code in _COIL_CODES
        if address + len(values) > (_COIL_COUNT if coils else HOLDING_SIZE):
            return ExcCodes.ILLEGAL_ADDRESS
        if coils:
            words[0] = _with_bits(words[0], address, values)
        else:
            words[address : address + len(values)] = [int(value) for value in values]
        try:
            self._units.write(device_id, words)
        except Exception:  # pymodbus would answer and go on, in a state that nobody thought of
            log.critical("station_failed", unit=device_id, exc_info=True)
            self._on_bug()
            raise
        return None

    def _check(self, unit: int) -> None:
        if not self._units.has(unit):
            raise NoSuchIdException(f"no station has the unit id {unit}")


async def serve(
    units: UnitsWithWrites, host: str, port: int, on_bug: Callable[[], object]
) -> ModbusTcpServer:
    """Listen; the server that is returned ends with its ``shutdown()``.

    ``on_bug`` hears of a write that failed for no reason of the PLC.

    Raises:
        FatalError: the address cannot be bound.
    """
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # one line for each bad request
    identity = ModbusDeviceIdentification(
        info_name={"VendorName": "Referee", "ProductName": "Referee PLC bridge"}
    )
    server = ModbusTcpServer(StationContext(units, on_bug), address=(host, port), identity=identity)
    try:
        await server.serve_forever(background=True)
    except RuntimeError as error:
        raise FatalError(f"Modbus cannot listen on {host}:{port}") from error
    return server


def _bits(word: int, known: int, address: int, count: int) -> list[bool] | ExcCodes:
    if address + count > known:
        return ExcCodes.ILLEGAL_ADDRESS
    return [bool(word >> bit & 1) for bit in range(address, address + count)]


def _with_bits(word: int, address: int, values: Sequence[int] | Sequence[bool]) -> int:
    for bit, value in enumerate(values, start=address):
        word = word | 1 << bit if value else word & ~(1 << bit)
    return word
