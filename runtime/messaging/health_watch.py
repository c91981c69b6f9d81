"""Follows the states of a line's processes over MQTT: its health, as they say it."""

from __future__ import annotations

import queue
import threading
import time

import structlog

from contracts.errors import MalformedMessage
from contracts.health import NEEDED, Heard, LineHealth, line_health
from contracts.names import Topics
from contracts.parsing import parse
from contracts.process_state import Condition, ProcessState
from contracts.roster import Roster
from runtime.messaging.broker import Broker
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.mqtt_messages import Incoming

log = structlog.get_logger()

AWAY_AFTER_S = 1.0
"""A link that is opened again takes less time."""
FIRST_STATES_S = 1.0
"""Retained states come at once after the connection."""


class HealthWatch:
    """Keeps the newest state of each process, from ``start`` to ``stop``."""

    def __init__(self, broker: Broker, topics: Topics, client_id: str) -> None:
        self._broker = broker
        self._link = MqttLink(
            broker,
            topics,
            client_id,
            subscriptions={topics.state(): 1, topics.stations: 1},
            session_expiry_s=1,
        )
        self._link.on_connect.append(self._connected)
        self._lock = threading.Lock()
        self._topics = topics
        self._roster: Roster | None = None
        self._heard: dict[str, tuple[ProcessState, float]] = {}
        self._connected_at_s: float | None = None
        self._up_at_s = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"health-{client_id}", daemon=True)

    def start(self) -> None:
        """Begin to follow. Returns at once."""
        self._link.start()
        self._thread.start()

    def stop(self) -> None:
        """End the thread and the link."""
        self._stop.set()
        self._link.stop()
        self._thread.join(2.0)

    def wait(self, timeout_s: float) -> None:
        """Wait until the states of all processes came, or until the broker is known to be away."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s and not self._is_complete():
            time.sleep(0.05)

    def wait_for_repeats(self, timeout_s: float) -> None:
        """Wait until every process that is online has repeated its state."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s and self._has_silent():
            time.sleep(0.05)

    def health(self) -> LineHealth:
        """Return the health of the line right now."""
        now_s = time.monotonic()
        with self._lock:
            heard = [Heard(state, now_s - at_s) for state, at_s in self._heard.values()]
        stations = tuple(self._roster.stations) if self._roster else None
        if self._link.connected:
            self._up_at_s = now_s
            needed = NEEDED if self._is_complete() else ()
            return line_health(heard, needed=needed, stations=stations)
        if now_s - self._up_at_s < AWAY_AFTER_S:
            return line_health(heard, needed=(), stations=stations)
        away = Condition(code="broker_away", detail=str(self._broker))
        last_known = [each._replace(s_ago=0.0) for each in heard]  # nobody could have said more
        return line_health(last_known, [away], needed=(), stations=stations)

    def _is_complete(self) -> bool:
        since_s = self._connected_at_s
        return since_s is not None and time.monotonic() - since_s >= FIRST_STATES_S

    def _has_silent(self) -> bool:
        return any(each.doing == "silent" for each in self.health().processes)

    def _connected(self) -> None:
        self._connected_at_s = time.monotonic()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                incoming = self._link.inbox.get(timeout=0.2)
            except queue.Empty:
                continue
            try:
                self._hear(incoming)
            except MalformedMessage as error:
                log.warning("malformed_message", topic=error.source, reason=error.reason)
            finally:
                incoming.ack()

    def _hear(self, incoming: Incoming) -> None:
        if incoming.topic == self._topics.stations:
            self._roster = parse(Roster, incoming.payload, incoming.topic)
            return
        state = parse(ProcessState, incoming.payload, incoming.topic)
        age_s = _age_s(state) if incoming.retained else 0.0
        with self._lock:
            self._heard[state.process] = (state, time.monotonic() - age_s)


def _age_s(state: ProcessState) -> float:
    """Return how old a retained state is, by this machine's clock: its process may have ended.

    If the clock of its machine is another one, its next repeat puts this right.
    """
    return max(0.0, (time.time_ns() - state.at_utc_ns) / 1e9) if state.online else 0.0
