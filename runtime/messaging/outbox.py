"""The outbox of verdicts: on disk before anyone hears of them, sent until storage has them.

The bridge has an outbox of its own (`plc.journal.outbox`), on purpose. Verdicts come from several
processes on several machines, which must agree on the first one, so these are in Redis. A
disposition must survive the loss of every other process, so the bridge sends those from its own
SQLite journal, which it writes anyway.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import redis
import structlog

from contracts.errors import MalformedMessage, Unavailable
from contracts.messages import Stored, Verdict
from contracts.names import PUBLISH_GROUP, VERDICTS, Topics, decided
from runtime.messaging.dead_letters import dead_letter
from runtime.messaging.fresh_verdicts import BATCH, FreshVerdicts, outgoing_of
from runtime.messaging.journal_watch import JournalWatch
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.mqtt_messages import Publication
from runtime.messaging.redis_link import address, translate_errors
from runtime.messaging.send_order import Outgoing, SendOrder
from runtime.messaging.streams import Entry, StreamGroup
from runtime.process.clock import Clock
from runtime.process.metrics import VERDICTS_PUBLISHED, VERDICTS_RECORDED
from runtime.process.open_conditions import OpenConditions

log = structlog.get_logger()

IDENTITY_KEPT_S = 7 * 24 * 3600
STORED_IDENTITY_KEPT_S = 3600
"""Longer than any copy of a part's frame lives; at 10 parts a second, some MB of keys."""
WINDOW = 128
LATE_WINDOW = WINDOW // 4
LONGEST_RESEND_S = 60.0
BLOCK_MS = 100

# The key's value is "<entry id> <verdict id>": which entry holds the part's verdict, and whose
# verdict it is, so that recording again after a lost answer is no second verdict.
RECORD = """
local standing = redis.call('GET', KEYS[1])
if standing then
  return string.match(standing, ' (.*)$') == ARGV[2] and 1 or 0
end
local id = redis.call('XADD', KEYS[2], '*', 'verdict', ARGV[1])
redis.call('SET', KEYS[1], id .. ' ' .. ARGV[2], 'EX', ARGV[3])
return 1
"""


class VerdictOutbox:
    """Records verdicts. The first verdict of a part is final."""

    def __init__(self, journal: redis.Redis) -> None:
        self._journal = journal
        self._server = address(journal)

    def record(self, verdict: Verdict) -> bool:
        """Record a verdict, unless its part has one. On return it is on disk.

        Returns:
            True when this verdict stands, also if it was recorded before; False when another one
            does.

        Raises:
            Unavailable: the journal cannot be reached; recording again does no harm.
            ServerFull: the journal is at its bound and took nothing.
        """
        with translate_errors(self._server):
            stands = self._journal.eval(
                RECORD,
                2,
                decided(verdict.part),
                VERDICTS,
                verdict.model_dump_json(),
                verdict.verdict_id,
                IDENTITY_KEPT_S,
            )
        if stands:
            VERDICTS_RECORDED.inc()
        return bool(stands)


class _Sent(NamedTuple):
    outgoing: Outgoing
    publication: Publication


class _Unmatched(NamedTuple):
    outgoing: Outgoing
    due_s: float


class OutboxPublisher:
    """Publishes recorded verdicts, again and again, until storage says that it has them.

    Several processes may each run one: an entry is published by the one that read it, and by
    another when it stays unstored for ``resend_after_s``. ``step`` belongs to one thread;
    ``on_stored`` may be called from any.
    """

    def __init__(
        self,
        journal: redis.Redis,
        link: MqttLink,
        topics: Topics,
        clock: Clock,
        consumer: str,
        *,
        resend_after_s: float = 5.0,
        unmatched_after_s: float = 0.5,
        conditions: OpenConditions | None = None,
    ) -> None:
        self._journal = journal
        self._link = link
        self._topics = topics
        self._clock = clock
        self._server = address(journal)
        self._group = StreamGroup(journal, [VERDICTS], PUBLISH_GROUP, consumer)
        self._resend_after_s = resend_after_s
        self._unmatched_after_s = unmatched_after_s
        self._fresh = FreshVerdicts(journal, self._group)
        self._order = SendOrder()
        self._watch = JournalWatch(journal, conditions)
        self._sent: list[_Sent] = []
        self._unmatched: deque[_Unmatched] = deque(maxlen=WINDOW)  # the rest: _read_unstored
        self._storage_answers = True
        self._resend_every_s = self._resend_at_s = 0.0

    def step(self) -> None:
        """Publish what waits; else wait for a fresh verdict, a tenth of a second at most.

        Raises:
            Unavailable: the journal cannot be reached. A broker that cannot is waited for.
        """
        self._watch.look()
        if not self._link.wait_connected(BLOCK_MS / 1000):
            return
        self._look_after_sent()
        self._read_fresh()
        self._read_unstored()
        self._send_waiting()

    def on_stored(self, stored: Stored) -> None:
        """Forget the verdicts that storage has.

        Raises:
            Unavailable: the journal cannot be reached; storage will say it again, as the verdicts
                will be sent again.
        """
        keys = [decided(item.part) for item in stored.items if item.kind == "verdict"]
        if not keys:
            return
        with translate_errors(self._server), self._journal.pipeline(transaction=False) as pipe:
            pipe.mget(keys)
            for key in keys:
                pipe.expire(key, STORED_IDENTITY_KEPT_S, lt=True)
            standing: list[Any] = pipe.execute()[0]
        entries = [Entry(VERDICTS, _entry_id(value), {}) for value in standing if value]
        if entries:
            self._group.ack_and_delete(*entries)
        self._storage_answers = True

    def _look_after_sent(self) -> None:
        """Send again at once what the link lost, and after a while what nobody subscribed to."""
        now_s, now = time.monotonic(), self._clock.now()
        under_way = []
        for sent in self._sent:
            if sent.publication.lost:
                self._order.put(sent.outgoing, now)
            elif not sent.publication.done():
                under_way.append(sent)
            elif sent.publication.unmatched:
                due_s = now_s + self._unmatched_after_s
                self._unmatched.append(_Unmatched(sent.outgoing, due_s))
        self._sent = under_way
        while self._unmatched and self._unmatched[0].due_s <= now_s:
            self._order.put(self._unmatched.popleft().outgoing, now)

    def _read_fresh(self) -> None:
        """Queue a batch of unread verdicts; behind a backlog, those still in time go first."""
        entries, is_behind = self._fresh.read(block_ms=0 if len(self._order) else BLOCK_MS)
        queued = [outgoing for entry in entries if (outgoing := self._queue(entry))]
        now = self._clock.now()
        if is_behind and (not queued or queued[-1].is_late(now)):
            for outgoing in self._fresh.ahead_of_turn(now):
                self._order.put(outgoing, now)

    def _read_unstored(self) -> None:
        """Queue again what was published and is not stored, by this process or one that ended.

        The pauses grow while storage confirms nothing: the broker keeps what it was sent, and
        should not be filled with copies.
        """
        now_s = time.monotonic()
        if len(self._order) or now_s < self._resend_at_s:
            return
        shortest_s = self._resend_after_s / 4
        if self._storage_answers:
            self._resend_every_s = shortest_s
            self._storage_answers = False
        else:
            self._resend_every_s = min(2 * self._resend_every_s, LONGEST_RESEND_S)
        self._resend_at_s = now_s + self._resend_every_s
        entries = self._group.reclaim(int(self._resend_after_s * 1000), BATCH)
        again = [outgoing for entry in entries if (outgoing := self._queue(entry))]
        self._remember_where(again)
        VERDICTS_PUBLISHED.labels("again").inc(len(again))

    def _remember_where(self, outgoings: Sequence[Outgoing]) -> None:
        """Set again the key that says which entry holds a part's verdict, in case it expired."""
        with translate_errors(self._server), self._journal.pipeline(transaction=False) as pipe:
            for entry, verdict in outgoings:
                value = f"{entry.id} {verdict.verdict_id}"
                pipe.set(decided(verdict.part), value, nx=True, ex=IDENTITY_KEPT_S)
            pipe.execute()

    def _queue(self, entry: Entry) -> Outgoing | None:
        try:
            outgoing = outgoing_of(entry)
        except MalformedMessage as error:
            self._dead_letter(entry, error.reason)
            return None
        self._order.put(outgoing, self._clock.now())
        return outgoing

    def _send_waiting(self) -> None:
        while len(self._sent) < WINDOW:
            late_too = len(self._sent) < LATE_WINDOW  # room stays for the fresh
            outgoing = self._order.next(self._clock.now(), late_too=late_too)
            if outgoing is None or not self._send(outgoing):
                return
        self._sent[0].publication.wait(BLOCK_MS / 1000)

    def _send(self, outgoing: Outgoing) -> bool:
        topic = self._topics.verdict(outgoing.verdict.part.station)
        try:
            publication = self._link.publish(topic, outgoing.entry.fields[b"verdict"])
        except Unavailable:
            self._order.put_back(outgoing)
            return False
        except MalformedMessage as error:
            self._dead_letter(outgoing.entry, error.reason)
            return True
        VERDICTS_PUBLISHED.labels("all").inc()
        self._sent.append(_Sent(outgoing, publication))
        return True

    def _dead_letter(self, entry: Entry, reason: str) -> None:
        dead_letter(self._journal, entry, reason)
        self._group.ack_and_delete(entry)


def _entry_id(standing: bytes) -> str:
    return standing.split(b" ", 1)[0].decode()
