"""What the bridge needs of the world around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from contracts.messages import Trigger


class Units(Protocol):
    """What a fieldbus server serves: the registers of stations by unit id."""

    def has(self, unit: int) -> bool: ...

    def inputs(self, unit: int) -> Sequence[int]: ...

    def holding(self, unit: int) -> Sequence[int]: ...


class UnitsWithWrites(Units, Protocol):
    """The same, for a server that also takes what the PLC writes."""

    def takes_writes(self, unit: int) -> bool: ...

    def write(self, unit: int, words: Sequence[int]) -> None: ...


class Registers(Protocol):
    """The registers of one station, for a server that knows stations by name."""

    def inputs(self) -> Sequence[int]: ...

    def holding(self) -> Sequence[int]: ...

    def write(self, words: Sequence[int]) -> None: ...


class Cameras(Protocol):
    """Where a part's picture is asked for."""

    def ask(self, trigger: Trigger) -> None: ...
