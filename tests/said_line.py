"""A line of which only the talk is real: processes say over a real broker what a test wants."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from contracts.names import Topics
from contracts.process_state import Condition, Role, Status
from contracts.roster import Roster, RosterStation
from runtime.messaging.broker import Broker
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.state import StateBoard
from runtime.process.clock import SystemClock
from tests.waiting import PATIENCE_S

STATIONS = ("tile-edge", "tile-top")
RUNNING = dict.fromkeys(STATIONS, "running")


class SaidLine:
    """All is well with it until ``say``. It repeats itself, as processes do."""

    def __init__(self, broker: Broker, topics: Topics) -> None:
        self._links = {role: _started(broker, topics, role) for role in Role}
        self._boards = {
            role: StateBoard(link, topics, role, role, SystemClock())
            for role, link in self._links.items()
        }
        roster = Roster(stations=dict.fromkeys(STATIONS, RosterStation()))
        payload = roster.model_dump_json().encode()
        self._links[Role.STORAGE].publish(topics.stations, payload, retain=True)
        self._said: dict[Role, Status] = {}
        for role in Role:
            self.say(role)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._repeat, daemon=True)
        self._thread.start()

    def say(self, role: Role, *conditions: Condition, phases: Mapping[str, str] = RUNNING) -> None:
        """Publish what is wrong with a process."""
        self._said[role] = Status(
            ready=True,
            stations=STATIONS,
            phases=dict(phases) if role is Role.BRIDGE else {},
            conditions=conditions,
        )
        self._boards[role].publish(self._said[role])

    def end(self, role: Role) -> None:
        """A process ends: the broker publishes its will."""
        self._links[role].stop()

    def stop(self) -> None:
        """End all of them."""
        self._stop.set()
        self._thread.join()
        for link in self._links.values():
            link.stop()

    def _repeat(self) -> None:
        while not self._stop.wait(1.0):
            for role, status in list(self._said.items()):
                self._boards[role].publish(status)


def _started(broker: Broker, topics: Topics, role: Role) -> MqttLink:
    link = MqttLink(broker, topics, role, will=StateBoard.will(topics, role, role))
    link.start()
    assert link.wait_connected(PATIENCE_S)
    return link
