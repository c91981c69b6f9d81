"""A station whose camera triggers: real ingest, bridge, broker and both Redis, a PLC over Modbus.

Inference answers each frame with a pass, and storage says that it has what it heard.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ModbusException

from contracts.camera import CameraConfig
from contracts.causes import Cause, Decision, Mode, TriggerSource
from contracts.errors import Unavailable
from contracts.messages import Disposition, FrameHeader, Stored, StoredItem, Verdict
from contracts.names import Topics, frames, numbers
from contracts.release import Prompt, Release, StationConfig
from ingest.cameras.replay import ReplayFolder
from plc.core.registers import (
    COILS,
    DISCRETE_INPUTS,
    INPUT_REGISTERS,
    INPUT_SIZE,
    bits_to_word,
    decode,
    word_to_bits,
)
from runtime.messaging.broker import Broker
from runtime.messaging.mqtt import MqttLink
from runtime.process.clock import SystemClock
from tests.servers import RedisServer, Server, free_port, mosquitto_server, redis_server
from tests.waiting import PATIENCE_S

TOPICS, ROOT, STATION = Topics("plant", "web"), Path(__file__).parents[2], "web"
RUN = bits_to_word(COILS, {"line_running": True, "trigger_enable": True, "buffer_enable": True})


class Line:
    """The servers, the two processes, and everybody else in threads."""

    def __init__(
        self, folder: Path, broker: Server, in_frames: RedisServer, journal: RedisServer
    ) -> None:
        self.folder = folder
        self.broker = broker
        self.modbus_port = free_port()
        self.frames = in_frames.client()
        self.journal = journal.client()
        self.ledger: dict[int, Disposition] = {}
        self._environment = os.environ | {
            "REFEREE_SITE": TOPICS.site,
            "REFEREE_LINE": TOPICS.line,
            "REFEREE_STATIONS": STATION,
            "REFEREE_FRAMES_REDIS_URL": in_frames.url,
            "REFEREE_JOURNAL_REDIS_URL": journal.url,
            "REFEREE_MQTT_PORT": str(broker.port),
            "REFEREE_MODBUS_PORT": str(self.modbus_port),
            "REFEREE_RUN_DIR": str(folder),
        }
        self.link = MqttLink(
            Broker(host="127.0.0.1", port=broker.port),
            TOPICS,
            "everybody",
            subscriptions={TOPICS.disposition(): 1},
        )
        self._over = threading.Event()
        jobs = (self._inspect, self._store, self._acknowledge)
        self._threads = [threading.Thread(target=job, daemon=True) for job in jobs]
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        self.link.start()
        assert self.link.wait_connected(PATIENCE_S)
        for name in ("plc", "ingest"):
            self.run(name)
        for thread in self._threads:
            thread.start()
        # A frame that comes before the bridge is a missed trigger, and no test's to say.
        self.until(lambda: "mqtt_connected" in (self.folder / "plc.log").read_text())

    def run(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", name],
                env=self._environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def end(self, name: str, number: int) -> None:
        process = self._processes.pop(name)
        process.send_signal(number)
        process.wait(PATIENCE_S)

    def stop(self) -> None:
        self._over.set()
        for name in list(self._processes):
            self.end(name, signal.SIGTERM)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        self.link.stop()

    def configure(self, **camera: object) -> None:
        config = StationConfig(
            camera=CameraConfig(kind="replay", **camera),
            trigger=TriggerSource.CAMERA,
            frames_per_s=8,
            prompts=(Prompt(words="a scratch"),),
            deadline_ms=5000,
            mode=Mode.OBSERVE,
        )
        payload = Release.of(STATION, config).model_dump_json().encode()
        assert self.link.publish(TOPICS.config(STATION), payload, retain=True).wait(PATIENCE_S)

    def last_seq(self) -> int:
        """How far the sequencer is."""
        return int(self.journal.hget(numbers(STATION), "seq") or 0)

    def until(self, true: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
        give_up_s = time.monotonic() + timeout_s
        while not true():
            assert time.monotonic() < give_up_s, (sorted(self.ledger), self.last_seq())
            time.sleep(0.02)

    def goes_on(self) -> None:
        """Parts that are numbered from now on are disposed of."""
        before = self.last_seq()
        self.until(lambda: max(self.ledger, default=0) > before + 2)

    def is_closed(self) -> bool:
        return sorted(self.ledger) == list(range(1, self.last_seq() + 1))

    def _inspect(self) -> None:
        """Inference."""
        position: bytes | str = "0"
        while not self._over.is_set():
            found: Any = self.frames.xread({frames(STATION): position}, block=100)
            for _, entries in found:
                for entry, fields in entries:
                    position = entry
                    self._pass(FrameHeader.model_validate_json(fields[b"header"]))

    def _pass(self, header: FrameHeader) -> None:
        verdict = Verdict(
            verdict_id=str(header.part),
            part=header.part,
            part_id=header.part_id,
            decision=Decision.PASS,
            release_id=header.release_id,
            started_at=header.started_at,
            decided_at=SystemClock().now(),
            deadline_ms=header.deadline_ms,
        )
        self._publish(TOPICS.verdict(STATION), verdict.model_dump_json().encode())

    def _store(self) -> None:
        """Storage."""
        while not self._over.is_set():
            try:
                message = self.link.inbox.get(timeout=0.1)
            except queue.Empty:
                continue
            told = Disposition.model_validate_json(message.payload)
            known = self.ledger.setdefault(told.part.trigger_seq, told)
            assert (known.part, known.decision) == (told.part, told.decision)
            item = StoredItem(kind="disposition", part=told.part, revision=told.revision)
            self._publish(TOPICS.stored, Stored(items=(item,)).model_dump_json().encode())
            message.ack()

    def _acknowledge(self) -> None:
        """The PLC. It takes what it is shown; that is all it has to do for such a station."""
        client = ModbusTcpClient("127.0.0.1", port=self.modbus_port, timeout=1, retries=0)
        met, beat = 0.0, 0
        while not self._over.wait(0.02):
            try:
                reply = client.connect() and client.read_input_registers(0, count=INPUT_SIZE)
                if not reply or reply.isError():
                    continue
                seen, beat = decode(INPUT_REGISTERS, reply.registers), beat + 1 & 0xFFFF
                if seen["bridge_boot_id"] != met:
                    met = seen["bridge_boot_id"]
                    client.write_register(12, 7)
                client.write_registers(0, [RUN, beat])
                if word_to_bits(DISCRETE_INPUTS, int(seen["status"]))["result_valid"]:
                    client.write_register(7, int(seen["seq_head"]))
            except (ModbusException, OSError):
                client.close()
        client.close()

    def _publish(self, topic: str, payload: bytes) -> None:
        with suppress(Unavailable):  # outboxes would say it again
            self.link.publish(topic, payload)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with (
        mosquitto_server() as broker,
        redis_server("frames") as in_frames,
        redis_server("journal") as journal,
    ):
        line = Line(tmp_path, broker, in_frames, journal)
        line.start()
        yield line
        line.stop()


def pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.png").write_bytes(b"no picture, and nobody here looks")
    return folder


def test_each_frame_is_disposed_of_and_one_that_was_lost_is_a_missed_trigger(line: Line) -> None:
    shown = pictures(line.folder / "web", 8)
    order = ReplayFolder(shown, seed=0, repeat=False, split=None, clock=SystemClock())
    fifth = [order.capture().source for _ in range(5)][-1].removeprefix("replay:")
    with (shown / fifth).open("wb") as lost:
        lost.truncate(65 * 2**20)  # more than the camera takes
    line.configure(folder=str(shown), repeat=False)
    line.until(lambda: len(line.ledger) == 8)
    assert line.last_seq() == 8
    assert line.is_closed()
    causes = {seq: told.cause for seq, told in line.ledger.items() if told.cause}
    assert causes == {5: Cause.MISSED_TRIGGER}
    assert [told.part_id for seq, told in sorted(line.ledger.items()) if seq != 5] == [
        seq for seq in range(1, 9) if seq != 5
    ]


def test_the_ledger_closes_whoever_is_killed(line: Line) -> None:
    line.configure(folder=str(pictures(line.folder / "web", 5)))
    line.goes_on()
    for name in ("ingest", "plc"):
        line.end(name, signal.SIGKILL)
        line.run(name)
        line.goes_on()
    line.broker.kill9()
    before = line.last_seq()
    line.until(lambda: line.last_seq() > before + 3)
    line.broker.start()
    line.goes_on()
    line.end("ingest", signal.SIGTERM)
    line.until(line.is_closed)
    assert len({told.part.epoch for told in line.ledger.values()}) == 1
    passed = [told for told in line.ledger.values() if told.decision is Decision.PASS]
    assert passed
    assert Cause.MISSED_TRIGGER in {told.cause for told in line.ledger.values()}
    assert {told.cause for told in line.ledger.values()} <= {
        None,
        Cause.MISSED_TRIGGER,
        Cause.BRIDGE_RESTART,
        Cause.EXPIRED,
        Cause.BROKER_LOST,
        Cause.CAMERA_LOST,
        Cause.UNACKNOWLEDGED,
        Cause.WORKER_LOST,
    }
