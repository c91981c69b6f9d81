"""One row of tiles for each station: how it runs right now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from html import escape

from contracts.health import LineHealth
from dashboard.components.html import decision_mark, metric
from dashboard.local_time import ago, clock
from dashboard.wording import CAUSES, MODES, counted, milliseconds, share
from storage.queries import DispositionCounts, LineTile

NO_BRIDGE, OFFLINE = "no bridge", "offline"
NO_PART = "no part in the last hour"
TONES = {"running": "good", "degraded": "warn", "fault": "bad", "offline": "bad"}


def station_row(
    tile: LineTile,
    deadline_ms: int | None,
    hour: Sequence[DispositionCounts],
    bars: Sequence[int],
    now_utc_ns: int,
    zone: tzinfo,
    live: LineHealth | None = None,
) -> str:
    """Return the station's tiles.

    Args:
        hour: its counts in the last hour, step by step. Steps without a part are left out.
        bars: starts (UTC, ns) of all steps of the last hour, oldest first.
        live: what the line says about itself, which is newer than the database; None if nobody
            hears it.
    """
    return (
        f'<section class="station" data-station="{escape(tile.station)}">'
        + _who(tile, live)
        + _parts(tile, hour, bars)
        + _rejected(tile)
        + _no_verdict(tile)
        + _latency(tile, deadline_ms)
        + _last(tile, now_utc_ns, zone)
        + "</section>"
    )


def _who(tile: LineTile, live: LineHealth | None) -> str:
    mode, meaning = MODES[tile.mode] if tile.mode else ("No release", "no prompts to look for yet")
    phase, why = _phase(tile, live)
    tone = TONES.get(phase, "bad" if phase == NO_BRIDGE else "calm")
    reason = f'<div class="below">{escape(why)}</div>' if why else ""
    recipe = "" if tile.recipe is None else f'<span class="badge">Recipe {tile.recipe}</span>'
    return (
        f'<div class="who"><h3>{escape(tile.station)}</h3><div class="badges">'
        f'<span class="badge mode-{tile.mode or "none"}" title="{escape(meaning)}">{mode}</span>'
        f'<span class="badge phase {tone}">{escape(phase.capitalize())}</span>{recipe}</div>'
        f"{reason}</div>"
    )


def _phase(tile: LineTile, live: LineHealth | None) -> tuple[str, str]:
    """Return the bridge's phase and why it is so: what it says now, else what was stored last."""
    said = live.phase_of(tile.station) if live else None
    if live is None or said is None:
        return (tile.phase or NO_BRIDGE).lower(), tile.phase_reason
    return said or OFFLINE, "; ".join(each.words for each in live.of(tile.station))


def _parts(tile: LineTile, hour: Sequence[DispositionCounts], bars: Sequence[int]) -> str:
    steps = {step.bucket_start_utc_ns: step for step in hour}
    most = max((_all(step) for step in hour), default=0)
    strip = "".join(_bar(steps.get(start), most) for start in bars)
    return metric(
        "Parts in the last hour",
        f"{tile.parts_last_hour:,}",
        f'<div class="strip" title="Parts per 2 minutes; rejects and no verdicts at the bottom">'
        f"{strip}</div>",
        "parts",
    )


def _bar(step: DispositionCounts | None, most: int) -> str:
    if step is None:
        return '<i class="bar"></i>'
    parts = ((step.rejected, "reject"), (step.no_verdict, "no_verdict"))
    bad = "".join(
        f'<b class="{kind}" style="height:{max(8.0, 100 * n / most):.0f}%"></b>'
        for n, kind in parts
        if n
    )
    good = max(0.0, 100 * (step.inspected - step.rejected) / most)
    return f'<i class="bar"><b class="pass" style="height:{good:.0f}%"></b>{bad}</i>'


def _all(step: DispositionCounts) -> int:
    return step.inspected + step.no_verdict


def _rejected(tile: LineTile) -> str:
    if not tile.parts_last_hour:
        return metric("Rejected", "–", NO_PART, "rejected")
    inspected = tile.parts_last_hour - tile.no_verdict_last_hour
    below = f"{tile.rejected_last_hour:,} of {counted(inspected, 'part')}"
    return metric("Rejected", share(tile.rejected_last_hour, inspected), below, "rejected")


def _no_verdict(tile: LineTile) -> str:
    if not tile.parts_last_hour:
        return metric("No verdict", "–", NO_PART, "unknown")
    count = tile.no_verdict_last_hour
    below = (
        f"{share(count, tile.parts_last_hour)} of parts" if count else "every part has a verdict"
    )
    return metric("No verdict", f"{count:,}", below, "unknown some" if count else "unknown")


def _latency(tile: LineTile, deadline_ms: int | None) -> str:
    times = tile.capture_to_plc_ms
    value = f"{_number(times.p50)}<small>p50</small>{_number(times.p99)}<small>p99</small>"
    limit = f"deadline {milliseconds(deadline_ms)}" if deadline_ms else "no deadline known"
    late = bool(deadline_ms and times.p99 and times.p99 > deadline_ms)
    return metric("Capture to PLC, ms", value, limit, "latency late" if late else "latency")


def _number(value: float | None) -> str:
    return milliseconds(value).removesuffix(" ms")


def _last(tile: LineTile, now_utc_ns: int, zone: tzinfo) -> str:
    if tile.last_decision is None or tile.last_at_utc_ns is None or tile.last_part is None:
        return metric("Last part", "–", "no part yet", "last")
    at = f"{clock(tile.last_at_utc_ns, zone, now_utc_ns)}, {ago(tile.last_at_utc_ns, now_utc_ns)}"
    why = f"{CAUSES[tile.last_cause]}<br>" if tile.last_cause else ""
    part = f"Last part {tile.last_part.epoch}/{tile.last_part.trigger_seq}"
    return metric(part, decision_mark(tile.last_decision), f"{why}{at}", "last")
