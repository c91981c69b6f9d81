"""Metrics of ingest."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

CAPTURED = Counter("referee_ingest_captured", "Frames handed on to be inspected", ["station"])
MISSED = Counter(
    "referee_ingest_missed", "Parts answered no_verdict by ingest", ["station", "cause"]
)
REPEATED = Counter(
    "referee_ingest_triggers_repeated",
    "Triggers dropped as repeated",
    ["station"],
)
FRAMES_LOST = Counter(
    "referee_ingest_frames_lost",
    "Frames deleted before all readers had them",
    ["station"],
)
FRAMES_WAITING = Gauge(
    "referee_ingest_frames_waiting", "Frames that are not inspected yet", ["station"]
)
CAPTURE_SECONDS = Histogram(
    "referee_ingest_capture_seconds",
    "From a trigger's arrival here to its frame in Redis, or to its refusal",
    ["station"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1),
)
NOTICES_LOST = Counter(
    "referee_ingest_notices_lost", "Capture notices that could not be sent", ["station"]
)
NOT_CAPTURED = Counter(
    "referee_ingest_not_captured", "Frames of a triggering camera that were lost", ["station"]
)
OF_STATIONS = (
    CAPTURED,
    MISSED,
    REPEATED,
    FRAMES_LOST,
    FRAMES_WAITING,
    CAPTURE_SECONDS,
    NOTICES_LOST,
    NOT_CAPTURED,
)
"""All with a label ``station``: they vanish with it."""
