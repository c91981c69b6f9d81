"""What can never work is kept with its reason, for people to look at."""

from __future__ import annotations

import hashlib
from typing import Any

import redis
import structlog

from contracts.names import dead_letters
from runtime.messaging.redis_link import address, translate_errors
from runtime.messaging.streams import Entry
from runtime.process.metrics import DEAD_LETTERS

log = structlog.get_logger()

DEAD_LETTERS_KEPT = 1000
LARGEST_DEAD_FIELD_BYTES = 64 * 1024


def dead_letter(journal: redis.Redis, entry: Entry, reason: str) -> None:
    """Keep an entry that can never work, with the reason, for people to look at.

    A field above 64 KiB (a picture) is kept as its size and SHA-256: the journal flushes every
    write, and the picture is in the archive. Each stream's latest thousand letters are kept.

    Raises:
        Unavailable, ServerFull: the letter was not kept.
    """
    letter: dict[Any, Any] = {b"reason": reason.encode(), b"entry_id": entry.id.encode()}
    for name, value in entry.fields.items():
        letter |= _small_enough(name, value)
    stream = dead_letters(entry.stream)
    with translate_errors(address(journal)):
        journal.xadd(stream, letter, maxlen=DEAD_LETTERS_KEPT, approximate=True)
    DEAD_LETTERS.labels(entry.stream).inc()
    log.error("dead_letter", stream=entry.stream, entry_id=entry.id, reason=reason)


def _small_enough(name: bytes, value: bytes) -> dict[bytes, bytes]:
    if len(value) <= LARGEST_DEAD_FIELD_BYTES:
        return {name: value}
    digest = hashlib.sha256(value).hexdigest()
    return {name + b".bytes": str(len(value)).encode(), name + b".sha256": digest.encode()}
