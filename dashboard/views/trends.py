"""How a station's parts have been: rate, prompts, causes, durations."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from dashboard.charts.axes import Layers
from dashboard.charts.causes import causes_chart
from dashboard.charts.control import BEYOND, RUN, control_chart, judged
from dashboard.charts.control_limits import ControlLimits
from dashboard.charts.latency import binned, latency_chart
from dashboard.charts.pareto import pareto_chart, ranked
from dashboard.components.html import headline
from dashboard.data import live, trends
from dashboard.data.trends import PERIODS, Window
from dashboard.frame import calmly, line_name, palette, say, zone_in_words
from dashboard.wording import counted

FEW_REJECTS = 5
"""Mean rejects a sample below which 3 sigma of a binomial is a poor bound."""


@st.fragment(run_every="15s")
def page() -> None:
    with calmly():
        trends_of_the_line()


def trends_of_the_line() -> None:
    st.html(headline(line_name(), f"times in {zone_in_words()}", "page"))
    stations = [tile.station for tile in live.tiles()]
    if not stations:
        say(
            "No station has reported yet",
            "The database is there and empty. Trends appear with the first parts.",
        )
        return
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        station = st.segmented_control(
            "Station", stations, default=stations[0], required=True, key="station"
        )
    with right, st.container(horizontal_alignment="right"):
        period = st.segmented_control(
            "Period",
            list(PERIODS),
            default="8 hours",
            required=True,
            key="period",
            bind="query-params",
        )
    charts(station, period)


def charts(station: str, period: str) -> None:
    over = trends.window(PERIODS[period])
    defect_rate(station, period, over)
    left, right = st.columns(2, gap="medium")
    with left:
        prompts(station, over)
    with right:
        durations(station, over)
    no_verdicts(station, over)


def defect_rate(station: str, period: str, over: Window) -> None:
    table = trends.samples(station, over)
    table = table[table["inspected"] > 0].reset_index(drop=True)
    with card("defect-rate"):
        if table.empty:
            title("Rejected parts over time")
            return nothing("No part got a verdict in this period.")
        table, limits = judged(table)
        parts = counted(int(table["inspected"].sum()), "part")
        title("Rejected parts over time", f"{parts} in samples of {PERIODS[period].sample_name}")
        draw(control_chart(table, *_ends(over), zone_in_words(), palette()))
        mean_rejects = table["rejected"].mean()
        beyond, runs = ((table["signal"] == signal).sum() for signal in (BEYOND, RUN))
        st.html(f'<p class="quiet">{about(limits, beyond, runs, mean_rejects)}</p>')
    return None


def about(limits: ControlLimits, beyond: int, runs: int, mean_rejects: float) -> str:
    """Which chart this is, and what it signals, for who has to act on it."""
    if limits.sigma_z is None:
        kind = "p chart: limits 3 sigma of the binomial from the mean"
    else:
        kind = f"Laney p' chart: samples spread {limits.sigma_z:.2f} times as far as by chance"
    signals = (
        f'<span class="mark beyond"></span>{counted(beyond, "sample")} beyond a limit, '
        f'<span class="mark run"></span>{runs:,} in a run of 8 or more'
    )
    few = (
        " With so few rejects in a sample the limits are rough."
        if mean_rejects < FEW_REJECTS
        else ""
    )
    return f"{kind}. {signals}. Mean and limits: of these samples.{few}"


def prompts(station: str, over: Window) -> None:
    table = trends.by_prompt(station, over)
    with card("pareto"):
        title("Pareto by prompt", "parts with counted findings")
        if table.empty:
            return nothing("No prompt found anything in this period.")
        draw(pareto_chart(ranked(table), palette()))
    return None


def durations(station: str, over: Window) -> None:
    table = trends.durations(station, over)
    with card("latency"):
        title("Capture to PLC", "parts with a verdict")
        if table.empty:
            return nothing("No duration was measured in this period.")
        marks = {f"p{percent}": trends.percentile(table, percent) for percent in (50, 99)}
        deadline = live.deadline_ms(live.active_releases().get(station))
        draw(latency_chart(binned(table), marks, deadline, palette()))
    return None


def no_verdicts(station: str, over: Window) -> None:
    table = trends.by_cause(station, over)
    with card("causes"):
        parts = int(table["parts"].sum())
        title("No verdict by cause", counted(parts, "part") if parts else "")
        if table.empty:
            return nothing("No part of this period is without a verdict.")
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
    since, until = (at / trends.NS for at in (over.since_utc_ns, over.until_utc_ns))
    return datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC)


page()
