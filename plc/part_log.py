"""One log line and one count a part, once its disposition is durable; one line a release."""

from __future__ import annotations

import structlog
from prometheus_client import Counter, Histogram

from contracts.causes import Mode
from contracts.release import Activation
from plc.core.effects import Settle

log = structlog.get_logger()

DISPOSITIONS = Counter(
    "referee_bridge_dispositions", "Parts disposed of", ["station", "decision", "cause"]
)
PRESENT_SECONDS = Histogram(
    "referee_bridge_present_seconds",
    "From the verdict's arrival to the registers, the journal's commit included",
    buckets=(0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5),
)


def note_activation(activation: Activation) -> None:
    """Log how the station runs from now on and who decided it; a bypass is logged as a warning."""
    mode = activation.config.mode
    say = log.warning if mode is Mode.BYPASS else log.info
    say(
        "release_in_force",
        station=activation.station,
        release_id=activation.release_id,
        mode=str(mode),
        who=activation.who,
        why=activation.why,
    )


def note_settled(op: Settle) -> None:
    """Log and count what became of a part that was announced."""
    disposition = op.disposition
    presented = disposition.presented_at
    cause = str(disposition.cause or "")
    station = disposition.part.station
    DISPOSITIONS.labels(station, str(disposition.decision), cause).inc()
    own_ms = None
    if presented is not None and disposition.verdict_id is not None:
        own_ms = (presented.monotonic_ns - op.decided_ns) / 1e6
        PRESENT_SECONDS.observe(own_ms / 1e3)
    log.info(
        "part_settled",
        part=str(disposition.part),
        part_id=disposition.part_id,
        decision=str(disposition.decision),
        cause=cause,
        verdict_id=disposition.verdict_id,
        trigger_to_registers_ms=presented.ms_since(disposition.started_at) if presented else None,
        verdict_to_registers_ms=own_ms,
    )
