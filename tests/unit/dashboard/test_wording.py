"""Every name has its word, and figures read as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

import pytest

from contracts.causes import Cause, Decision, Gate, Mode
from dashboard import wording
from dashboard.local_time import NS, ago, clock, zone_name, zone_of
from dashboard.palette import DARK, LIGHT, palette_for

NOON = int(datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()) * NS


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (wording.CAUSES, Cause),
        (wording.DECISIONS, Decision),
        (wording.MODES, Mode),
        (wording.GATES, Gate),
    ],
)
def test_nothing_is_without_a_word(words: dict[object, object], kind: type[Enum]) -> None:
    assert set(words) == set(kind)


def test_no_two_causes_read_alike() -> None:
    assert len(set(wording.CAUSES.values())) == len(Cause)


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "–"),
        (0, 50, "0 %"),
        (1, 1000, "0.10 %"),
        (27, 1000, "2.7 %"),
        (1, 10**6, "< 0.01 %"),
        (9999, 10000, "> 99.9 %"),
        (50, 50, "100 %"),
    ],
)
def test_shares(part: int, whole: int, text: str) -> None:
    assert wording.share(part, whole) == text


def test_areas_and_durations_have_units() -> None:
    assert wording.area(0.4, "mm2") == "0.40 mm²"
    assert wording.area(1234.4, "px2") == "1,234 px²"
    assert wording.milliseconds(86.4) == "86 ms"
    assert wording.milliseconds(4.26) == "4.3 ms"
    assert wording.milliseconds(None) == "–"


def test_the_zone_is_the_viewers_and_is_named() -> None:
    at = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert zone_name(zone_of("Europe/Berlin"), at) == "Europe/Berlin, CEST"
    assert zone_name(zone_of("UTC"), at) == "UTC"
    assert clock(NOON, zone_of("America/New_York"), NOON) == "08:00:00"


@pytest.mark.parametrize("unknown", [None, "", "Mars/Olympus"])
def test_a_zone_that_is_not_known_is_this_machines(unknown: str | None) -> None:
    assert zone_of(unknown).utcoffset(datetime.now()) == datetime.now().astimezone().utcoffset()


def test_another_day_is_said() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert clock(NOON - 86_400 * NS, berlin, NOON) == "30 Jun 14:00:00"


@pytest.mark.parametrize(
    ("gone", "text"),
    [
        (timedelta(seconds=-2), "0 s ago"),
        (timedelta(seconds=59), "59 s ago"),
        (timedelta(seconds=61), "1 min ago"),
        (timedelta(minutes=119), "119 min ago"),
        (timedelta(hours=30), "30 h ago"),
        (timedelta(days=3), "3 d ago"),
    ],
)
def test_how_long_ago(gone: timedelta, text: str) -> None:
    assert ago(NOON - int(gone.total_seconds()) * NS, NOON) == text


def test_decisions_differ_in_grey() -> None:
    for palette in (LIGHT, DARK):
        greys = sorted(_lightness(palette.of(decision)) for decision in Decision)
        assert greys[1] - greys[0] > 10
        assert greys[2] - greys[1] > 10


def test_the_theme_chooses_the_palette() -> None:
    assert palette_for("dark") is DARK
    assert palette_for("light") is palette_for(None) is LIGHT


def _lightness(colour: str) -> float:
    """CIE L* of an sRGB colour (IEC 61966-2-1, CIE 1976)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 116 * luminance ** (1 / 3) - 16
