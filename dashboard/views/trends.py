"""How a station's parts have been: rate, prompts, causes, durations."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from dashboard.charts.axes import Layers
from dashboard.charts.causes_chart import causes_chart
from dashboard.charts.control_chart import BEYOND, RUN, control_chart, judged
from dashboard.charts.control_limits import FEW_REJECTS, SAMPLES_FOR_LIMITS, ControlLimits
from dashboard.charts.latency_chart import binned, latency_chart
from dashboard.charts.pareto_chart import pareto_chart, ranked
from dashboard.components.html import headline
from dashboard.data import line_data, trends_data
from dashboard.data.periods import NS, PERIODS, Window, from_first, window
from dashboard.local_time import ago, clock, minute
from dashboard.page_frame import line_name, palette, say, showing_errors, zone, zone_in_words
from dashboard.wording import counted
from storage.queries import LineTile


@st.fragment(run_every="15s")
def page() -> None:
    with showing_errors():
        trends_of_the_line()


def trends_of_the_line() -> None:
    st.html(headline(line_name(), f"times in {zone_in_words()}", "page"))
    tiles = {tile.station: tile for tile in line_data.tiles()}
    if not tiles:
        say(
            "No station has reported yet",
            "The database is there and empty. Trends appear with the first parts.",
        )
        return
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        station = st.segmented_control(
            "Station", list(tiles), default=next(iter(tiles)), required=True, key="station"
        )
    with right, st.container(horizontal_alignment="right"):
        period = choose_period()
    charts(tiles[station], period)


def choose_period() -> str:
    """The period of the URL, else one that suits the line's age when the page was first opened."""
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


def charts(tile: LineTile, period: str) -> None:
    station, now = tile.station, time.time_ns()
    over = window(PERIODS[period], now)
    samples = trends_data.samples(station, over)
    if samples.empty:
        say("No part started in this period", last_part(tile, now))
        return
    over = from_first(over, samples["at"].iloc[0].value)
    parts = int(samples["inspected"].sum() + samples["no_verdict"].sum())
    defect_rate(samples, period, over, now)
    left, right = st.columns(2, gap="medium")
    with left:
        prompts(station, over, parts)
    with right:
        durations(station, over, parts)
    no_verdicts(station, over, parts)


def last_part(tile: LineTile, now_utc_ns: int) -> str:
    """When there was one, for who wonders why there is none now."""
    if tile.last_at_utc_ns is None:
        return "The station has had none yet. Charts appear with its first part."
    at = tile.last_at_utc_ns
    return f"The last one started {ago(at, now_utc_ns)}, at {clock(at, zone(), now_utc_ns)}."


def defect_rate(samples: pd.DataFrame, period: str, over: Window, now_utc_ns: int) -> None:
    table = samples[samples["inspected"] > 0].reset_index(drop=True)
    with card("defect-rate"):
        if table.empty:
            title("Rejected parts over time")
            unknown = counted(int(samples["no_verdict"].sum()), "part")
            return nothing(f"No verdict yet: {unknown} without one, by cause below.")
        table, limits = judged(table)
        parts = counted(int(table["inspected"].sum()), "part")
        title("Rejected parts over time", f"{parts} in samples of {PERIODS[period].sample_name}")
        draw(control_chart(table, limits, *_ends(over), zone_in_words(), palette()))
        text = about(table, limits) if limits else not_yet(table, over, now_utc_ns)
        st.html(f'<p class="quiet">{text}{so_far(table)}</p>')
    return None


def about(table: pd.DataFrame, limits: ControlLimits) -> str:
    """Which chart this is, and what it signals, for who has to act on it."""
    if limits.sigma_z is None:
        kind = "p chart: limits 3 sigma of the binomial from the mean"
    else:
        kind = f"Laney p' chart: samples spread {limits.sigma_z:.2f} times as far as by chance"
    beyond, runs = (int((table["signal"] == signal).sum()) for signal in (BEYOND, RUN))
    signals = f'<span class="mark beyond"></span>{counted(beyond, "sample")} beyond a limit'
    if table.loc[table["whole"], "rejected"].mean() < FEW_REJECTS:
        rest = "With so few rejects in a sample the limits are rough, and runs are not judged"
    else:
        signals += f', <span class="mark run"></span>{runs:,} in a run of 8 or more'
        rest = "Mean and limits: of these samples"
    return f"{kind}. {signals}. {rest}."


def not_yet(table: pd.DataFrame, over: Window, now_utc_ns: int) -> str:
    """From when on there are limits, if the station goes on."""
    missing = SAMPLES_FOR_LIMITS - int(table["whole"].sum())
    at = over.running_utc_ns + missing * over.sample_s * NS
    return (
        f"Mean and limits are drawn from {SAMPLES_FOR_LIMITS} whole samples on: "
        f"at {minute(at, zone(), now_utc_ns)} if parts keep coming."
    )


def so_far(table: pd.DataFrame) -> str:
    if table["whole"].all():
        return ""
    return ' <span class="mark so-far"></span>The running sample so far, not judged.'


def prompts(station: str, over: Window, parts: int) -> None:
    table = trends_data.by_prompt(station, over)
    with card("pareto"):
        title("Pareto by prompt", "parts with counted findings")
        if table.empty:
            return nothing(f"No prompt found anything on {counted(parts, 'part')}.")
        draw(pareto_chart(ranked(table), palette()))
    return None


def durations(station: str, over: Window, parts: int) -> None:
    table = trends_data.durations(station, over)
    with card("latency"):
        title("Capture to PLC", "parts with a verdict")
        if table.empty:
            return nothing(f"No verdict of {counted(parts, 'part')} has reached the PLC yet.")
        marks = {f"p{percent}": trends_data.percentile(table, percent) for percent in (50, 99)}
        deadline = line_data.deadline_ms(line_data.active_releases().get(station))
        draw(latency_chart(binned(table), marks, deadline, palette()))
    return None


def no_verdicts(station: str, over: Window, parts: int) -> None:
    table = trends_data.by_cause(station, over)
    with card("causes"):
        unknown = int(table["parts"].sum())
        title("No verdict by cause", counted(unknown, "part") if unknown else "")
        if table.empty:
            return nothing(f"None: {counted(parts, 'part')}, each with a verdict.")
        draw(causes_chart(table, *_ends(over), zone_in_words(), palette()))
    return None


def card(key: str) -> st.delta_generator.DeltaGenerator:
    return st.container(border=True, key=f"chart-{key}")


def title(text: str, right: str = "") -> None:
    st.html(headline(text, right))


def nothing(text: str) -> None:
    st.html(f'<p class="quiet">{text}</p>')


def draw(chart: Layers) -> None:
    st.altair_chart(chart, width="stretch")


def _ends(over: Window) -> tuple[datetime, datetime]:
    since, until = (at / NS for at in (over.since_utc_ns, over.until_utc_ns))
    return datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC)


page()
