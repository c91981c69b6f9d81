"""Charts say what they should: fields, marks, axes with units, the order of rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from dashboard.charts.causes import causes_chart
from dashboard.charts.control import BEYOND, IN_CONTROL, RUN, control_chart, judged
from dashboard.charts.latency import binned, latency_chart
from dashboard.charts.pareto import pareto_chart, ranked
from dashboard.palette import DARK, LIGHT

SINCE = datetime(2026, 3, 2, 6, tzinfo=UTC)
UNTIL = SINCE + timedelta(hours=8)
ZONE = "Europe/Berlin, CET"


def _samples(rejected: list[int], inspected: int = 100) -> pd.DataFrame:
    at = pd.date_range(SINCE, periods=len(rejected), freq="15min")
    return pd.DataFrame({"at": at, "inspected": inspected, "rejected": rejected})


def _marks(chart: dict[str, Any]) -> list[str]:
    return [layer["mark"]["type"] for layer in chart["layer"]]


def _titles(chart: dict[str, Any], axis: str) -> set[str | None]:
    return {
        layer["encoding"][axis].get("title")
        for layer in chart["layer"]
        if axis in layer["encoding"]
    }


def test_a_sample_beyond_a_limit_outweighs_a_run() -> None:
    table, _ = judged(_samples([2, 2, 2, 2] + [4] * 8 + [3, 40]))
    assert table["signal"].iloc[-1] == BEYOND
    assert table["signal"].iloc[0] == IN_CONTROL
    low = judged(_samples([1] * 8 + [5] * 4))[0]["signal"]
    assert low.iloc[7] == RUN


def test_the_control_chart_names_its_axes_and_its_zone() -> None:
    table, _ = judged(_samples([2, 3, 1, 4, 2, 12]))
    chart = control_chart(table, SINCE, UNTIL, ZONE, LIGHT).to_dict()
    assert _marks(chart).count("point") == 1
    assert _titles(chart, "y") == {"Rejected (% of parts)"}
    drawn = next(layer for layer in chart["layer"] if layer["mark"]["type"] == "point")
    assert drawn["encoding"]["x"]["title"] == f"Time ({ZONE})"
    assert drawn["encoding"]["x"]["scale"]["domain"] == [SINCE.isoformat(), UNTIL.isoformat()]


def test_signals_differ_in_shape_as_well_as_in_colour() -> None:
    table, _ = judged(_samples([2, 3]))
    chart = control_chart(table, SINCE, UNTIL, ZONE, LIGHT).to_dict()
    points = next(layer["encoding"] for layer in chart["layer"] if layer["mark"]["type"] == "point")
    assert len(set(points["shape"]["scale"]["range"])) == 3
    assert len(set(points["color"]["scale"]["range"])) == 3


def test_a_line_without_rejects_still_has_a_chart() -> None:
    table, limits = judged(_samples([0, 0, 0]))
    chart = control_chart(table, SINCE, UNTIL, ZONE, LIGHT).to_dict()
    assert limits.centre == 0
    assert all(layer["encoding"]["y"]["scale"]["domain"][1] > 0 for layer in chart["layer"])


def test_a_limit_that_leaves_the_chart_has_no_name_on_it() -> None:
    table = _samples([1, 2, 1, 0])
    table.loc[3, "inspected"] = 1  # one part: its upper limit is far above all shares
    chart = control_chart(judged(table)[0], SINCE, UNTIL, ZONE, LIGHT).to_dict()
    names = [row["label"] for rows in chart["datasets"].values() for row in rows if "label" in row]
    assert [name.split()[0] for name in names] == ["Mean"]


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
