"""Verdicts to send around."""

from __future__ import annotations

from contracts.causes import Decision
from contracts.identity import PartKey, Stamp
from contracts.messages import Stored, StoredItem, Verdict
from runtime.process.clock import SystemClock

CLOCK = SystemClock()


def verdict(
    trigger_seq: int, *, station: str = "tiles", verdict_id: str = "", age_ms: float = 0.0
) -> Verdict:
    """A pass, of a part whose clock started ``age_ms`` ago, with a second until its deadline."""
    now = CLOCK.now()
    age_ns = round(age_ms * 1e6)
    started_at = Stamp(
        utc_ns=now.utc_ns - age_ns, monotonic_ns=now.monotonic_ns - age_ns, boot_id=now.boot_id
    )
    return Verdict(
        verdict_id=verdict_id or f"verdict-{station}-{trigger_seq}",
        part=PartKey(station=station, epoch=1, trigger_seq=trigger_seq),
        part_id=trigger_seq,
        decision=Decision.PASS,
        started_at=started_at,
        decided_at=now,
        deadline_ms=1000,
    )


def stored(*verdicts: Verdict) -> Stored:
    """Storage's word that it has them."""
    return Stored(items=tuple(StoredItem(kind="verdict", part=v.part) for v in verdicts))
