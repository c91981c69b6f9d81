"""Times in the viewer's own time zone, and the name of that zone."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NS = 10**9


def zone_of(browser: str | None) -> tzinfo:
    """Return the browser's time zone by its IANA name; this machine's if it is not known."""
    here = datetime.now().astimezone().tzinfo or UTC
    try:
        return ZoneInfo(browser) if browser else here
    except ZoneInfoNotFoundError:  # the browser knows a zone that this machine's tables lack
        return here


def zone_name(zone: tzinfo, at: datetime) -> str:
    """Return a zone's name, such as ``Europe/Berlin, CET``; only ``CET`` if it has no other."""
    short = at.astimezone(zone).strftime("%Z")
    long = getattr(zone, "key", "")
    return f"{long}, {short}" if long and long != short else short


def moment(utc_ns: int, zone: tzinfo) -> datetime:
    """Return UTC nanoseconds as a time in a zone."""
    return datetime.fromtimestamp(utc_ns / NS, zone)


def clock(utc_ns: int, zone: tzinfo, now_utc_ns: int) -> str:
    """Return ``14:03:22``, with the day in front unless it is today."""
    at, now = moment(utc_ns, zone), moment(now_utc_ns, zone)
    return at.strftime("%H:%M:%S" if at.date() == now.date() else "%d %b %H:%M:%S")


def minute(utc_ns: int, zone: tzinfo, now_utc_ns: int) -> str:
    """Return ``14:03``, with the day in front unless it is today."""
    return clock(utc_ns, zone, now_utc_ns).rsplit(":", 1)[0]


def ago(utc_ns: int, now_utc_ns: int) -> str:
    """Return how long ago it was, in the largest unit: ``3 s ago``, ``12 min ago``."""
    seconds = max(0, (now_utc_ns - utc_ns) // NS)
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size or (unit == "min" and seconds >= size):
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"
