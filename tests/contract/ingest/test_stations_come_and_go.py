"""Stations come and go while ``python -m ingest`` runs among real servers."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from functools import partial
from urllib.request import urlopen

import pytest

from contracts import names
from contracts.causes import TriggerSource
from contracts.identity import PartKey
from contracts.messages import SequenceRange, Stored, StoredItem
from contracts.release import Prompt, Release, StationConfig
from contracts.roster import Roster, RosterStation
from runtime.messaging.streams import append
from runtime.messaging.trim import LEFT_FOR_S
from runtime.process.clock import SystemClock
from tests.contract.ingest.parts import SMALL, STATION, release, trigger
from tests.contract.ingest.test_process import TOPICS, Line
from tests.servers import RedisServer, free_port, mosquitto_server
from tests.waiting import PATIENCE_S

PARTS = 15
FREE_RUNNING = StationConfig(
    camera=SMALL,
    trigger=TriggerSource.CAMERA,
    frames_per_s=20,
    prompts=(Prompt(words="any defect"),),
)


class ChangingLine(Line):
    """A line whose roster changes."""

    def have(self, *stations: str) -> Roster:
        """Publish a roster, and wait until ingest follows it."""
        roster = Roster(stations=dict.fromkeys(stations, RosterStation()))
        self.retain(TOPICS.stations, roster.model_dump_json())
        self.wait_until(lambda: self.states and self.states[-1].roster_id == roster.roster_id)
        return roster

    def retain(self, topic: str, payload: str) -> None:
        assert self.link.wait_connected(PATIENCE_S)
        assert self.link.publish(topic, payload.encode(), retain=True).wait(PATIENCE_S)

    def configure(self, station: str, config: StationConfig) -> None:
        self.retain(TOPICS.config(station), Release.of(station, config).model_dump_json())

    def wait_serves(self, *stations: str) -> None:
        self.wait_until(lambda: set(self.states[-1].stations) == set(stations))

    def trigger(self, station: str, seq: int) -> None:
        part = PartKey(station=station, epoch=3, trigger_seq=seq)
        sent = trigger(seq, at=SystemClock().now()).model_copy(update={"part": part})
        entry = {"trigger": sent.model_dump_json().encode()}
        append(self.frames, names.triggers(station), entry)

    def pictures(self, station: str) -> int:
        return self.frames.xlen(names.frames(station))


@pytest.fixture
def line(frames_server: RedisServer, journal_server: RedisServer) -> Iterator[ChangingLine]:
    with mosquitto_server() as broker:
        line = ChangingLine(frames_server, journal_server, broker)
        line.link.start()
        yield line
        line.link.stop()


def test_a_station_comes_and_goes_and_the_other_takes_every_picture(line: ChangingLine) -> None:
    port = free_port()
    with line.ingest(REFEREE_METRICS_PORT=str(port)):
        line.apply(release())
        line.wait_ready()
        assert line.states[-1].roster_id == ""
        line.send(1)
        line.wait_until(lambda: line.pictures(STATION) == 1)
        line.configure("top", release().config)
        line.have(STATION, "top")
        line.wait_serves(STATION, "top")
        line.trigger("top", 1)
        line.send(2)
        line.wait_until(lambda: line.pictures("top") == 1 and line.pictures(STATION) == 2)
        assert 'station="top"' in metrics(port)
        line.have(STATION)
        line.wait_serves(STATION)
        line.send(3)
        line.wait_until(lambda: line.pictures(STATION) == 3)
        assert numbers_of_pictures(line) == [0, 1, 2]
        told = metrics(port)
        assert f'station="{STATION}"' in told
        assert "top" not in told
        assert 0 < line.frames.ttl(names.frames("top")) <= LEFT_FOR_S
        assert 0 < line.frames.ttl(names.triggers("top")) <= LEFT_FOR_S
        line.have(STATION, "top")
        line.wait_until(lambda: line.frames.ttl(names.frames("top")) == -1)
        assert line.frames.ttl(names.triggers("top")) == -1


def numbers_of_pictures(line: ChangingLine) -> list[int]:
    """What the camera calls its pictures: it counts them since it was opened."""
    return [int(source.split("index=")[1].split(",")[0]) for source in line.sources()]


def metrics(port: int) -> str:
    with urlopen(f"http://127.0.0.1:{port}/metrics") as page:
        return page.read().decode()


def test_the_numbers_of_a_free_running_station_stay_until_storage_has_them(
    line: ChangingLine,
) -> None:
    with line.ingest():
        line.apply(release())
        line.configure("belt", FREE_RUNNING)
        line.have(STATION, "belt")
        line.wait_until(lambda: line.states[-1].sequences.get("belt"))
        line.wait_until(lambda: line.pictures("belt") >= 3)
        line.have(STATION)
        [reached] = line.states[-1].sequences["belt"]
        time.sleep(0.5)
        line.hear()
        assert line.states[-1].sequences["belt"] == (reached,)
        assert reached.last_seq >= 3
        say_stored(line, reached)
        line.wait_until(lambda: "belt" not in line.states[-1].sequences)
        assert line.pictures("belt") <= reached.last_seq


def say_stored(line: ChangingLine, reached: SequenceRange) -> None:
    part = PartKey(station="belt", epoch=reached.epoch, trigger_seq=reached.last_seq)
    stored = Stored(items=(StoredItem(kind="sequence", part=part),))
    line.link.publish(TOPICS.stored, stored.model_dump_json().encode()).wait(PATIENCE_S)


def test_random_changes_lose_no_part_of_the_station_that_stays(line: ChangingLine) -> None:
    rng = random.Random(7)
    others = ["a", "b", "c"]
    with line.ingest():
        line.apply(release())
        for name in others:
            line.configure(name, release().config)
        line.wait_ready()
        for seq in range(1, PARTS + 1):
            line.have(STATION, *rng.sample(others, rng.randrange(4)))
            line.send(seq)
            line.wait_until(partial(has_pictures, line, seq))
        assert line.verdicts == []
        assert numbers_of_pictures(line) == list(range(PARTS))


def has_pictures(line: ChangingLine, count: int) -> bool:
    return line.pictures(STATION) == count
