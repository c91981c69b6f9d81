"""Writes that the bridge refused: counted, logged once a minute, and an alarm for five minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from contracts.conditions import kind_of
from contracts.process_state import Condition
from plc.core.one_writer import Peer, Refusal, WriteRefused

log = structlog.get_logger()

REFUSED = Counter(
    "referee_bridge_writes_refused",
    "Writes to a station's registers that were not carried out",
    ["station", "why"],
)
ALARM_FOR_S = 300.0
SAID_AGAIN_S = 60.0


@dataclass
class _Told:
    peers: set[str]
    held_by: str
    count: int
    last_s: float


class RefusedWrites:
    """What was refused lately, by station and reason."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._told: dict[tuple[str, Refusal], _Told] = {}
        self._said_s: dict[tuple[str, str, Refusal], float] = {}

    def note(self, station: str, peer: Peer, refused: WriteRefused) -> None:
        """Count a write that was refused, and log it."""
        now_s = self._clock_s()
        REFUSED.labels(station, refused.why).inc()
        told = self._told.get((station, refused.why))
        if told is None or now_s - told.last_s >= ALARM_FOR_S:
            told = self._told[station, refused.why] = _Told(set(), "", 0, now_s)
        told.peers.add(peer.address)
        told.held_by = refused.held_by
        told.count += 1
        told.last_s = now_s
        self._say(station, peer, refused, now_s)

    def forget(self, station: str) -> None:
        """Forget a station that the line no longer has."""
        self._told = {key: told for key, told in self._told.items() if key[0] != station}
        self._said_s = {key: at_s for key, at_s in self._said_s.items() if key[0] != station}

    def conditions(self) -> tuple[Condition, ...]:
        """Return what was refused in the last five minutes."""
        now_s = self._clock_s()
        return tuple(
            Condition(code=why, detail=_words(why, told), station=station)
            for (station, why), told in self._told.items()
            if now_s - told.last_s < ALARM_FOR_S
        )

    def _say(self, station: str, peer: Peer, refused: WriteRefused, now_s: float) -> None:
        key = station, peer.address, refused.why
        if now_s - self._said_s.get(key, -SAID_AGAIN_S) < SAID_AGAIN_S:
            return
        recent = {k: at_s for k, at_s in self._said_s.items() if now_s - at_s < SAID_AGAIN_S}
        self._said_s = recent | {key: now_s}
        log.error(
            "plc_write_refused",
            station=station,
            peer=peer.address,
            why=str(refused.why),
            held_by=refused.held_by,
            remedy=kind_of(refused.why).remedy,
        )


def _words(why: Refusal, told: _Told) -> str:
    peers, writes = ", ".join(sorted(told.peers)), f"{told.count} write(s)"
    if why is Refusal.NOT_A_PEER:
        return f"{writes} of {peers} refused: not one of the addresses in plc.peers"
    if why is Refusal.SECOND_WRITER:
        return f"{writes} of {peers} refused: {told.held_by} writes to this station"
    return f"{writes} of {peers} refused: another boot id on a connection that had given one"
