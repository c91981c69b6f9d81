"""Stores a batch of messages in one transaction: all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import structlog
from sqlalchemy.orm import Session, sessionmaker

from contracts.errors import PoisonError
from contracts.identity import PartKey
from contracts.messages import CaptureNotice, Disposition, Stored, StoredItem, Verdict
from contracts.names import Topics
from contracts.process_state import ProcessState
from contracts.release import Activation
from contracts.roster import Roster
from runtime.messaging.router import Cleared, LineMessage, read
from runtime.process.clock import Clock
from storage.database import translate_errors, translate_refusals
from storage.dead_letters import dead_letter
from storage.metrics import MESSAGES
from storage.part_rows import record_disposition, record_verdict
from storage.ports import Incoming
from storage.process_states import record_state
from storage.release_store import record_cleared, record_release
from storage.roster_store import record_roster

log = structlog.get_logger()


class Effect(NamedTuple):
    """The result of storing one message. ``items``: what its sender need not publish again."""

    kind: str
    outcome: str
    items: tuple[StoredItem, ...] = ()

    def tally(self) -> None:
        """Count the message. Call it after the commit: what was rolled back is not counted."""
        MESSAGES.labels(self.kind, self.outcome).inc()


class Recorder:
    """Stores messages. One that can never be stored goes to the dead letters, with the reason."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        topics: Topics,
        clock: Clock,
        dead_letters_kept: int,
    ) -> None:
        self._sessions = sessions
        self._topics = topics
        self._clock = clock
        self._dead_letters_kept = dead_letters_kept

    def commit(self, batch: Sequence[Incoming]) -> list[StoredItem]:
        """Store a batch and return what the outboxes may delete, duplicates included.

        Raises:
            Unavailable: the database stored nothing of it.
        """
        with translate_errors():
            try:
                effects = self._store_together(batch)
            except (
                PoisonError
            ):  # one can never be stored: store each on its own, which takes longer
                effects = self._store_one_by_one(batch)
        for effect in effects:
            effect.tally()
        return list(dict.fromkeys(item for effect in effects for item in effect.items))

    def _store_together(self, batch: Sequence[Incoming]) -> list[Effect]:
        with self._sessions.begin() as session:
            return [self._store(session, incoming) for incoming in batch]

    def _store_one_by_one(self, batch: Sequence[Incoming]) -> list[Effect]:
        with self._sessions.begin() as session:
            return [self._store_or_dead_letter(session, incoming) for incoming in batch]

    def _store_or_dead_letter(self, session: Session, incoming: Incoming) -> Effect:
        try:
            with session.begin_nested():
                return self._store(session, incoming)
        except PoisonError as error:
            self._dead_letter(session, incoming, str(error))
            return Effect("unknown", "malformed")

    def _store(self, session: Session, incoming: Incoming) -> Effect:
        message = read(self._topics, incoming)
        with translate_refusals(incoming.topic):
            return self._record(session, message)

    def _record(self, session: Session, message: LineMessage) -> Effect:
        now_utc_ns = self._clock.now().utc_ns
        match message:
            case Verdict():
                item = StoredItem(kind="verdict", part=message.part)
                return _effect(item.kind, record_verdict(session, message, now_utc_ns), item)
            case Disposition():
                item = StoredItem(kind="disposition", part=message.part, revision=message.revision)
                return _effect(item.kind, record_disposition(session, message, now_utc_ns), item)
            case Activation():
                return _effect("release", record_release(session, message, now_utc_ns))
            case ProcessState():
                new = record_state(session, message, now_utc_ns)
                return _effect("state", new, *_reached(message))
            case Cleared():
                return _effect("release", record_cleared(session, message.station, now_utc_ns))
            case Roster():
                return _effect("roster", record_roster(session, message, now_utc_ns))
            case Stored() | CaptureNotice():
                return Effect("other", "ignored")  # not subscribed to

    def _dead_letter(self, session: Session, incoming: Incoming, reason: str) -> None:
        log.error("dead_letter", topic=incoming.topic, reason=reason)
        dead_letter(
            session,
            incoming.topic,
            incoming.payload,
            reason,
            self._clock.now().utc_ns,
            self._dead_letters_kept,
        )


def _effect(kind: str, new: bool, *items: StoredItem) -> Effect:
    return Effect(kind, "stored" if new else "duplicate", items)


def _reached(state: ProcessState) -> list[StoredItem]:
    return [
        StoredItem(
            kind="sequence",
            part=PartKey(station=station, epoch=reached.epoch, trigger_seq=reached.last_seq),
        )
        for station, ranges in state.sequences.items()
        for reached in ranges
    ]
