"""Prometheus metrics of inference, in addition to those of every process."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

VERDICTS = Counter(
    "referee_inference_verdicts",
    "Verdicts that inference made, before the outbox said which stands",
    ["station", "decision", "cause"],
)
ANOTHER_STANDS = Counter(
    "referee_inference_another_stands", "Verdicts made for parts that had one", ["station"]
)
OF_STATIONS = (VERDICTS, ANOTHER_STANDS)
"""All with a label ``station``: they vanish with it."""
STEP_SECONDS = Histogram(
    "referee_inference_step_seconds",
    "Time a part spends in each step",
    ["step"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
