"""A line around the real bridge: real Redis, real broker, and a camera and inference that say
whatever the test wants, over the wire that the real ones use."""

from __future__ import annotations

import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
import structlog

from contracts.camera import CameraConfig
from contracts.causes import Cause, Decision, Mode
from contracts.errors import Unavailable
from contracts.messages import Disposition, Stored, StoredItem, Trigger, Verdict
from contracts.names import Topics, triggers
from contracts.parsing import parse
from contracts.process_state import ProcessState, Role
from contracts.release import Prompt, Release, StationConfig
from runtime.messaging.broker import Broker
from runtime.messaging.mqtt import MqttLink
from runtime.process.clock import SystemClock
from tests.servers import Server, free_port, mosquitto_server, redis_server
from tests.waiting import PATIENCE_S

log = structlog.get_logger()

TOPICS = Topics("plant", "line")
ROOT = Path(__file__).parents[3]
Decide = Callable[[Trigger, random.Random], tuple[Decision, float] | None]


def release(station: str, **config: object) -> Release:
    """A station's configuration."""
    return Release.of(
        station,
        StationConfig(
            camera=CameraConfig(kind="replay"),
            prompts=(Prompt(words="a scratch"),),
            **{"mode": Mode.GUARD, "deadline_ms": 400, **config},
        ),
    )


def answer(trigger: Trigger, decision: Decision, release_id: str) -> Verdict:
    """What inference would say of a part."""
    now = SystemClock().now()
    return Verdict(
        verdict_id=f"v-{trigger.part}",
        part=trigger.part,
        part_id=trigger.part_id,
        decision=decision,
        cause=Cause.MODEL_ERROR if decision is Decision.NO_VERDICT else None,
        release_id=release_id,
        started_at=trigger.started_at,
        captured_at=now,
        decided_at=now,
        deadline_ms=trigger.deadline_ms,
    )


class PlcLine:
    """The bridge's surroundings. ``ledger`` holds the newest revision of each disposition."""

    def __init__(
        self, folder: Path, broker_port: int, frames_url: str, stations: list[str]
    ) -> None:
        self.folder = folder
        self.stations = stations
        self.modbus_port = free_port()
        self.broker_port = broker_port
        self.frames_url = frames_url
        self.ledger: dict[str, Disposition] = {}
        self.decisions_seen: dict[str, set[str]] = {}
        self.state: ProcessState | None = None
        self.release_ids: dict[str, str] = {}
        self.bridge_settings: dict[str, str] = {}
        self.json_port = 0
        self.answers: dict[str, Verdict] = {}
        self.decide: Decide = lambda trigger, rng: (Decision.PASS, 0.0)
        self.link = MqttLink(
            Broker(host="127.0.0.1", port=broker_port),
            TOPICS,
            "surroundings",
            subscriptions={TOPICS.disposition(): 1, TOPICS.state("bridge"): 1},
        )
        self.broker: Server
        self.frames: Server
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=job, daemon=True) for job in (self._store, self._inspect)
        ]
        self._bridge: subprocess.Popen | None = None

    def start(self) -> None:
        """RunContext first; the bridge is started apart."""
        self.link.start()
        assert self.link.wait_connected(PATIENCE_S)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._over.set()
        self.end_bridge(signal.SIGTERM)
        self.link.stop()

    def serve(self, process: str, *, ready: bool = True) -> None:
        """Tell that a process serves all stations, or does not."""
        state = ProcessState(
            process=process,
            role=Role(process),
            online=True,
            ready=ready,
            stations=tuple(self.stations),
            at_utc_ns=time.time_ns(),
        )
        payload = state.model_dump_json().encode()
        self.link.publish(TOPICS.state(process), payload, retain=True).wait(PATIENCE_S)

    def configure(self, configured: Release) -> None:
        """Publish a station's release."""
        self.release_ids[configured.station] = configured.release_id
        payload = configured.model_dump_json().encode()
        self.link.publish(TOPICS.config(configured.station), payload, retain=True).wait(PATIENCE_S)

    def start_bridge(self) -> None:
        """``python -m plc``."""
        environment = {
            **os.environ,
            "REFEREE_SITE": TOPICS.site,
            "REFEREE_LINE": TOPICS.line,
            "REFEREE_STATIONS": ",".join(self.stations),
            "REFEREE_FRAMES_REDIS_URL": self.frames_url,
            "REFEREE_JOURNAL_REDIS_URL": self.frames_url,
            "REFEREE_MQTT_PORT": str(self.broker_port),
            "REFEREE_RUN_DIR": str(self.folder),
            "REFEREE_MODBUS_PORT": str(self.modbus_port),
            **self.bridge_settings,
        }
        with (self.folder / "bridge.log").open("ab") as log:
            self._bridge = subprocess.Popen(
                [sys.executable, "-m", "plc"], env=environment, cwd=ROOT, stdout=log, stderr=log
            )

    def end_bridge(self, number: int) -> None:
        """Send a signal to the bridge and wait for its end."""
        if self._bridge is not None:
            self._bridge.send_signal(number)
            self._bridge.wait(PATIENCE_S)
            self._bridge = None

    def bridge_ended(self) -> int:
        """The exit code of a bridge that ends by itself."""
        assert self._bridge is not None
        code, self._bridge = self._bridge.wait(PATIENCE_S), None
        return code

    def start_soft_plc(self, *options: str) -> subprocess.Popen:
        """``python -m simulation.soft_plc`` on unit 1."""
        command = [sys.executable, "-m", "simulation.soft_plc", "--port", str(self.modbus_port)]
        command += ["--unit", "1", "--report", str(self.report_path), *options]
        with (self.folder / "soft_plc.log").open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)

    @property
    def report_path(self) -> Path:
        return self.folder / "soft_plc.json"

    def report(self) -> dict:
        """The soft PLC's report of unit 1."""
        return json.loads(self.report_path.read_text())["units"]["1"]

    def logs(self) -> str:
        """What bridge and soft PLC had to say."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))[-6000:]

    def _store(self) -> None:
        """Storage: keeps each disposition and says so."""
        while not self._over.is_set():
            try:
                message = self.link.inbox.get(timeout=0.1)
            except queue.Empty:
                continue
            if message.topic.endswith("/disposition"):
                self._keep(parse(Disposition, message.payload, message.topic))
            else:
                self.state = parse(ProcessState, message.payload, message.topic)
            message.ack()

    def _keep(self, disposition: Disposition) -> None:
        key = str(disposition.part)
        self.decisions_seen.setdefault(key, set()).add(disposition.decision)
        known = self.ledger.get(key)
        if known is None or known.revision < disposition.revision:
            self.ledger[key] = disposition
        item = StoredItem(kind="disposition", part=disposition.part, revision=disposition.revision)
        self._publish(TOPICS.stored, Stored(items=(item,)).model_dump_json().encode())

    def _publish(self, topic: str, payload: bytes) -> None:
        try:
            self.link.publish(topic, payload)
        except Unavailable:
            log.info("not_published", topic=topic)

    def _inspect(self) -> None:
        """Camera and inference: each trigger gets what ``decide`` says, so many seconds later."""
        client, rng = redis.Redis.from_url(self.frames_url), random.Random(1)
        positions: dict[Any, Any] = {triggers(name): "0" for name in self.stations}
        while not self._over.is_set():
            try:
                found: Any = client.xread(positions, block=100)
            except redis.RedisError:
                time.sleep(0.05)
                continue
            for stream, entries in found:
                for entry, fields in entries:
                    positions[stream.decode()] = entry
                    self._answer(parse(Trigger, fields[b"trigger"], "triggers"), rng)

    def _answer(self, trigger: Trigger, rng: random.Random) -> None:
        decided = self.decide(trigger, rng)
        if decided is None:
            return
        verdict = answer(trigger, decided[0], self.release_ids[trigger.part.station])
        self.answers[str(trigger.part)] = verdict
        topic = TOPICS.verdict(trigger.part.station)
        payload = verdict.model_dump_json().encode()
        threading.Timer(decided[1], self._publish, (topic, payload)).start()


@contextmanager
def plc_line(folder: Path, stations: list[str]) -> Iterator[PlcLine]:
    """RunContext with a camera and an inference that are ready; no bridge yet."""
    with mosquitto_server() as broker, redis_server("frames") as frames:
        line = PlcLine(folder, broker.port, frames.url, stations)
        line.broker = broker
        line.frames = frames
        line.start()
        line.serve("ingest")
        line.serve("inference")
        beat = threading.Thread(target=_repeat_states, args=(line,), daemon=True)
        beat.start()
        try:
            yield line
        finally:
            line.stop()


def _repeat_states(line: PlcLine) -> None:
    """The real processes repeat their state; a bridge that hears nothing takes them for gone."""
    while not line._over.wait(4):
        for process in ("ingest", "inference"):
            try:
                line.serve(process)
            except Unavailable:
                log.info("not_published", process=process)
