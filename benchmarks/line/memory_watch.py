"""Looks at the memory of a running line at regular intervals, from a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import redis

from benchmarks.line.memory import MemoryRun, RedisEnd, Sample, while_parts_came
from benchmarks.line.process_usage import usages
from contracts.names import VERDICTS
from referee.line.endpoints import LOOPBACK
from referee.line.running_line import RunningLine
from runtime.messaging.redis_link import address, connect, translate_errors

MEBI = 2**20


class MemoryWatch:
    """Looks from entering to leaving."""

    def __init__(self, running: RunningLine, every_s: float) -> None:
        ports = {
            "redis-frames": running.endpoints.redis_frames,
            "redis-journal": running.endpoints.redis_journal,
        }
        self._pids = {each.name: each.pid for each in running.supervisor.processes()}
        self._clients = {name: _client(port) for name, port in ports.items()}
        self._every_s = every_s
        self._samples: list[Sample] = []
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(1, "memory-watch")
        self._looking: Future[None] | None = None

    def __enter__(self) -> Self:
        self._looking = self._pool.submit(self._look_until_stopped)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._pool.shutdown()

    def found(self) -> MemoryRun:
        """After leaving. Raises Unavailable: a Redis could not be asked."""
        assert self._looking is not None
        self._looking.result()
        samples = while_parts_came(self._samples)
        ends = {name: self._end(name, client) for name, client in self._clients.items()}
        return MemoryRun(self._every_s, samples, ends)

    def _look_until_stopped(self) -> None:
        while True:
            pss_mb = {name: usage.pss_mb for name, usage in usages(self._pids).items()}
            redis_mb = {name: _used_mb(client) for name, client in self._clients.items()}
            self._samples.append(Sample(_verdicts(self._clients), pss_mb, redis_mb))
            if self._stop.wait(self._every_s):
                return

    def _end(self, name: str, client: redis.Redis) -> RedisEnd:
        with translate_errors(address(client)):
            info: Any = client.info("memory")
            streams = {
                key.decode(): int(client.xlen(key)) for key in client.scan_iter(_type="stream")
            }
            keys = int(client.dbsize())
        largest_mb = max(one.redis_mb[name] for one in self._samples)
        return RedisEnd(largest_mb, info["maxmemory"] / MEBI, keys, streams)


def _client(port: int) -> redis.Redis:
    return connect(f"redis://{LOOPBACK}:{port}/0")


def _used_mb(client: redis.Redis) -> float:
    with translate_errors(address(client)):
        info: Any = client.info("memory")
    return info["used_memory"] / MEBI


def _verdicts(clients: Mapping[str, redis.Redis]) -> int:
    """How many were ever recorded, also those that storage has taken since."""
    journal = clients["redis-journal"]
    with translate_errors(address(journal)):
        if not journal.exists(VERDICTS):
            return 0
        stream: Any = journal.xinfo_stream(VERDICTS)
    return stream["entries-added"]
