"""The sink as its own process, a database in the test's folder, a client that talks to it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from contracts.messages import Stored, StoredItem
from contracts.names import Topics
from contracts.parsing import parse
from runtime.messaging.broker import Broker
from runtime.messaging.mqtt import MqttLink
from runtime.process.run_folder import RunFolder
from storage.database import open_sessions, upgrade
from tests.waiting import PATIENCE_S

TIMEOUT_S = 20.0


def eventually(holds: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> None:
    """Wait until it holds, or fail."""
    give_up_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < give_up_s, f"did not come true in {timeout_s} s"
        time.sleep(0.02)


class Process:
    """``python -m MODULE`` with the line's environment; may be killed and started again."""

    def __init__(self, module: str, environment: dict[str, str], log: Path) -> None:
        self._command = [sys.executable, "-m", module]
        self._environment = {**os.environ, **environment}
        self._log = log
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._running is not None
        return self._running.pid

    def start(self, *wrapped_in: str) -> None:
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                [*wrapped_in, *self._command], env=self._environment, stdout=log, stderr=log
            )

    def kill9(self) -> None:
        assert self._running is not None
        self._running.kill()
        self._running.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self._running is not None
        self._running.terminate()
        return self._running.wait(PATIENCE_S)

    @property
    def log(self) -> str:
        return self._log.read_text()


class Outbox:
    """The line's other end: publishes, and hears what was stored."""

    def __init__(self, broker: Broker, topics: Topics, name: str = "outbox") -> None:
        self.topics = topics
        self.link = MqttLink(
            broker, topics, name, subscriptions={topics.stored: 1, topics.config(): 1}
        )
        self.stored: set[StoredItem] = set()
        self.configs: dict[str, bytes] = {}

    def listen(self) -> None:
        """Take in what came."""
        while not self.link.inbox.empty():
            incoming = self.link.inbox.get()
            incoming.ack()
            if incoming.topic == self.topics.stored:
                self.stored.update(parse(Stored, incoming.payload, incoming.topic).items)
            else:
                self.configs[incoming.topic] = incoming.payload

    def wait_for_the_sink(self) -> None:
        """A message that nobody subscribes to is answered so: then the sink is not there yet."""

        def is_there() -> bool:
            publication = self.link.publish(self.topics.disposition("probe"), b"probe")
            return publication.wait(PATIENCE_S) and not publication.unmatched

        eventually(is_there)

    def heard(self, *items: StoredItem) -> bool:
        self.listen()
        return self.stored.issuperset(items)


@pytest.fixture
def topics(request: pytest.FixtureRequest) -> Topics:
    """A line of the test's own on the shared broker."""
    return Topics("test", request.node.name.replace("[", "-").replace("]", "").lower()[:60])


@pytest.fixture
def environment(broker: Broker, topics: Topics, tmp_path: Path) -> dict[str, str]:
    return {
        "REFEREE_SITE": topics.site,
        "REFEREE_LINE": topics.line,
        "REFEREE_STATIONS": "tiles",
        "REFEREE_FRAMES_REDIS_URL": "redis://127.0.0.1:1/0",
        "REFEREE_JOURNAL_REDIS_URL": "redis://127.0.0.1:1/0",
        "REFEREE_MQTT_PORT": str(broker.port),
        "REFEREE_RUN_DIR": str(tmp_path),
    }


@pytest.fixture
def sink(environment: dict[str, str], tmp_path: Path) -> Iterator[Process]:
    """Not started yet."""
    process = Process("storage", environment, tmp_path / "storage.log")
    yield process
    if process._running is not None:
        process._running.kill()
        process._running.wait()


@pytest.fixture
def outbox(broker: Broker, topics: Topics) -> Iterator[Outbox]:
    """Connected."""
    outbox = Outbox(broker, topics)
    outbox.link.start()
    assert outbox.link.wait_connected(PATIENCE_S)
    yield outbox
    outbox.link.stop()


@pytest.fixture
def sessions(tmp_path: Path) -> sessionmaker[Session]:
    """Readers of the sink's database, which has its tables already."""
    url = RunFolder(tmp_path).database_url
    upgrade(url)
    return open_sessions(url)
