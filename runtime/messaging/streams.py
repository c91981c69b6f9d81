"""Redis streams with consumer groups: read, take over, acknowledge. Nothing is lost in silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import redis
import structlog

from runtime.messaging.redis_link import address, translate_errors
from runtime.process.metrics import ENTRIES_LOST

log = structlog.get_logger()

MOST_IDS_AT_ONCE = 1000

# Begins at the first entry; a group that exists goes on where it is. A Redis at its bound refuses
# XGROUP CREATE, and would stay full for want of a reader: hence the flag.
CREATE_GROUPS = """#!lua flags=allow-oom
for _, stream in ipairs(KEYS) do
  local reply = redis.pcall('XGROUP', 'CREATE', stream, ARGV[1], '0', 'MKSTREAM')
  if reply.err and not string.find(reply.err, 'BUSYGROUP') then return reply end
end
return redis.status_reply('OK')
"""

# One script: an entry that is acknowledged and not deleted would stay for ever, the other way
# round it would be taken for lost. MULTI is refused by a Redis at its bound, which this empties.
ACK_AND_DELETE = """
redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 2))
return redis.call('XDEL', KEYS[1], unpack(ARGV, 2))
"""


class Entry(NamedTuple):
    """One entry of a stream; ``fields`` are bytes as they were appended."""

    stream: str
    id: str
    fields: dict[bytes, bytes]


class StreamGroup:
    """One consumer of a consumer group, over one or more streams of a Redis.

    Entries come to one consumer of the group at a time and stay pending until acknowledged. A
    group begins at the stream's first entry, and begins again when Redis came back empty.

    Attributes:
        lost: entries of this group that were deleted before they were acknowledged, so far.
    """

    def __init__(
        self, client: redis.Redis, streams: Sequence[str], group: str, consumer: str
    ) -> None:
        if not streams:
            raise ValueError("a stream group needs at least one stream")
        self._redis = client
        self._streams = tuple(streams)
        self._group = group
        self._consumer = consumer
        self._server = address(client)
        self._known = False
        self.lost = 0

    def follow(self, streams: Sequence[str]) -> None:
        """Read these streams from the next call on. Another thread may be reading."""
        if self._streams != tuple(streams):
            self._streams = tuple(streams)
            self._known = False

    def read(self, count: int, block_ms: int) -> list[Entry]:
        """Entries that no consumer of the group has seen, up to ``count`` of each stream.

        Waits ``block_ms`` for the first one (0: not at all), but never longer than half the
        connection's own timeout, so that a dead server is told from an idle stream.

        Raises:
            Unavailable: Redis cannot be reached.
        """
        with translate_errors(self._server):
            return self._in_group(lambda: self._read(count, block_ms))

    def reclaim(self, min_idle_ms: int, count: int) -> list[Entry]:
        """Take over up to ``count`` entries that have been pending for ``min_idle_ms``.

        They belong to consumers that died, or to this one before it was restarted. Entries that
        were deleted while pending come back as nothing: they are added to ``lost``.

        Raises:
            Unavailable: Redis cannot be reached.
        """
        with translate_errors(self._server):
            return self._in_group(lambda: self._reclaim(min_idle_ms, count))

    def renew(self, *entries: Entry) -> None:
        """Say that these are still being worked on: they count as handed out just now.

        It is no further delivery. An entry that is not pending any more stays so.

        Raises:
            Unavailable: Redis cannot be reached.
        """
        with translate_errors(self._server):
            for stream, ids in _ids_by_stream(entries):
                claimed: list[Any] = [*ids]
                self._redis.xclaim(stream, self._group, self._consumer, 0, claimed, justid=True)

    def age_ms(self, entry: Entry) -> float:
        """How long the entry has been in its stream, by the clock of its Redis alone.

        Raises:
            Unavailable: Redis cannot be reached.
        """
        with translate_errors(self._server):
            seconds, microseconds = self._redis.time()
        return seconds * 1e3 + microseconds / 1e3 - int(entry.id.split("-")[0])

    def deliveries(self, entry: Entry) -> int:
        """How often the entry was handed to a consumer; 0 when it is not pending.

        Raises:
            Unavailable: Redis cannot be reached.
        """
        with translate_errors(self._server):
            pending = self._in_group(
                lambda: self._redis.xpending_range(
                    entry.stream, self._group, min=entry.id, max=entry.id, count=1
                )
            )
        return pending[0]["times_delivered"] if pending else 0

    def ack(self, *entries: Entry) -> None:
        """Never hand these out again. The entries stay for other groups.

        Raises:
            Unavailable: Redis cannot be reached; acknowledging again does no harm.
        """
        with translate_errors(self._server):
            for stream, ids in _ids_by_stream(entries):
                self._redis.xack(stream, self._group, *ids)

    def ack_and_delete(self, *entries: Entry) -> None:
        """Acknowledge and delete, for streams that only this group reads.

        Raises:
            Unavailable: Redis cannot be reached; doing it again does no harm.
        """
        with translate_errors(self._server):
            for stream, ids in _ids_by_stream(entries):
                self._redis.eval(ACK_AND_DELETE, 1, stream, self._group, *ids)

    def _in_group(self, command: Any) -> Any:
        """Run ``command`` with the groups there, also when Redis lost them since the last time."""
        if not self._known:
            self._create_groups()
        try:
            return command()
        except redis.ResponseError as error:
            if not _group_is_gone(error):
                raise
            log.warning("stream_group_gone", group=self._group, streams=self._streams)
            self._create_groups()
            return command()

    def _create_groups(self) -> None:
        self._redis.eval(CREATE_GROUPS, len(self._streams), *self._streams, self._group)
        self._known = True

    def _read(self, count: int, block_ms: int) -> list[Entry]:
        reply: Any = self._redis.xreadgroup(
            self._group,
            self._consumer,
            dict.fromkeys(self._streams, ">"),
            count=count,
            block=self._wait_ms(block_ms),
        )
        return [entry for stream, raw in reply or () for entry in _entries(stream.decode(), raw)]

    def _wait_ms(self, block_ms: int) -> int | None:
        if block_ms <= 0:
            return None  # to Redis, BLOCK 0 is for ever
        timeout_s = self._redis.connection_pool.connection_kwargs.get("socket_timeout")
        return min(block_ms, max(1, int(timeout_s * 500))) if timeout_s else block_ms

    def _reclaim(self, min_idle_ms: int, count: int) -> list[Entry]:
        taken: list[Entry] = []
        for stream in self._streams:
            cursor = b"0-0"
            while len(taken) < count:
                cursor, raw, deleted = self._redis.xautoclaim(
                    stream,
                    self._group,
                    self._consumer,
                    min_idle_ms,
                    start_id=cursor,
                    count=count - len(taken),
                )
                taken += _entries(stream, raw)
                self._count_lost(stream, len(deleted))
                if cursor == b"0-0":
                    break
        return taken

    def _count_lost(self, stream: str, lost: int) -> None:
        if lost:
            self.lost += lost
            ENTRIES_LOST.labels(stream, self._group).inc(lost)
            log.error("stream_entries_lost", stream=stream, group=self._group, lost=lost)


def append(client: redis.Redis, stream: str, fields: Mapping[str, bytes]) -> str:
    """Append an entry and return its id.

    Raises:
        Unavailable: Redis cannot be reached; the entry may have been appended all the same.
        ServerFull: Redis is at its memory bound and took nothing.
    """
    with translate_errors(address(client)):
        entry: dict[Any, Any] = dict(fields)
        entry_id: Any = client.xadd(stream, entry)
        return entry_id.decode()


def _ids_by_stream(entries: Iterable[Entry]) -> Iterator[tuple[str, list[str]]]:
    """Ids of each stream, in portions that a script's stack can hold."""
    ids_of: dict[str, list[str]] = {}
    for entry in entries:
        ids_of.setdefault(entry.stream, []).append(entry.id)
    for stream, ids in ids_of.items():
        for start in range(0, len(ids), MOST_IDS_AT_ONCE):
            yield stream, ids[start : start + MOST_IDS_AT_ONCE]


def _entries(stream: str, raw: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> list[Entry]:
    return [Entry(stream, entry_id.decode(), fields) for entry_id, fields in raw]


def _group_is_gone(error: redis.ResponseError) -> bool:
    return str(error).startswith(("NOGROUP", "UNBLOCKED"))
