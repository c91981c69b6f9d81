"""A station over time: rejected parts, prompts, causes, durations."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from dashboard.charts.axes import Layers
from dashboard.charts.causes_chart import causes_chart
from dashboard.charts.control_chart import BEYOND, RUN, control_chart, find_signals
from dashboard.charts.control_limits import FEW_REJECTS, SAMPLES_FOR_LIMITS, ControlLimits
from dashboard.charts.latency_chart import binned, latency_chart
from dashboard.charts.pareto_chart import pareto_chart, ranked
from dashboard.components.html import headline
from dashboard.components.past_stations import with_past
from dashboard.data import line_data, trends_data
from dashboard.data.periods import NS, PERIODS, Window, from_first, window
from dashboard.local_time import ago, clock, minute
from dashboard.page_frame import (
    line_name,
    palette,
    show_notice,
    showing_errors,
    zone,
    zone_label,
)
from dashboard.wording import counted
from storage.queries import LineTile


@st.fragment(run_every="15s")
def page() -> None:
    with showing_errors():
        trends_of_the_line()


def trends_of_the_line() -> None:
    st.html(headline(line_name(), f"times in {zone_label()}", "page"))
    known = line_data.tiles()
    tiles = {tile.station: tile for tile in with_past(known.now, known.past)}
    if not tiles:
        show_notice(
            "No station has reported yet",
            "The database is empty. Trends appear with the first parts.",
        )
        return
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        station = st.segmented_control(
            "Station", list(tiles), default=next(iter(tiles)), required=True, key="station"
        )
    with right, st.container(horizontal_alignment="right"):
        period = choose_period()
    show_charts(tiles[station], period)


def choose_period() -> str:
    """Return the period of the URL, or one that fits the line's age when the page was opened."""
    if "opening_period" not in st.session_state:
        st.session_state.opening_period = trends_data.opening_period()
    return st.segmented_control(
        "Period",
        list(PERIODS),
        default=st.session_state.opening_period,
        required=True,
        key="period",
        bind="query-params",
    )


def show_charts(tile: LineTile, period: str) -> None:
    station, now = tile.station, time.time_ns()
    over = window(PERIODS[period], now)
    samples = trends_data.samples(station, over)
    if samples.empty:
        show_notice("No part started in this period", last_part(tile, now))
        return
    over = from_first(over, samples["at"].iloc[0].value)
    parts = int(samples["inspected"].sum() + samples["no_verdict"].sum())
    show_reject_rate(samples, period, over, now)
    left, right = st.columns(2, gap="medium")
    with left:
        show_prompts(station, over, parts)
    with right:
        show_durations(station, over, parts)
    show_causes(station, over, parts)


def last_part(tile: LineTile, now_utc_ns: int) -> str:
    """Say when the last part started, if this period has none."""
    if tile.last_at_utc_ns is None:
        return "This station has had no parts yet. Charts appear with its first part."
    at = tile.last_at_utc_ns
    return f"The last part started {ago(at, now_utc_ns)}, at {clock(at, zone(), now_utc_ns)}."


def show_reject_rate(samples: pd.DataFrame, period: str, over: Window, now_utc_ns: int) -> None:
    table = samples[samples["inspected"] > 0].reset_index(drop=True)
    with card("reject-rate"):
        if table.empty:
            show_title("Rejected parts over time")
            unknown = counted(int(samples["no_verdict"].sum()), "part")
            return show_text(
                f"No part has a verdict yet: {unknown} without one, shown by cause below."
            )
        table, limits = find_signals(table)
        parts = counted(int(table["inspected"].sum()), "part")
        show_title(
            "Rejected parts over time", f"{parts} in samples of {PERIODS[period].sample_name}"
        )
        show_chart(control_chart(table, limits, *_ends(over), zone_label(), palette()))
        text = describe(table, limits) if limits else not_yet(table, over, now_utc_ns)
        st.html(f'<p class="quiet">{text}{incomplete_note(table)}</p>')
    return None


def describe(table: pd.DataFrame, limits: ControlLimits) -> str:
    """Say which chart this is and what it signals."""
    if limits.sigma_z is None:
        kind = "p chart: limits 3 sigma of the binomial above and below the mean"
    else:
        kind = f"Laney p' chart: samples vary {limits.sigma_z:.2f} times as much as by chance"
    beyond, runs = (int((table["signal"] == signal).sum()) for signal in (BEYOND, RUN))
    signals = f'<span class="mark beyond"></span>{counted(beyond, "sample")} beyond a limit'
    if table.loc[table["whole"], "rejected"].mean() < FEW_REJECTS:
        rest = "Samples with so few rejects have rough limits, and runs are not evaluated"
    else:
        signals += f', <span class="mark run"></span>{runs:,} in a run of 8 or more'
        rest = "Mean and limits are of these samples"
    return f"{kind}. {signals}. {rest}."


def not_yet(table: pd.DataFrame, over: Window, now_utc_ns: int) -> str:
    """Say when there will be limits, if the station goes on."""
    missing = SAMPLES_FOR_LIMITS - int(table["whole"].sum())
    at = over.current_utc_ns + missing * over.sample_s * NS
    return (
        f"Mean and limits need {SAMPLES_FOR_LIMITS} complete samples: expected "
        f"at {minute(at, zone(), now_utc_ns)} if parts keep coming."
    )


def incomplete_note(table: pd.DataFrame) -> str:
    if table["whole"].all():
        return ""
    return ' <span class="mark so-far"></span>The current sample is incomplete and not evaluated.'


def show_prompts(station: str, over: Window, parts: int) -> None:
    table = trends_data.by_prompt(station, over)
    with card("pareto"):
        show_title("Pareto by prompt", "parts with counted findings")
        if table.empty:
            return show_text(f"No findings on {counted(parts, 'part')}.")
        show_chart(pareto_chart(ranked(table), palette()))
    return None


def show_durations(station: str, over: Window, parts: int) -> None:
    table = trends_data.durations(station, over)
    with card("latency"):
        show_title("Capture to PLC", "parts with a verdict")
        if table.empty:
            return show_text(
                f"No verdict has reached the PLC yet ({counted(parts, 'part')} started)."
            )
        marks = {f"p{percent}": trends_data.percentile(table, percent) for percent in (50, 99)}
        deadline = line_data.deadline_ms(line_data.active_releases().get(station))
        show_chart(latency_chart(binned(table), marks, deadline, palette()))
    return None


def show_causes(station: str, over: Window, parts: int) -> None:
    table = trends_data.by_cause(station, over)
    with card("causes"):
        unknown = int(table["parts"].sum())
        show_title("No verdict by cause", counted(unknown, "part") if unknown else "")
        if table.empty:
            return show_text(f"None of {counted(parts, 'part')}: each has a verdict.")
        show_chart(causes_chart(table, *_ends(over), zone_label(), palette()))
    return None


def card(key: str) -> st.delta_generator.DeltaGenerator:
    return st.container(border=True, key=f"chart-{key}")


def show_title(text: str, right: str = "") -> None:
    st.html(headline(text, right))


def show_text(text: str) -> None:
    st.html(f'<p class="quiet">{text}</p>')


def show_chart(chart: Layers) -> None:
    st.altair_chart(chart, width="stretch")


def _ends(over: Window) -> tuple[datetime, datetime]:
    since, until = (at / NS for at in (over.since_utc_ns, over.until_utc_ns))
    return datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC)


page()
