"""The archive as a process, behind a real Redis: killed, restarted, trimmed under."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from contracts.messages import FrameHeader
from contracts.names import ARCHIVE_GROUP, frames
from runtime.messaging.redis_link import connect
from runtime.messaging.streams import append
from storage.models import PictureRow
from tests.contract.storage.conftest import Process, eventually
from tests.servers import RedisServer, redis_server
from tests.unit.storage.part_messages import at, part

STREAM = frames("tiles")


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with redis_server("frames") as server:
        yield server


@pytest.fixture
def archive(environment: dict[str, str], server: RedisServer, tmp_path: Path) -> Iterator[Process]:
    """Not started yet."""
    environment |= {"REFEREE_FRAMES_REDIS_URL": server.url}
    process = Process("storage.archive", environment, tmp_path / "archive.log")
    yield process
    process.kill9()


def take(server: RedisServer, seq: int, station: str = "tiles") -> None:
    header = FrameHeader(
        part=part(seq, station=station),
        part_id=seq,
        started_at=at(seq),
        captured_at=at(seq),
        deadline_ms=500,
        source=f"{seq}.png",
        release_id="r1",
    )
    fields = {"header": header.model_dump_json().encode(), "image": picture(seq)}
    with connect(server.url) as client:
        append(client, STREAM, fields)


def picture(seq: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + str(seq).encode() * 1000


def archived(sessions: sessionmaker[Session]) -> list[int]:
    with sessions() as session:
        return sorted(session.scalars(select(PictureRow.trigger_seq)))


def pending(server: RedisServer) -> int:
    with server.client() as client:
        return client.xpending(STREAM, ARCHIVE_GROUP)["pending"]


def test_pictures_reach_the_disk_and_are_acknowledged(
    archive: Process, server: RedisServer, sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    for seq in range(40):
        take(server, seq)
    archive.start()
    eventually(lambda: archived(sessions) == list(range(40)))
    eventually(lambda: pending(server) == 0)
    assert (tmp_path / "archive/tiles/1/0/7.png").read_bytes() == picture(7)
    assert archive.stop() == 0


def test_a_killed_archive_goes_on_where_it_was(
    archive: Process, server: RedisServer, sessions: sessionmaker[Session]
) -> None:
    archive.start()
    for seq in range(300):
        take(server, seq)
        if seq == 150:
            eventually(lambda: bool(archived(sessions)))
            archive.kill9()
            archive.start()
    eventually(lambda: archived(sessions) == list(range(300)), timeout_s=40)


def test_a_redis_that_comes_back_empty_is_read_on(
    archive: Process, server: RedisServer, sessions: sessionmaker[Session]
) -> None:
    archive.start()
    take(server, 0)
    eventually(lambda: archived(sessions) == [0])
    server.kill9()
    server.start()
    take(server, 1)
    eventually(lambda: archived(sessions) == [0, 1])


def test_frames_that_went_before_they_were_read_are_no_error(
    archive: Process, server: RedisServer, sessions: sessionmaker[Session]
) -> None:
    for seq in range(10):
        take(server, seq)
    with server.client() as client:
        client.xtrim(STREAM, maxlen=2, approximate=False)
    archive.start()
    eventually(lambda: archived(sessions) == [8, 9])


def test_what_is_no_frame_is_refused_and_the_next_is_kept(
    archive: Process, server: RedisServer, sessions: sessionmaker[Session]
) -> None:
    with connect(server.url) as client:
        append(client, STREAM, {"header": b"nonsense", "image": b"x"})
        append(client, STREAM, {"anything": b"else"})
    take(server, 1, station="lids")
    take(server, 2)
    archive.start()
    eventually(lambda: archived(sessions) == [2])
    eventually(lambda: pending(server) == 0)
    assert archive.log.count("picture_refused") == 3
