"""The registers of one station, whatever protocol carries them to its PLC."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from plc.core.plc_image import PlcImage
from plc.core.registers import HOLDING_SIZE
from plc.core.station import Station
from plc.core.view import input_words
from runtime.process.clock import Clock


class RegisterImage:
    """What the PLC reads and what it wrote. ``carry_out`` does what a write made due.

    Attributes:
        protocol: of the station's PLC, which alone may write.
    """

    def __init__(
        self,
        station: Station,
        clock: Clock,
        carry_out: Callable[[Station], object],
        protocol: str,
    ) -> None:
        self.protocol = protocol
        self._station = station
        self._clock = clock
        self._carry_out = carry_out
        self._holding = [0] * HOLDING_SIZE

    def inputs(self) -> Sequence[int]:
        """The input registers, now."""
        return input_words(self._station, self._clock.now())

    def holding(self) -> Sequence[int]:
        """The holding registers, as the PLC left them."""
        return self._holding

    def write(self, words: Sequence[int]) -> None:
        """The PLC wrote: the part's clock starts here."""
        now = self._clock.now()
        self._holding = list(words)
        self._station.plc_wrote(PlcImage.of(words), now)
        self._carry_out(self._station)
