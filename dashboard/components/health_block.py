"""Everything that is wrong with the line, worst first, and what to do."""

from __future__ import annotations

from html import escape

from contracts.conditions import Severity
from contracts.health import LineHealth, OpenCondition

SHOWN = 6
"""More than these would push the stations off the screen; the rest is counted."""
MINUTE_S, HOUR_S = 60, 3600


def health_block(health: LineHealth) -> str:
    """Return the conditions of the line and its stations; empty if nothing is wrong."""
    if not health.conditions:
        return ""
    items = "".join(_item(each) for each in health.conditions[:SHOWN])
    rest = len(health.conditions) - SHOWN
    more = f'<p class="quiet">and {rest} more: see `referee status`</p>' if rest > 0 else ""
    return f'<div class="health">{items}{more}</div>'


def lasting(for_s: float | None) -> str:
    """Return how long, in the largest unit: ``for 12 s``, ``for 3 min``; empty if nobody knows."""
    if for_s is None:
        return ""
    for unit, size in (("h", HOUR_S), ("min", MINUTE_S)):
        if for_s >= size:
            return f"for {for_s // size:.0f} {unit}"
    return f"for {for_s:.0f} s"


def _item(each: OpenCondition) -> str:
    who = each.station or ", ".join(each.said_by)
    about = f"<b>{escape(who)}</b> " if who else ""
    when = f" <span>{lasting(each.for_s)}</span>" if each.for_s is not None else ""
    detail = f"{escape(each.detail)}. " if each.detail else ""
    station = escape(each.station or "")
    return (
        f'<div class="condition {each.severity}" data-code="{each.code}" data-station="{station}">'
        f"<h3>{_name(each.severity)}: {about}{escape(each.words)}{when}</h3>"
        f"<p>{detail}{escape(each.remedy)}</p></div>"
    )


def _name(severity: Severity) -> str:
    return severity.value.capitalize()
