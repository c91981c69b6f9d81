"""Charts say what they should: fields, marks, axes with units, the order of rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from dashboard.charts.axes import time_axis
from dashboard.charts.causes_chart import causes_chart
from dashboard.charts.control_chart import (
    BEYOND,
    IN_CONTROL,
    NOT_EVALUATED,
    RUN,
    control_chart,
    find_signals,
)
from dashboard.charts.latency_chart import binned, latency_chart
from dashboard.charts.pareto_chart import pareto_chart, ranked
from dashboard.palette import DARK, LIGHT

SINCE = datetime(2026, 3, 2, 6, tzinfo=UTC)
UNTIL = SINCE + timedelta(hours=8)
ZONE = "Europe/Berlin, CET"


def _samples(rejected: list[int], inspected: int = 100, running: bool = False) -> pd.DataFrame:
    """Whole samples, or the last one still running."""
    at = pd.date_range(SINCE, periods=len(rejected), freq="10min")
    table = pd.DataFrame({"at": at, "inspected": inspected, "rejected": rejected, "whole": True})
    table.loc[len(rejected) - 1, "whole"] = not running
    return table


def _control(samples: pd.DataFrame) -> dict[str, Any]:
    return control_chart(*find_signals(samples), SINCE, UNTIL, ZONE, LIGHT).to_dict()


def _labels(chart: dict[str, Any]) -> list[str]:
    rows = [row for table in chart["datasets"].values() for row in table]
    return [row["label"].split()[0] for row in rows if "label" in row]


def _hollow(chart: dict[str, Any]) -> list[dict[str, Any]]:
    points = [layer for layer in chart["layer"] if layer["mark"]["type"] == "point"]
    return [layer for layer in points if layer["mark"].get("color") == LIGHT.ground]


def _marks(chart: dict[str, Any]) -> list[str]:
    return [layer["mark"]["type"] for layer in chart["layer"]]


def _titles(chart: dict[str, Any], axis: str) -> set[str | None]:
    return {
        layer["encoding"][axis].get("title")
        for layer in chart["layer"]
        if axis in layer["encoding"]
    }


def test_a_sample_beyond_a_limit_outweighs_a_run() -> None:
    table, _ = find_signals(_samples([12] * 4 + [14] * 8 + [13, 50]))
    assert table["signal"].iloc[-1] == BEYOND
    assert table["signal"].iloc[0] == IN_CONTROL
    low = find_signals(_samples([11] * 8 + [15] * 4))[0]["signal"]
    assert low.iloc[7] == RUN


def test_runs_are_not_evaluated_if_most_samples_are_below_the_mean_by_chance() -> None:
    table, limits = find_signals(_samples([0] * 9 + [1, 1]))
    assert limits is not None
    assert set(table["signal"]) == {IN_CONTROL}


def test_the_current_sample_makes_no_limits_and_signals_nothing() -> None:
    whole = [12, 13, 11, 14, 12, 13, 11, 12, 13, 14]
    table, limits = find_signals(_samples([*whole, 100], running=True))
    alone = find_signals(_samples(whole))[1]
    assert limits is not None
    assert alone is not None
    assert limits.centre == alone.centre
    assert table["signal"].iloc[-1] == NOT_EVALUATED
    assert BEYOND not in set(table["signal"])


def test_the_current_sample_is_hollow_and_marked_incomplete() -> None:
    chart = _control(_samples([12] * 10 + [13], running=True))
    (hollow,) = _hollow(chart)
    assert hollow["encoding"]["tooltip"][-1] == {
        "field": "sample",
        "title": "Sample",
        "type": "nominal",
    }
    (row,) = chart["datasets"][hollow["data"]["name"]]
    assert (row["sample"], row["rejected"]) == ("incomplete", 13)
    assert _hollow(_control(_samples([12] * 11))) == []


def test_a_current_sample_above_the_axis_is_a_triangle_and_leaves_the_axis_alone() -> None:
    calm, wild = (_control(_samples([12] * 10 + [last], running=True)) for last in (12, 100))
    tops = [
        {layer["encoding"]["y"]["scale"]["domain"][1] for layer in chart["layer"]}
        for chart in (calm, wild)
    ]
    assert tops[0] == tops[1]
    (hollow,) = _hollow(wild)
    assert hollow["mark"]["shape"] == "triangle-up"
    (row,) = wild["datasets"][hollow["data"]["name"]]
    assert row["drawn"] < row["share"] == 1


def test_too_few_whole_samples_are_points_without_limits() -> None:
    assert find_signals(_samples([2] * 10, running=True))[1] is None
    chart = _control(_samples([2] * 10, running=True))
    assert "area" not in _marks(chart)
    assert _labels(chart) == []
    assert _marks(chart).count("point") == 2
    assert find_signals(_samples([2] * 11, running=True))[1] is not None


def test_the_first_minute_of_a_line_is_one_hollow_point() -> None:
    chart = _control(_samples([2], running=True))
    (hollow,) = _hollow(chart)
    assert hollow["mark"]["shape"] == "circle"


def test_the_control_chart_names_its_axes_and_its_zone() -> None:
    chart = _control(_samples([2, 3, 1, 4, 2, 12, 2, 3, 4, 1]))
    assert _marks(chart).count("point") == 1
    assert _titles(chart, "y") == {"Rejected (% of parts)"}
    drawn = next(layer for layer in chart["layer"] if layer["mark"]["type"] == "point")
    assert drawn["encoding"]["x"]["title"] == f"Time ({ZONE})"
    assert drawn["encoding"]["x"]["scale"]["domain"] == [SINCE.isoformat(), UNTIL.isoformat()]


@pytest.mark.parametrize(("hours", "ticks"), [(1, "%H:%M"), (30, "%a %H:%M"), (168, "%a %d %b")])
def test_ticks_of_a_time_axis_differ(hours: int, ticks: str) -> None:
    drawn: Any = time_axis(UNTIL - timedelta(hours=hours), UNTIL, ZONE).to_dict()
    assert drawn["axis"]["format"] == ticks


def test_signals_differ_in_shape_as_well_as_in_colour() -> None:
    chart = _control(_samples([2] * 12))
    points = next(layer["encoding"] for layer in chart["layer"] if layer["mark"]["type"] == "point")
    of = {channel: points[channel]["scale"] for channel in ("shape", "color")}
    for scale in of.values():
        assert scale["domain"][:3] == [IN_CONTROL, RUN, BEYOND]
        assert len(set(scale["range"][:3])) == 3


def test_a_line_without_rejects_still_has_a_chart() -> None:
    _, limits = find_signals(_samples([0] * 10))
    chart = _control(_samples([0] * 10))
    assert limits is not None
    assert limits.centre == 0
    assert all(layer["encoding"]["y"]["scale"]["domain"][1] > 0 for layer in chart["layer"])


def test_a_limit_that_leaves_the_chart_has_no_name_on_it() -> None:
    table = _samples([1, 2, 1, 2, 1, 2, 1, 2, 1, 0])
    table.loc[9, "inspected"] = 1  # one part: its upper limit is far above all shares
    assert _labels(_control(table)) == ["Mean"]


def test_the_pareto_is_ordered_and_adds_up() -> None:
    table = ranked(pd.DataFrame({"prompt": ["dent", "crack", "stain"], "parts": [2, 5, 3]}))
    assert table["prompt"].tolist() == ["crack", "stain", "dent"]
    assert table["cumulative"].tolist() == pytest.approx([0.5, 0.8, 1.0])
    chart = pareto_chart(table, LIGHT).to_dict()
    rows = chart["layer"][0]["encoding"]["y"]
    assert rows["sort"] == ["0\ncrack (5)", "1\nstain (3)", "2\ndent (2)"]
    assert rows["axis"]["labelOverlap"] is False


def test_causes_are_rows_with_their_totals_most_first() -> None:
    counts = pd.DataFrame(
        {
            "at": pd.to_datetime([SINCE, UNTIL, UNTIL]),
            "since": pd.to_datetime([SINCE, UNTIL, UNTIL]),
            "until": pd.to_datetime([SINCE, UNTIL, UNTIL]),
            "cause": ["Overload", "Overload", "Model error"],
            "parts": [2, 1, 9],
        }
    )
    chart = causes_chart(counts, SINCE, UNTIL, ZONE, DARK).to_dict()
    assert chart["layer"][0]["encoding"]["y"]["sort"] == [
        "0\nModel error (9)",
        "1\nOverload (3)",
    ]


def test_long_prompts_that_begin_alike_stay_two_rows() -> None:
    words = "any scratch, dent or chip on the outer machined surface that a customer could "
    table = ranked(pd.DataFrame({"prompt": [words + "see", words + "feel"], "parts": [4, 4]}))
    rows = pareto_chart(table, LIGHT).to_dict()["layer"][0]["encoding"]["y"]["sort"]
    assert len(set(rows)) == 2
    assert all(row.endswith("… (4)") and row.count("\n") == 2 for row in rows)


def test_bins_keep_every_part_and_grow_by_one_factor() -> None:
    counts = pd.DataFrame({"ms": [0, 1, 40, 41, 90, 700], "parts": [1, 2, 3, 4, 5, 6]})
    table = binned(counts)
    assert table["parts"].sum() == 21
    assert (table["high"] / table["low"]).to_numpy() == pytest.approx(2 ** (1 / 8))
    assert table["low"].min() == 1


def test_the_deadline_is_on_the_latency_chart_even_far_from_all_parts() -> None:
    table = binned(pd.DataFrame({"ms": [40, 50], "parts": [3, 4]}))
    chart = latency_chart(table, {"p50": 50.0, "p99": 51.0}, 800, LIGHT).to_dict()
    low, high = chart["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert low < 40
    assert high > 800
    names = [row["name"] for rows in chart["datasets"].values() for row in rows if "name" in row]
    assert names == ["p50 50 ms", "p99 51 ms", "deadline 800 ms"]


def test_without_a_deadline_the_latency_chart_has_none() -> None:
    table = binned(pd.DataFrame({"ms": [40], "parts": [3]}))
    chart = latency_chart(table, {"p50": 40.0}, None, LIGHT).to_dict()
    assert _marks(chart).count("rule") == 1
