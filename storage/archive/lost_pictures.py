"""Counts lost pictures: parts with a verdict on a capture whose picture is not in the archive.

Frames are trimmed if the archive lags, and are lost with their Redis. Losses of any cause are
counted from the database, since no stream can tell what it no longer has.
"""

from __future__ import annotations

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session, sessionmaker

from runtime.process.clock import Clock
from storage.database import translate_errors
from storage.metrics import PICTURES_LOST
from storage.models import PictureRow, VerdictRow

P, V = PictureRow, VerdictRow
SETTLED_AFTER_S = 60
LOOK_EVERY_S = 10


class LossCounter:
    """Counts each loss once, a minute after its verdict was stored."""

    def __init__(self, readers: sessionmaker[Session], clock: Clock) -> None:
        self._readers = readers
        self._clock = clock
        self._counted_up_to: int | None = None
        self._next_look_ns = 0

    def step(self) -> int:
        """Look again if it is time, and return how many new losses were found.

        Raises:
            Unavailable: the database cannot be reached.
        """
        now = self._clock.now()
        if now.monotonic_ns < self._next_look_ns:
            return 0
        with translate_errors(), self._readers() as session:
            lost = self._look(session, now.utc_ns - SETTLED_AFTER_S * 10**9)
        self._next_look_ns = now.monotonic_ns + LOOK_EVERY_S * 10**9
        PICTURES_LOST.inc(lost)
        return lost

    def _look(self, session: Session, settled_utc_ns: int) -> int:
        if self._counted_up_to is None:
            self._counted_up_to = self._last_with_a_picture(session)
        same = and_(P.station == V.station, P.epoch == V.epoch, P.trigger_seq == V.trigger_seq)
        lost = func.count(case((and_(P.id.is_(None), V.captured_at_utc_ns.is_not(None)), 1)))
        found = session.execute(
            select(func.max(V.id), lost)
            .outerjoin(P, same)
            .where(V.id > self._counted_up_to, V.stored_at_utc_ns <= settled_utc_ns)
        ).one()
        self._counted_up_to = found[0] or self._counted_up_to
        return int(found[1])

    def _last_with_a_picture(self, session: Session) -> int:
        """Return the verdict up to which an earlier process counted, or a slightly older one."""
        newest = select(func.coalesce(func.max(P.captured_at_utc_ns), 0)).scalar_subquery()
        return session.scalar(select(func.max(V.id)).where(V.captured_at_utc_ns <= newest)) or 0
