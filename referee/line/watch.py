"""The commands' connection to a running line: process states in, releases out."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager

from contracts.errors import Unavailable
from contracts.names import Topics
from contracts.process_state import ProcessState, Role
from contracts.release import Activation, Release
from contracts.roster import Roster
from runtime.messaging.broker import Broker
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.mqtt_messages import Incoming
from runtime.messaging.router import Cleared, read

FOLLOWERS = (Role.BRIDGE, Role.INGEST, Role.INFERENCE, Role.STORAGE)
"""Roles without which no roster is followed."""
NEEDED = (Role.BRIDGE, Role.INFERENCE, Role.INGEST)
THE_PLC_IS_MISSING = frozenset({"no_resync", "plc_silent"})
"""The bridge's troubles that only the PLC can end: every process of ours is up."""


class LineWatch:
    """The newest state of every process of a line, its roster and its releases.

    Attributes:
        roster: None until the broker has given it.
        releases: by station, the release in force.
    """

    def __init__(self, link: MqttLink, topics: Topics) -> None:
        self._link = link
        self._topics = topics
        self.states: dict[str, ProcessState] = {}
        self.roster: Roster | None = None
        self.releases: dict[str, Activation] = {}

    def publish(self, releases: Iterable[Release], timeout_s: float = 5.0) -> None:
        """Publish the stations' active releases. Raises Unavailable if the broker is silent."""
        for release in releases:
            topic, payload = self._topics.config(release.station), release.model_dump_json()
            self._retain(topic, payload, f"the release of {release.station}", timeout_s)

    def publish_roster(self, roster: Roster, timeout_s: float = 5.0) -> None:
        """Publish which stations the line has. Raises Unavailable if the broker is silent."""
        self._retain(self._topics.stations, roster.model_dump_json(), "the roster", timeout_s)

    def clear_release(self, station: str, timeout_s: float = 5.0) -> None:
        """Take a station's release away. Raises Unavailable if the broker is silent."""
        topic = self._topics.config(station)
        self._retain(topic, "", f"that {station} has no release any more", timeout_s)

    def wait_for_releases(self, timeout_s: float = 5.0) -> None:
        """Read until the roster and the release of each of its stations are known.

        Raises:
            Unavailable: the broker has no roster, so no line was started on it.
        """
        deadline = time.monotonic() + timeout_s
        while self.roster is None or not self.roster.stations.keys() <= self.releases.keys():
            if time.monotonic() > deadline:
                break
            self.follow(0.05)
        if self.roster is None:
            raise Unavailable("the line", "the broker knows no stations of it; is it running?")

    def releases_followed(self, releases: Iterable[Release]) -> bool:
        """Return whether bridge, inference and ingest have every one of these releases."""
        online = [state for state in self.states.values() if state.online and state.role in NEEDED]
        return {state.role for state in online} == set(NEEDED) and all(
            state.releases.get(release.station) == release.release_id
            for state in online
            for release in releases
        )

    def clear_releases_but(self, stations: Collection[str]) -> None:
        """Take away the releases that the broker keeps of stations that are no longer there."""
        self.wait_for_releases()
        for station in self.releases.keys() - set(stations):
            self.clear_release(station)

    def followers(self, roster: Roster) -> dict[Role, bool]:
        """Return, for each role that follows rosters, whether all its processes follow this one.

        False as well for a role of which no process is online. A line may do without an archive.
        """
        follow: dict[Role, bool] = dict.fromkeys(FOLLOWERS, False)
        for role in (*FOLLOWERS, Role.ARCHIVE):
            online = [each for each in self.states.values() if each.online and each.role is role]
            if online:
                follow[role] = all(each.roster_id == roster.roster_id for each in online)
        return follow

    def _retain(self, topic: str, payload: str, what: str, timeout_s: float) -> None:
        if not self._link.publish(topic, payload.encode(), retain=True).wait(timeout_s):
            raise Unavailable("MQTT broker", f"did not acknowledge {what}")

    def follow(self, for_s: float) -> None:
        """Read states, releases and rosters for ``for_s`` seconds."""
        deadline = time.monotonic() + for_s
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                incoming = self._link.inbox.get(timeout=left_s)
            except queue.Empty:
                return
            self._take(incoming)
            incoming.ack()

    def _take(self, incoming: Incoming) -> None:
        match message := read(self._topics, incoming):
            case ProcessState():
                self.states[message.process] = message
            case Roster():
                self.roster = message
            case Activation():
                self.releases[message.station] = message
            case Cleared():
                self.releases.pop(message.station, None)

    def wait_until_up(
        self, timeout_s: float, on_wait: Callable[[str], None] = lambda reason: None
    ) -> None:
        """Wait until every process is ready, apart from the PLC. ``on_wait`` gets the reasons.

        Raises:
            Unavailable: the line is not ready in time; the text names process and reason.
        """
        deadline = time.monotonic() + timeout_s
        while waits := self.reasons_to_wait():
            if time.monotonic() > deadline:
                raise Unavailable("the line", f"not ready after {timeout_s:.0f} s: {waits}")
            on_wait(waits)
            self.follow(0.25)

    def reasons_to_wait(self) -> str:
        """Return why parts would get no verdicts yet, a missing PLC apart; empty if they would."""
        reasons = [reason for role in NEEDED for reason in self._reasons(role)]
        return "; ".join(reasons)

    def _reasons(self, role: Role) -> list[str]:
        online = [each for each in self.states.values() if each.role is role and each.online]
        if not online:
            return [f"{role}: starting"]
        return [f"{each.process}: {why}" for each in online if (why := _reason(each))]


def _reason(state: ProcessState) -> str:
    """Return why a process does not serve all stations, also one that serves some."""
    if state.reason or not state.troubles:
        return state.reason or ("" if state.ready else "not ready")
    ours = {
        station: trouble
        for station, trouble in state.troubles.items()
        if trouble.code not in THE_PLC_IS_MISSING
    }
    return "; ".join(f"{station}: {trouble.in_words()}" for station, trouble in ours.items())


@contextmanager
def watch_line(topics: Topics, broker: Broker, timeout_s: float = 10.0) -> Iterator[LineWatch]:
    """A link to a line's broker, while the context lasts. Raises Unavailable without a broker."""
    link = MqttLink(
        broker,
        topics,
        f"command-{os.getpid()}",
        subscriptions=dict.fromkeys((topics.state(), topics.stations, topics.config()), 1),
        session_expiry_s=1,
    )
    link.start()
    try:
        if not link.wait_connected(timeout_s):
            raise Unavailable(str(broker), "no answer; is the line running?")
        yield LineWatch(link, topics)
    finally:
        link.stop()
