"""Publishes what a process says about itself: a retained message and a last will."""

from __future__ import annotations

import threading
from typing import Protocol

from contracts.errors import Unavailable
from contracts.identity import Stamp
from contracts.names import Topics
from contracts.process_state import Condition, ProcessState, Role, Status
from runtime.messaging.mqtt_messages import Publication
from runtime.process.clock import Clock
from runtime.process.clock_watch import ClockWatch
from runtime.process.metrics import CONDITION

REPEAT_EVERY_S = 5.0
BROKER_AWAY = Condition(code="broker_away")
Key = tuple[str, str | None]


class StateLink(Protocol):
    """The part of an MqttLink that a StateBoard needs."""

    on_connect: list

    @property
    def connected(self) -> bool: ...

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> Publication: ...


class Board(Protocol):
    """Where a process publishes its status."""

    def publish(self, status: Status) -> bool: ...


class StateBoard:
    """Publishes a process's state when it changed, every 5 s, and after each reconnection.

    Readers take a state for stale when two repeats are missing. The conditions are also metrics.
    """

    def __init__(
        self, link: StateLink, topics: Topics, process: str, role: Role, clock: Clock
    ) -> None:
        self._link = link
        self._topic = topics.state(process)
        self._process = process
        self._role = role
        self._clock = clock
        self._clock_watch = ClockWatch()
        self._conditions = Conditions()
        self._lock = threading.RLock()
        self._current: ProcessState | None = None
        self._sent: ProcessState | None = None
        link.on_connect.append(self._publish_again)

    @staticmethod
    def will(topics: Topics, process: str, role: Role) -> tuple[str, bytes]:
        """Return topic and payload of the last will: offline, at time 0, as nobody knows when."""
        offline = ProcessState(
            process=process,
            role=role,
            online=False,
            ready=False,
            reason="process is gone",
            at_utc_ns=0,
        )
        return topics.state(process), offline.model_dump_json().encode()

    def publish(self, status: Status) -> bool:
        """Publish the status if it changed or is due again. May be called often.

        While the link is down the status is kept, and published after the reconnection.

        Returns:
            False if the link is down.
        """
        now = self._clock.now()
        with self._lock:
            said = (*status.all_conditions(), *self._clock_watch.look(now))
            conditions = self._conditions.begun(said, now)
            show(conditions if self._link.connected else (*conditions, BROKER_AWAY))
            state = ProcessState(
                process=self._process,
                role=self._role,
                online=True,
                at_utc_ns=now.utc_ns,
                **{**dict(status), "conditions": conditions},
            )
            self._current = state
            return not self._is_due(state) or self._send(state)

    def _is_due(self, state: ProcessState) -> bool:
        if self._sent is None:
            return True
        age_s = (state.at_utc_ns - self._sent.at_utc_ns) / 1e9
        return _timeless(state) != _timeless(self._sent) or not 0 <= age_s < REPEAT_EVERY_S

    def _publish_again(self) -> None:
        """After a reconnection the retained state is the will: replace it."""
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


class Conditions:
    """Remembers when each condition began, by the clock that nobody can set."""

    def __init__(self) -> None:
        self._began_ns: dict[Key, int] = {}

    def begun(self, conditions: tuple[Condition, ...], now: Stamp) -> tuple[Condition, ...]:
        """Return the conditions with the time since when they are so; forget all others."""
        before = self._began_ns
        self._began_ns = {each.key: before.get(each.key, now.monotonic_ns) for each in conditions}
        return tuple(
            each.model_copy(
                update={"since_utc_ns": now.utc_ns - (now.monotonic_ns - self._began_ns[each.key])}
            )
            for each in conditions
        )


def show(conditions: tuple[Condition, ...]) -> None:
    """Set the metrics: 1 for each of these conditions; those that are over have no series any more.

    So nothing is left of a station that is gone.
    """
    now = {(each.code, each.kind.severity.value, each.station or "") for each in conditions}
    before = {tuple(s.labels.values()) for metric in CONDITION.collect() for s in metric.samples}
    for labels in before - now:
        CONDITION.remove(*labels)
    for labels in now:
        CONDITION.labels(*labels).set(1)


def _timeless(state: ProcessState) -> ProcessState:
    conditions = tuple(each.model_copy(update={"since_utc_ns": None}) for each in state.conditions)
    return state.model_copy(update={"at_utc_ns": 0, "conditions": conditions})
