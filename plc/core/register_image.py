"""The registers of one station, whatever protocol carries them to its PLC."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from contracts.identity import Stamp
from plc.core.one_writer import ONLY_PEER, OneWriter, Peer, WriteRefused
from plc.core.plc_image import PlcImage
from plc.core.registers import HOLDING_SIZE
from plc.core.station import Station
from plc.core.view import input_words
from runtime.process.clock import Clock


class RegisterImage:
    """What the PLC reads and what it wrote.

    Attributes:
        protocol: of the station's PLC, which alone may write.
    """

    def __init__(
        self,
        station: Station,
        clock: Clock,
        carry_out: Callable[[Station], object],
        protocol: str,
        writer: OneWriter,
        on_refused: Callable[[str, Peer, WriteRefused], object] = lambda *refused: None,
    ) -> None:
        """Make the registers of one station.

        Args:
            carry_out: does what a write made due.
            writer: which peer may write.
            on_refused: is told the station, who wrote, and why this was refused.
        """
        self.protocol = protocol
        self._writer = writer
        self._on_refused = on_refused
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

    def write(self, words: Sequence[int], peer: Peer = ONLY_PEER) -> None:
        """Take what the PLC wrote: the part's clock starts here.

        Raises:
            WriteRefused: this peer may not write that now; nothing has changed.
        """
        now = self.check(words, peer)
        image = PlcImage.of(words)
        self._writer.wrote(peer, self._boot_ids(image), now)
        self._holding = list(words)
        is_new = self._writer.is_introducing(now)
        self._station.plc_wrote(image, now, introducing=is_new)
        self._carry_out(self._station)

    def check(self, words: Sequence[int], peer: Peer) -> Stamp:
        """Return the moment. Raises WriteRefused if ``write`` would at this moment."""
        now = self._clock.now()
        try:
            self._writer.check(peer, self._boot_ids(PlcImage.of(words)), now)
        except WriteRefused as refused:
            self._on_refused(self._station.name, peer, refused)
            raise
        return now

    def pin(self, addresses: Collection[str]) -> None:
        """Let only these addresses write from now on; any if there is none."""
        self._writer.pin(addresses)

    def left(self, peer: Peer) -> None:
        """Note that the connection of a peer was closed."""
        self._writer.left(peer, self._clock.now())

    def _boot_ids(self, image: PlcImage) -> tuple[int, int]:
        return self._station.image.plc_boot_id, image.plc_boot_id
