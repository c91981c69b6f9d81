"""Dead letters are counted, cut and bounded."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from storage.dead_letters import LARGEST_PAYLOAD_BYTES, dead_letter
from storage.models import DeadLetterRow


def letters(session: Session) -> list[DeadLetterRow]:
    return list(session.scalars(select(DeadLetterRow).order_by(DeadLetterRow.topic)))


def test_the_same_message_raises_its_count(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        for now in (1, 2, 3):
            dead_letter(session, "a/b", b"x", "no json", now, keep=10)
        dead_letter(session, "a/c", b"x", "no json", 4, keep=10)
        first, second = letters(session)
    assert (first.count, first.first_seen_at_utc_ns, first.last_seen_at_utc_ns) == (3, 1, 3)
    assert second.count == 1


def test_a_flood_keeps_the_newest_and_cuts_the_payload(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        for now in range(20):
            dead_letter(
                session, f"t/{now:02}", bytes(2 * LARGEST_PAYLOAD_BYTES), "large", now, keep=5
            )
        kept = letters(session)
    assert [letter.topic for letter in kept] == [f"t/{now}" for now in range(15, 20)]
    assert {len(letter.payload) for letter in kept} == {LARGEST_PAYLOAD_BYTES}


def test_a_reason_may_quote_what_a_database_refuses(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        dead_letter(session, "t", b"", "bad \0 and \ud800", 0, keep=5)
        assert letters(session)[0].reason == "bad \\0 and \\ud800"
