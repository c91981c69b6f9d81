"""Who begins a station's parts: its PLC, or its camera. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from contracts.causes import Mode
from contracts.identity import Stamp
from contracts.messages import CaptureNotice, SequenceRange, Verdict
from plc.core.plc_image import PlcChanges, PlcImage


class Terms(NamedTuple):
    """What a part is judged under that begins now."""

    mode: Mode
    release_id: str
    deadline_ms: int
    recipe: int


class Moment(NamedTuple):
    """Now, what the PLC last wrote, and what a part is judged under that begins now."""

    now: Stamp
    image: PlcImage
    terms: Terms


class ArrivedVerdict(NamedTuple):
    """A verdict, and when it arrived at the bridge, if that is known."""

    verdict: Verdict
    arrived_at: Stamp | None


class PartSource(Protocol):
    """Begins parts, and books those that were missed.

    A station has one of each kind, of which one is in charge. ``tick`` is called on all of them,
    every other method only on the one in charge.
    """

    def take_charge(self, moment: Moment) -> None:
        """Begin parts from now on, in place of the other source."""

    def resync(self, changes: PlcChanges, moment: Moment) -> None:
        """Follow a PLC that introduced itself or asked for a resync, if it did. Called for each
        write, before the acknowledgement in it is applied."""

    def trigger_by_plc(self, changes: PlcChanges, moment: Moment) -> None:
        """Begin the part that the PLC announced, if it did. Called for each write, after the
        acknowledgement in it was applied."""

    def captured(self, notice: CaptureNotice, moment: Moment) -> bool:
        """The camera triggered a part. Return False if this source does not take its notices."""

    def numbered(self, reached: SequenceRange, moment: Moment) -> None:
        """Ingest says how far it has numbered the parts that the camera triggered."""

    def keeps(self, arrived: ArrivedVerdict) -> bool:
        """Return whether the verdict has to wait for its part; ``tick`` then hands it back."""

    def end(self, moment: Moment) -> None:
        """Book the parts that are known of and were not announced: nobody announces them now."""

    def tick(self, moment: Moment) -> Sequence[ArrivedVerdict]:
        """Do what is due, and return the verdicts that need not wait any longer."""
