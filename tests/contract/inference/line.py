"""A line round real `python -m inference` processes: real Redis, broker and Triton."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import redis

from contracts import names
from contracts.camera import CameraConfig
from contracts.identity import PartKey
from contracts.messages import FrameHeader, Verdict
from contracts.parsing import parse
from contracts.process_state import ProcessState
from contracts.release import Prompt, Release, StationConfig
from runtime.messaging.broker import Broker
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.streams import append
from runtime.process.clock import SystemClock

STATION = "tiles"
DEFECT = Prompt(words="any defect", label="defect", smallest_area=50)
PATIENCE_S = 20.0
T = TypeVar("T")


def until(probe: Callable[[], T | None], what: str, patience_s: float = PATIENCE_S) -> T:
    """The first true answer of ``probe``."""
    give_up_s = time.monotonic() + patience_s
    while True:
        answer = probe()
        if answer:
            return answer
        assert time.monotonic() < give_up_s, f"waited in vain for {what}"
        time.sleep(0.02)


class Line:
    """One station, as inference meets it. Topics are its own, so that brokers may be shared."""

    def __init__(
        self,
        folder: Path,
        broker: Broker,
        frames: redis.Redis,
        journal: redis.Redis,
        urls: dict[str, str],
    ) -> None:
        self.topics = names.Topics(f"s{uuid.uuid4().hex[:8]}", "line-1")
        self.frames = frames
        self.journal = journal
        self._folder = folder
        self._broker = broker
        self._urls = urls
        self._clock = SystemClock()
        self._workers: list[subprocess.Popen[bytes]] = []
        self._states: dict[str, ProcessState] = {}
        self.published: list[Verdict] = []
        subscriptions = {self.topics.state(): 1, self.topics.verdict(): 1}
        self._link = MqttLink(broker, self.topics, "test", subscriptions=subscriptions)
        self._link.start()
        assert self._link.wait_connected(PATIENCE_S)

    def close(self) -> None:
        for worker in self._workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGKILL)
                worker.wait(PATIENCE_S)
        self._link.stop()

    def apply(self, **config: object) -> Release:
        """Make this the station's release."""
        camera = CameraConfig(kind="replay", folder="x")
        config.setdefault("prompts", (DEFECT,))
        release = Release.of(STATION, StationConfig(camera=camera, **config))
        payload = release.model_dump_json().encode()
        sent = self._link.publish(self.topics.config(STATION), payload, retain=True)
        assert sent.wait(PATIENCE_S)
        return release

    def start_worker(self, instance: int = 0, **environment: str) -> subprocess.Popen[bytes]:
        settings = {
            "site": self.topics.site,
            "line": self.topics.line,
            "stations": STATION,
            "mqtt_host": self._broker.host,
            "mqtt_port": str(self._broker.port),
            "run_dir": str(self._folder),
            "instance": str(instance),
            **self._urls,
        }
        environment |= {f"REFEREE_{name.upper()}": value for name, value in settings.items()}
        with (self._folder / f"inference-{instance}.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "inference"],
                env=os.environ | environment,
                stdout=log,
                stderr=log,
            )
        self._workers.append(worker)
        return worker

    def state(self, process: str = "inference") -> ProcessState | None:
        """The newest that a process said of itself."""
        self._listen()
        return self._states.get(process)

    def conditions(self, process: str = "inference") -> set[str]:
        """Codes of what a process says is wrong."""
        state = self.state(process)
        return {each.code for each in state.conditions} if state else set()

    def until_ready(self, process: str = "inference", *, ready: bool = True) -> ProcessState:
        def look() -> ProcessState | None:
            state = self.state(process)
            return state if state and state.online and state.ready is ready else None

        return until(look, f"{process} {'ready' if ready else 'not ready'}")

    def put(self, seq: int, image: bytes, *, deadline_ms: int = 20_000) -> PartKey:
        """A frame that was captured now."""
        now = self._clock.now()
        part = PartKey(station=STATION, epoch=1, trigger_seq=seq)
        header = FrameHeader(
            part=part,
            part_id=seq,
            started_at=now,
            captured_at=now,
            deadline_ms=deadline_ms,
            source=f"{seq}.png",
            release_id="",
        )
        fields = {"header": header.model_dump_json().encode(), "image": image}
        append(self.frames, names.frames(STATION), fields)
        return part

    def verdicts(self) -> list[Verdict]:
        """In the outbox."""
        entries: Any = self.journal.xrange(names.VERDICTS)
        return [parse(Verdict, fields[b"verdict"], "outbox") for _, fields in entries]

    def verdict_of(self, part: PartKey) -> Verdict:
        def look() -> Verdict | None:
            return next((verdict for verdict in self.verdicts() if verdict.part == part), None)

        return until(look, f"the verdict of {part}")

    def pending(self) -> int:
        """Frames that a worker holds."""
        return self.frames.xpending(names.frames(STATION), names.INFERENCE_GROUP)["pending"]

    def held(self) -> list[Any]:
        """Frames that workers hold, with how often each was given out."""
        stream = names.frames(STATION)
        return self.frames.xpending_range(stream, names.INFERENCE_GROUP, "-", "+", 10)

    def until_published(self, parts: set[PartKey]) -> None:
        def look() -> bool:
            self._listen()
            return parts <= {verdict.part for verdict in self.published}

        until(look, f"{parts} on MQTT")

    def _listen(self) -> None:
        while True:
            try:
                incoming = self._link.inbox.get_nowait()
            except queue.Empty:
                return
            incoming.ack()
            if incoming.topic.endswith("/verdict"):
                self.published.append(parse(Verdict, incoming.payload, incoming.topic))
            else:
                state = parse(ProcessState, incoming.payload, incoming.topic)
                self._states[state.process] = state
