"""The bridge's own share of a part's time: from the verdict's arrival to the registers.

The bridge stamps a verdict when it arrives, before any wait, and the part when the registers show
it. In between are parsing, the journal's commit with its flush, and the wait for the registers,
which show one result at a time: a verdict that arrives before the PLC has acknowledged the one
before waits for the PLC. That wait is not the bridge's, so its own share then begins at the
acknowledgement. Both figures are reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from contracts.percentiles import percentile
from storage.queries import PartTimes


class Quantiles(NamedTuple):
    """Percentiles of ``parts`` durations, by nearest rank, ms."""

    parts: int
    p50: float | None
    p95: float | None
    p99: float | None


class Share(NamedTuple):
    """Of every part that was shown.

    Attributes:
        own: without the wait for the PLC to take the result before.
        whole: with it.
    """

    own: Quantiles
    whole: Quantiles


def share_of(times: Iterable[PartTimes]) -> Share:
    """Return both shares of a run's parts."""
    shown = sorted((one for one in times if one.verdict_to_plc_ms is not None), key=_shown_ms)
    own = [_own_ms(before, one) for before, one in zip([None, *shown], shown, strict=False)]
    return Share(quantiles(own), quantiles([one.verdict_to_plc_ms or 0.0 for one in shown]))


def _own_ms(before: PartTimes | None, one: PartTimes) -> float:
    whole_ms = one.verdict_to_plc_ms or 0.0
    if before is None:
        return whole_ms
    since_taken_ms = _shown_ms(one) - _taken_ms(before)
    return since_taken_ms if 0 <= since_taken_ms < whole_ms else whole_ms


def quantiles(values_ms: Sequence[float]) -> Quantiles:
    """Return the percentiles of some durations."""

    def at(percent: int) -> float | None:
        found = percentile(values_ms, percent)
        return None if found is None else round(found, 2)

    return Quantiles(len(values_ms), at(50), at(95), at(99))


def _shown_ms(one: PartTimes) -> float:
    return one.started_at_utc_ns / 1e6 + (one.start_to_plc_ms or 0.0)


def _taken_ms(one: PartTimes) -> float:
    """Return when the PLC acknowledged it; if it never did, when it was shown."""
    return _shown_ms(one) + (one.plc_to_acknowledge_ms or 0.0)
