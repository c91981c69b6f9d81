"""Messages that can never be stored, kept for people to look at. Their number is bounded."""

from __future__ import annotations

import hashlib

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from storage.insert import insert_or_nothing
from storage.models import DeadLetterRow

LARGEST_PAYLOAD_BYTES = 64 * 1024


def dead_letter(
    session: Session, topic: str, payload: bytes, reason: str, now_utc_ns: int, keep: int
) -> None:
    """Keep a message with the reason. The same message again increases its count.

    The payload is cut at 64 KiB and only the newest ``keep`` different messages are kept, so that
    a flood of foreign messages cannot fill the disk.
    """
    digest = hashlib.sha256(topic.encode() + b"\0" + payload).hexdigest()
    columns = {
        "digest": digest,
        "topic": topic,
        "payload": payload[:LARGEST_PAYLOAD_BYTES],
        "reason": _storable(reason),
        "count": 1,
        "first_seen_at_utc_ns": now_utc_ns,
        "last_seen_at_utc_ns": now_utc_ns,
    }
    if insert_or_nothing(session, DeadLetterRow, columns) is not None:
        _drop_oldest(session, keep)
        return
    of = DeadLetterRow
    again = {"count": of.count + 1, "reason": _storable(reason), "last_seen_at_utc_ns": now_utc_ns}
    session.execute(update(of).where(of.digest == digest).values(**again))


def _storable(reason: str) -> str:
    """Escape what PostgreSQL refuses in a text: a reason may quote the refused value."""
    return reason.replace("\0", "\\0").encode(errors="backslashreplace").decode()


def _drop_oldest(session: Session, keep: int) -> None:
    of = DeadLetterRow
    beyond = session.scalar(select(func.count()).select_from(of)) or 0
    if beyond > keep:
        oldest = select(of.digest).order_by(of.last_seen_at_utc_ns).limit(beyond - keep)
        session.execute(delete(of).where(of.digest.in_(oldest)))
