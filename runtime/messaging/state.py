"""What a process tells the line about itself: a retained message and a last will."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from contracts.errors import Unavailable
from contracts.messages import ProcessState, SequenceRange
from contracts.names import Topics
from runtime.messaging.mqtt_messages import Publication
from runtime.process.clock import Clock

REPEAT_EVERY_S = 5.0


class StateLink(Protocol):
    """The part of an MqttLink that a StateBoard needs."""

    on_connect: list

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> Publication: ...


class StateBoard:
    """Publishes a process's state when it changed, every 5 s, and after each reconnection.

    Whoever reads it takes a state that is older than two repeats for stale.
    """

    def __init__(self, link: StateLink, topics: Topics, process: str, clock: Clock) -> None:
        self._link = link
        self._topic = topics.state(process)
        self._process = process
        self._clock = clock
        self._lock = threading.RLock()
        self._current: ProcessState | None = None
        self._sent: ProcessState | None = None
        link.on_connect.append(self._publish_again)

    @staticmethod
    def will(topics: Topics, process: str) -> tuple[str, bytes]:
        """Topic and payload of the last will: offline. Its time is 0, as nobody knows it ahead."""
        offline = ProcessState(
            process=process, online=False, ready=False, reason="process is gone", at_utc_ns=0
        )
        return topics.state(process), offline.model_dump_json().encode()

    def publish(
        self,
        *,
        ready: bool,
        stations: Sequence[str] = (),
        releases: Mapping[str, str] | None = None,
        model_version: str = "",
        phases: Mapping[str, str] | None = None,
        recipes: Mapping[str, int] | None = None,
        sequences: Mapping[str, tuple[SequenceRange, ...]] | None = None,
        reason: str = "",
    ) -> bool:
        """Tell this state, if it is news. Called often; the state is kept while the link is down.

        Returns:
            Whether the line knows: False when the link is down.
        """
        now = self._clock.now()
        state = ProcessState(
            process=self._process,
            online=True,
            ready=ready,
            stations=tuple(stations),
            releases=dict(releases or {}),
            model_version=model_version,
            phases=dict(phases or {}),
            recipes=dict(recipes or {}),
            sequences=dict(sequences or {}),
            reason=reason,
            at_utc_ns=now.utc_ns,
        )
        with self._lock:
            self._current = state
            return not self._is_news(state) or self._send(state)

    def _is_news(self, state: ProcessState) -> bool:
        if self._sent is None:
            return True
        age_s = (state.at_utc_ns - self._sent.at_utc_ns) / 1e9
        same = state.model_copy(update={"at_utc_ns": self._sent.at_utc_ns}) == self._sent
        return not same or not 0 <= age_s < REPEAT_EVERY_S

    def _publish_again(self) -> None:
        """After a reconnection the retained state is the will's: put ours back."""
        with self._lock:
            self._sent = None
            if self._current is not None:
                now = self._clock.now()
                self._send(self._current.model_copy(update={"at_utc_ns": now.utc_ns}))

    def _send(self, state: ProcessState) -> bool:
        try:
            self._link.publish(self._topic, state.model_dump_json().encode(), retain=True)
        except Unavailable:
            self._sent = None
            return False
        self._sent = state
        return True
