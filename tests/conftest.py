"""Servers shared by a test session; each starts when the first test asks for it.

A test that kills its server takes one of its own from tests.servers.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import hypothesis
import pytest
import redis
import structlog

from runtime.messaging.broker import Broker
from runtime.messaging.redis_link import connect
from tests.servers import RedisServer, Server, mosquitto_server, redis_server

# Read when onnxruntime is imported: tests report to nobody.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# How long an example takes says how busy the machine is, and nothing of the code.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def _log_of_its_own() -> Iterator[None]:
    """A command that ran in a test wrote its log to a stream that pytest has closed since."""
    yield
    structlog.reset_defaults()


def pytest_sessionstart() -> None:
    """Stop if what is installed does not have the entry points that pyproject.toml declares."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    for group, declared in project.get("entry-points", {}).items():
        installed = {entry.name: entry.value for entry in entry_points(group=group)}
        if missing := declared.items() - installed.items():
            pytest.exit(f"{group} lacks {dict(missing)}: run `make setup-dev` again", returncode=2)


@pytest.fixture(scope="session")
def frames_server() -> Iterator[RedisServer]:
    with redis_server("frames") as server:
        yield server


@pytest.fixture(scope="session")
def journal_server() -> Iterator[RedisServer]:
    with redis_server("journal") as server:
        yield server


@pytest.fixture(scope="session")
def mqtt_server() -> Iterator[Server]:
    with mosquitto_server() as server:
        yield server


@pytest.fixture
def frames_redis(frames_server: RedisServer) -> Iterator[redis.Redis]:
    """A client of an empty frames Redis."""
    with connect(frames_server.url) as client:
        client.flushall()
        yield client


@pytest.fixture
def journal_redis(journal_server: RedisServer) -> Iterator[redis.Redis]:
    """A client of an empty journal Redis."""
    with connect(journal_server.url) as client:
        client.flushall()
        yield client


@pytest.fixture
def broker(mqtt_server: Server) -> Broker:
    """Where the session's MQTT broker is. Its retained messages stay: use topics of your own."""
    return Broker(mqtt_server.host, mqtt_server.port)
