"""Bounds of streams: trimmed without taking what a group still needs, gone with their station."""

from __future__ import annotations

from collections.abc import Sequence

import redis
import structlog

from runtime.messaging.redis_link import address, translate_errors
from runtime.process.metrics import ENTRIES_LOST

log = structlog.get_logger()

# One script, so that no group reads between the look and the cut. XTRIM MAXLEN alone would take
# pending and undelivered entries while the group's lag still reports them.
TRIM = """
local function follow(id, step)
  local ms, seq = string.match(id, '(%d+)-(%d+)')
  return { tonumber(ms), tonumber(seq) + step }
end
local function before(a, b)
  return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2])
end
local unfinished = {}
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
for _, raw in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for i = 1, #raw, 2 do group[raw[i]] = raw[i + 1] end
  local pending = redis.call('XPENDING', KEYS[1], group['name'])
  if pending[1] > 0 then
    unfinished[group['name']] = follow(pending[2], 0)
  else
    unfinished[group['name']] = follow(group['last-delivered-id'], 1)
  end
end
for i = 2, #ARGV do
  unfinished[ARGV[i]] = unfinished[ARGV[i]] or { 0, 0 }
end
local first
for _, id in pairs(unfinished) do
  if not first or before(id, first) then first = id end
end
redis.call('XTRIM', KEYS[1], 'MINID', '=', string.format('%.0f-%.0f', first[1], first[2]))
local lost = redis.call('XLEN', KEYS[1]) - tonumber(ARGV[1])
if lost <= 0 then return 0 end
return redis.call('XTRIM', KEYS[1], 'MAXLEN', '=', ARGV[1])
"""


LEFT_FOR_S = 60
"""How long the streams of a station that left stay for those who still read them."""


def let_go(client: redis.Redis, *streams: str) -> None:
    """Delete streams in a minute, unless ``keep`` comes before. Raises Unavailable."""
    with translate_errors(address(client)):
        for stream in streams:
            client.expire(stream, LEFT_FOR_S)


def keep(client: redis.Redis, *streams: str) -> None:
    """Keep streams that were let go, if they are still there. Raises Unavailable."""
    with translate_errors(address(client)):
        for stream in streams:
            client.persist(stream)


def trim_consumed(
    client: redis.Redis, stream: str, groups: Sequence[str], keep_at_most: int
) -> int:
    """Delete what every group has finished with, and never more than memory demands.

    An entry is finished for a group when it was delivered and acknowledged. A group that is named
    here and does not exist yet has finished nothing; one that exists and is not named counts too.

    Args:
        stream: the stream.
        groups: groups that must have finished an entry before it goes; at least one.
        keep_at_most: entries that may stay; beyond it the oldest go although somebody needed them.

    Returns:
        Entries that went unfinished: losses, to be answered for by the caller.

    Raises:
        Unavailable: Redis cannot be reached.
    """
    if not groups:
        raise ValueError("who must have finished an entry before it is deleted?")
    with translate_errors(address(client)):
        lost = int(client.eval(TRIM, 1, stream, keep_at_most, *groups))
    if lost:
        ENTRIES_LOST.labels(stream, "any").inc(lost)
        log.error("stream_trimmed_unfinished", stream=stream, lost=lost, kept=keep_at_most)
    return lost
