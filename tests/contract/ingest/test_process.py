"""``python -m ingest`` among real servers, as the line runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contracts import names
from contracts.camera import CameraConfig
from contracts.causes import Cause
from contracts.messages import FrameHeader, Verdict
from contracts.names import Topics
from contracts.process_state import ProcessState, Trouble
from contracts.release import Release
from runtime.messaging.broker import Broker
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.streams import append
from runtime.process.clock import SystemClock
from tests.cameras import write_flash_camera
from tests.contract.ingest.parts import STATION, release, trigger
from tests.plugins import write_package
from tests.servers import RedisServer, Server, mosquitto_server
from tests.waiting import PATIENCE_S

TOPICS = Topics("demo", "line1")
ROOT = Path(__file__).resolve().parents[3]


class Line:
    """The servers, and a link that plays everybody else."""

    def __init__(self, frames: RedisServer, journal: RedisServer, broker: Server) -> None:
        self.frames_server = frames
        self.frames = frames.client()
        self.broker = broker
        self.states: list[ProcessState] = []
        self.verdicts: list[Verdict] = []
        self.link = MqttLink(
            Broker(host="127.0.0.1", port=broker.port),
            TOPICS,
            "test",
            subscriptions={TOPICS.state("ingest"): 1, TOPICS.verdict(): 1},
        )
        self.environment = {
            "REFEREE_SITE": TOPICS.site,
            "REFEREE_LINE": TOPICS.line,
            "REFEREE_STATIONS": STATION,
            "REFEREE_FRAMES_REDIS_URL": frames.url,
            "REFEREE_JOURNAL_REDIS_URL": journal.url,
            "REFEREE_MQTT_PORT": str(broker.port),
        }

    @contextmanager
    def ingest(self, **more: str) -> Iterator[subprocess.Popen[bytes]]:
        process = start(self.environment | more)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def apply(self, active: Release) -> None:
        self.link.wait_connected(PATIENCE_S)
        payload = active.model_dump_json().encode()
        assert self.link.publish(TOPICS.config(STATION), payload, retain=True).wait(PATIENCE_S)

    def hear(self) -> None:
        while not self.link.inbox.empty():
            incoming = self.link.inbox.get()
            incoming.ack()
            if incoming.topic == TOPICS.state("ingest"):
                self.states.append(ProcessState.model_validate_json(incoming.payload))
            else:
                self.verdicts.append(Verdict.model_validate_json(incoming.payload))

    def wait_until(self, true: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
        give_up_s = time.monotonic() + timeout_s
        while not true():
            self.hear()
            assert time.monotonic() < give_up_s, self.states
            time.sleep(0.02)

    def wait_ready(self) -> None:
        self.wait_until(lambda: self.states and self.states[-1].ready)

    def trouble(self) -> str:
        found = self.states[-1].troubles.get(STATION) if self.states else None
        return found.detail if found else ""

    def send(self, seq: int, age_ms: float = 0) -> None:
        at = SystemClock().now()
        time.sleep(age_ms / 1000)
        sent = trigger(seq, at=at).model_dump_json().encode()
        append(self.frames, names.triggers(STATION), {"trigger": sent})

    def sources(self) -> list[str]:
        entries = self.frames.xrange(names.frames(STATION))
        headers = [FrameHeader.model_validate_json(fields[b"header"]) for _, fields in entries]
        return [header.source for header in headers]


def start(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "ingest"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        stderr=subprocess.PIPE,
    )


@pytest.fixture
def line(frames_server: RedisServer, journal_server: RedisServer) -> Iterator[Line]:
    with mosquitto_server() as broker:
        line = Line(frames_server, journal_server, broker)
        line.link.start()
        yield line
        line.link.stop()


def test_a_station_is_ready_with_its_release_and_serves_until_told_to_end(line: Line) -> None:
    with line.ingest() as process:
        line.wait_until(lambda: line.states and line.states[-1].online)
        assert not line.states[-1].ready
        assert line.states[-1].troubles[STATION].code == "no_release"
        active = release()
        line.apply(active)
        line.wait_ready()
        assert line.states[-1].releases == {STATION: active.release_id}
        line.send(1)
        line.wait_until(line.sources)
        line.send(2, age_ms=600)
        line.wait_until(lambda: line.verdicts)
        assert line.verdicts[0].cause == Cause.MISSED_CAPTURE
        assert line.verdicts[0].part.trigger_seq == 2
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        line.wait_until(lambda: not line.states[-1].online)


def test_a_station_without_a_release_leaves_the_other_in_service(line: Line) -> None:
    with line.ingest(REFEREE_STATIONS=f"{STATION},top"):
        line.wait_until(lambda: line.states and line.states[-1].online)
        line.apply(release())
        line.wait_ready()
        told = line.states[-1]
        assert told.stations == (STATION,)
        assert told.troubles == {"top": Trouble(code="no_release")}
        line.send(1)
        line.wait_until(line.sources)


def test_images_of_the_command_line_win_and_are_followed_through_a_broker_restart(
    line: Line, tmp_path: Path
) -> None:
    for folder, name in (("theirs", "a.png"), ("ours", "b.png")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(b"no picture, and not for the camera to judge")
    with line.ingest(REFEREE_IMAGES=str(tmp_path / "ours")):
        line.apply(release(CameraConfig(kind="replay", folder=str(tmp_path / "theirs"))))
        line.wait_ready()
        line.broker.kill9()
        line.send(1)
        line.wait_until(lambda: line.sources() == ["replay:b.png"])
        line.broker.start()
        line.states.clear()
        line.wait_until(lambda: line.states and line.states[-1].online)


def test_a_camera_from_outside_takes_the_picture_of_a_part(line: Line, tmp_path: Path) -> None:
    write_flash_camera(tmp_path)
    with line.ingest(PYTHONPATH=f"{ROOT}:{tmp_path}"):
        line.apply(release(CameraConfig(kind="flash", text="seen", gain=2)))
        line.wait_ready()
        line.send(1)
        line.wait_until(lambda: line.sources() == ["flash:1"])
        [(_, fields)] = line.frames.xrange(names.frames(STATION))
        assert fields[b"image"] == b"seenseen"


@pytest.mark.parametrize(
    ("camera", "reason"),
    [
        (CameraConfig(kind="flash"), "'flash' is none of the installed cameras"),
        (CameraConfig(kind="replay", sed=1), "camera.sed: no such field"),
    ],
)
def test_a_camera_that_cannot_be_used_is_the_reason_why_a_station_is_not_served(
    line: Line, camera: CameraConfig, reason: str
) -> None:
    with line.ingest():
        line.apply(release(camera))
        line.wait_until(lambda: line.states and STATION in line.states[-1].troubles)
        line.wait_until(lambda: reason in line.states[-1].troubles[STATION].detail)


TALKS = """\
import logging

import structlog

from contracts.camera import CameraSettings, Shot
from contracts.errors import CameraFailed


class TalkingCamera(CameraSettings):
    url: str

    def open(self, context):
        structlog.get_logger().warning("opened", url=self.url)
        logging.getLogger("talks").error("opened %s", self.url)
        return OpenTalking(self.url, context.clock)


class OpenTalking:
    def __init__(self, url, clock):
        self.url, self.clock, self.asked = url, clock, 0

    def capture(self):
        self.asked += 1
        if self.asked == 2:
            raise CameraFailed(f"{self.url} is gone")
        if self.asked == 3:
            raise RuntimeError(self.url)
        return Shot(b"a", self.clock.now(), self.url)

    def next_frame(self, wait_s):
        return self.capture()

    def trouble(self):
        return self.url if self.asked == 2 else ""

    def close(self):
        pass
"""


def test_the_value_of_a_variable_leaves_the_process_nowhere(line: Line, tmp_path: Path) -> None:
    entry = {"referee.cameras": {"talks": "talks_package:TalkingCamera"}}
    write_package(tmp_path, "talks_package", TALKS, entry)
    more = {"PYTHONPATH": f"{ROOT}:{tmp_path}", "REFEREE_CAMERA_VARIABLES": "HUSH"}
    with line.ingest(**more, HUSH='s3cret "/@', OTHER="0ther") as process:
        line.apply(release(CameraConfig(kind="talks", url="rtsp://a:${OTHER}@b")))
        line.wait_until(lambda: "variable OTHER is not set" in line.trouble())
        line.apply(release(CameraConfig(kind="talks", url="rtsp://a:${HUSH}@b")))
        line.wait_ready()
        line.send(1)
        line.wait_until(line.sources)
        assert line.sources() == ["rtsp://a:${HUSH}@b"]
        line.send(2)
        line.wait_until(lambda: line.trouble() == "rtsp://a:${HUSH}@b")
        line.send(3)
        _, log = process.communicate(timeout=PATIENCE_S)
    line.hear()
    assert log.decode().count("${HUSH}") >= 3
    told = [*line.states, *line.verdicts, *line.frames.xrange(names.frames(STATION)), log]
    assert [each for each in told if "s3cret" in str(each)] == []


def test_kill_9_and_a_new_start_go_on_with_the_next_part(line: Line) -> None:
    with line.ingest() as process:
        line.apply(release())
        line.wait_ready()
        line.send(1)
        line.wait_until(lambda: len(line.sources()) == 1)
        process.kill()
        process.wait()
        line.wait_until(lambda: not line.states[-1].online)
    with line.ingest():
        line.wait_ready()
        line.send(2)
        line.wait_until(lambda: len(line.sources()) == 2)


@pytest.mark.parametrize(
    ("variable", "value"), [("REFEREE_FRAMES_KEPT", "0"), ("REFEREE_STATIONS", "")]
)
def test_a_bad_setting_is_named(variable: str, value: str) -> None:
    process = start({variable: value})
    _, said = process.communicate(timeout=30)
    assert process.returncode == 2
    assert said.decode().startswith("ingest: ")
    assert variable in said.decode()
