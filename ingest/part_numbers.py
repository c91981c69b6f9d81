"""Numbers the parts that the camera triggers, durably on the journal Redis.

An epoch continues after a restart. A new one begins if the journal Redis came back empty, and
after a time in which the PLC numbered the station's parts.
"""

from __future__ import annotations

import threading
import uuid
from typing import Any, NamedTuple

import redis

from contracts.errors import TransientError
from contracts.identity import PartKey
from contracts.messages import SequenceRange, Stored
from contracts.names import numbers
from runtime.messaging.redis_link import address, translate_errors
from runtime.process.clock import Clock

FIRST_SEQ = 1
_LAST = b"last:"

# A claim that is made twice, because its answer was lost, is the same numbers.
CLAIM = """
local known = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'claim', 'ended')
local epoch, seq = known[1], known[2]
if known[3] ~= ARGV[1] then
  if not epoch or known[4] == '1' then
    epoch = string.format('%.0f', math.max(tonumber(epoch or 0) + 1, tonumber(ARGV[3])))
    seq = 0
  end
  seq = string.format('%.0f', tonumber(seq) + tonumber(ARGV[2]))
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'seq', seq, 'claim', ARGV[1], 'ended', '0',
    'last:' .. epoch, seq)
end
return {epoch, seq}
"""
END = """
if redis.call('HEXISTS', KEYS[1], 'epoch') == 1 then redis.call('HSET', KEYS[1], 'ended', '1') end
"""


class _Claim(NamedTuple):
    name: str
    how_many: int


class PartNumbers:
    """The numbers of one station. One thread takes them; any thread may call ``reached``."""

    def __init__(self, journal: redis.Redis, station: str, clock: Clock) -> None:
        self._journal = journal
        self._station = station
        self._clock = clock
        self._key = numbers(station)
        self._server = address(journal)
        self._lost = 0
        self._doubtful: _Claim | None = None
        self._lock = threading.Lock()
        self._last: dict[int, int] = {}
        self._stored = (-1, -1)

    def resume(self) -> None:
        """Read the last number of each epoch. Raises Unavailable."""
        with translate_errors(self._server):
            fields: Any = self._journal.hgetall(self._key)
        with self._lock:
            self._last = {
                int(name.removeprefix(_LAST)): int(last)
                for name, last in fields.items()
                if name.startswith(_LAST)
            }

    def lose(self, frames: int) -> None:
        """Skip the numbers of parts that passed without a frame."""
        self._lost += frames

    def next(self) -> PartKey:
        """Return the durable number of this frame's part, after those of the lost parts.

        Raises:
            Unavailable, ServerFull: the part has no number, and counts as lost.
        """
        try:
            if self._doubtful is not None:
                self._claim(self._doubtful)
        except TransientError:
            self._lost += 1
            raise
        self._doubtful, self._lost = _Claim(uuid.uuid4().hex, self._lost + 1), 0
        return self._claim(self._doubtful)

    def end_epoch(self) -> None:
        """End the epoch: the PLC numbers the parts from now on. Raises Unavailable, ServerFull."""
        with translate_errors(self._server):
            self._journal.eval(END, 1, self._key)

    def reached(self) -> tuple[SequenceRange, ...]:
        """Return the epochs that storage does not have completely, and the newest; oldest first."""
        with self._lock:
            return tuple(
                SequenceRange(epoch=epoch, first_seq=FIRST_SEQ, last_seq=last)
                for epoch, last in sorted(self._last.items())
            )

    @property
    def are_stored(self) -> bool:
        """Whether storage knows of every part; so it is if there was none."""
        with self._lock:
            return not self._last or [self._stored] == sorted(self._last.items())

    def on_stored(self, stored: Stored) -> None:
        """Forget older epochs that storage has completely. Raises Unavailable."""
        for item in stored.items:
            if item.kind == "sequence" and item.part.station == self._station:
                self._stored = max(self._stored, (item.part.epoch, item.part.trigger_seq))
                self._forget(item.part.epoch, item.part.trigger_seq)

    def _forget(self, epoch: int, stored_last_seq: int) -> None:
        with self._lock:
            is_older = epoch in self._last and epoch != max(self._last)
            if not is_older or stored_last_seq < self._last[epoch]:
                return
        with translate_errors(self._server):
            self._journal.hdel(self._key, _LAST + str(epoch).encode())
        with self._lock:
            del self._last[epoch]

    def _claim(self, claim: _Claim) -> PartKey:
        """The last of the claimed numbers. The claim stays in doubt until its answer is heard."""
        utc_ms = self._clock.now().utc_ns // 10**6
        with translate_errors(self._server):
            found: Any = self._journal.eval(CLAIM, 1, self._key, claim.name, claim.how_many, utc_ms)
        epoch, seq = map(int, found)
        with self._lock:
            self._last[epoch] = seq
        self._doubtful = None
        return PartKey(station=self._station, epoch=epoch, trigger_seq=seq)
