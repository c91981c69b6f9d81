"""Which peer may write a station's registers: one at a time. Pure.

The first peer that writes holds the station, as long as its connection is open and for a time after
that. Everybody may read. A boot id says that the PLC lost its power, and then its connection was
lost too: another boot id on a connection that goes on comes from somebody else.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from contracts.errors import RefereeError
from contracts.identity import Stamp


class Peer(NamedTuple):
    """Who sends a request.

    Attributes:
        address: IP address, as ``contracts.fieldbus.plain_address`` writes it.
        connection: number of the connection or session, another one for each.
    """

    address: str
    connection: int


ONLY_PEER = Peer("", 0)
"""The peer of a fieldbus on which only one can be."""


class Refusal(StrEnum):
    """Why a write was not carried out."""

    NOT_A_PEER = "not_a_peer"  # the line file names the station's peers, and not this one
    SECOND_WRITER = "second_writer"  # another peer holds the station
    BOOT_ID_JUMP = "boot_id_jump"  # the connection had given another boot id


class WriteRefused(RefereeError):
    """The write was not carried out, and has changed nothing.

    Attributes:
        held_by: address of the peer that holds the station, empty if none does.
    """

    def __init__(self, why: Refusal, held_by: str) -> None:
        super().__init__(why)
        self.why = why
        self.held_by = held_by


@dataclass
class _Hold:
    peer: Peer
    began_ns: int
    wrote_ns: int
    introduced: bool = False
    left_ns: int | None = None


class OneWriter:
    """The peer that holds one station."""

    def __init__(self, silent_ms: int, grace_ms: int, pinned: Collection[str] = ()) -> None:
        """Make one that nobody holds yet.

        Args:
            silent_ms: a connection without a write for this time may be a dead one of a PLC that
                has dialled again; and for this time a new connection may give another boot id.
            grace_ms: so long after its connection was closed only the peer's address may write.
            pinned: the only addresses that may write; empty if any may.
        """
        self._silent_ns = silent_ms * 1_000_000
        self._grace_ns = grace_ms * 1_000_000
        self._pinned = frozenset(pinned)
        self._hold: _Hold | None = None

    @property
    def held_by(self) -> str:
        """Address of the peer that holds the station, empty if nobody has written yet."""
        return self._hold.peer.address if self._hold else ""

    def pin(self, addresses: Collection[str]) -> None:
        """Let only these addresses write from now on; any if there is none."""
        self._pinned = frozenset(addresses)

    def wrote(self, peer: Peer, boot_ids: tuple[int, int], now: Stamp) -> None:
        """Take a write of a peer; ``boot_ids``: what the register had, and what it has then.

        Raises:
            WriteRefused: the write must not be carried out.
        """
        hold = self.check(peer, boot_ids, now)
        before, after = boot_ids
        hold.introduced |= after not in (0, before)
        hold.wrote_ns = now.monotonic_ns
        self._hold = hold

    def check(self, peer: Peer, boot_ids: tuple[int, int], now: Stamp) -> _Hold:
        """Return the hold that a write would have. Raises WriteRefused as ``wrote`` does."""
        hold = self._hold_for(peer, now)
        before, after = boot_ids
        if before not in (0, after) and not self._may_introduce(hold, now):
            raise WriteRefused(Refusal.BOOT_ID_JUMP, self.held_by)
        return hold

    def left(self, peer: Peer, now: Stamp) -> None:
        """Note that a connection was closed."""
        if self._hold is not None and self._hold.peer == peer:
            self._hold.left_ns = now.monotonic_ns

    def is_introducing(self, now: Stamp) -> bool:
        """Whether the PLC is back on a new connection and may still give another boot id."""
        return self._hold is not None and self._may_introduce(self._hold, now)

    def _hold_for(self, peer: Peer, now: Stamp) -> _Hold:
        """Return the peer's hold, a new one if it begins with this write. Raises WriteRefused."""
        if self._pinned and peer.address not in self._pinned:
            raise WriteRefused(Refusal.NOT_A_PEER, self.held_by)
        hold, now_ns = self._hold, now.monotonic_ns
        goes_on = hold is not None and hold.peer == peer and hold.left_ns is None
        if hold is not None and goes_on and not self._is_silent(hold, now_ns):
            return hold
        if hold is not None and hold.peer != peer and not self._may_follow(hold, peer, now_ns):
            raise WriteRefused(Refusal.SECOND_WRITER, self.held_by)
        return _Hold(peer, now_ns, now_ns)

    def _may_follow(self, hold: _Hold, peer: Peer, now_ns: int) -> bool:
        """Return whether the station changes hands."""
        is_known = peer.address == hold.peer.address or bool(self._pinned)
        if hold.left_ns is None:
            return is_known and self._is_silent(hold, now_ns)
        return is_known or now_ns - hold.left_ns >= self._grace_ns

    def _is_silent(self, hold: _Hold, now_ns: int) -> bool:
        return now_ns - hold.wrote_ns >= self._silent_ns

    def _may_introduce(self, hold: _Hold, now: Stamp) -> bool:
        return not hold.introduced and now.monotonic_ns - hold.began_ns < self._silent_ns
