"""The archive reads the pictures of the stations that the newest roster has."""

from __future__ import annotations

import queue
from collections.abc import Sequence

from contracts.roster import Roster, RosterStation
from runtime.messaging.mqtt_messages import Incoming
from storage.archive.followed_roster import FollowedRoster
from tests.unit.storage.wire import TOPICS


class Streams:
    def __init__(self) -> None:
        self.followed: list[Sequence[str]] = []

    def follow(self, streams: Sequence[str]) -> None:
        self.followed.append(streams)


def test_the_newest_roster_is_followed_and_told_and_noise_changes_nothing() -> None:
    inbox: queue.Queue[Incoming] = queue.Queue()
    streams, acked = Streams(), []
    followed = FollowedRoster(inbox, TOPICS, streams)
    assert followed.status().roster_id == ""
    rosters = [Roster(stations=dict.fromkeys(names, RosterStation())) for names in ("ab", "bc")]
    for payload in (*(each.model_dump_json().encode() for each in rosters), b"noise"):
        inbox.put(Incoming(TOPICS.stations, payload, True, lambda: acked.append(1)))
    assert followed.status().roster_id == rosters[1].roster_id
    assert streams.followed == [["frames:a", "frames:b"], ["frames:b", "frames:c"]]
    assert len(acked) == 3
