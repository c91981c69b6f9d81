"""Real servers for the contract tests of ingest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import RedisServer, redis_server


@pytest.fixture
def frames_server() -> Iterator[RedisServer]:
    with redis_server("frames") as server:
        yield server


@pytest.fixture
def journal_server() -> Iterator[RedisServer]:
    with redis_server("journal") as server:
        yield server
