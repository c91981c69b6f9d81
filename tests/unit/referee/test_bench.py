"""Ratios, steps and percentiles of `referee bench`, from made-up measurements."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from contracts.errors import BadSettings
from contracts.identity import PartKey
from referee.bench.processes import Usage, spent_ms
from referee.bench.report import Measured, as_json, memory_mb, ratios
from referee.bench.scenario import Scenario, line_of, plan, station_names
from referee.bench.served import served_network
from referee.bench.spread import Spread
from referee.bench.steps import steps
from referee.bench.stretch import Stretch
from referee.servers.triton import MODELS
from storage.queries import PartTimes


def stretch(name: str, a_second: float, to_plc_ms: list[float]) -> Stretch:
    return Stretch(
        scenario=Scenario(name, 1.3, 100),
        triggered=100,
        inspected=80,
        causes={"overload": 20},
        inspected_a_second=a_second,
        to_plc_ms=Spread.of(to_plc_ms),
        answered_ms=Spread.of([3.0]),
        steps_ms={"capture": 1.0, "network": 80.0},
        cpu_ms={"triton": 160.0, "bridge": 2.0, "ingest": 9.0, "soft-plc": 5.0},
        pss_mb={"triton": 600.0, "bridge": 60.0, "ingest": 90.0, "soft-plc": 50.0},
        is_closed=True,
    )


@pytest.fixture
def measured() -> Measured:
    return Measured(
        network={1: Spread.of([80.0] * 99 + [160.0]), 16: Spread.of([120.0])},
        served={1: Spread.of([84.0])},
        stretches={
            "half load": stretch("half load", 6.0, [100.0] * 99 + [300.0]),
            "full load": stretch("full load", 10.0, [150.0]),
            "16 prompts": stretch("16 prompts", 8.0, [150.0]),
            "8 stations": stretch("8 stations", 9.5, [150.0]),
        },
        torch_loop=Spread.of([200.0]),
        paper=None,
        about={"date": "2026-01-01"},
    )


def part_times(timings_ms: dict[str, float]) -> PartTimes:
    return PartTimes(
        part=PartKey(station="s1", epoch=1, trigger_seq=1),
        started_at_utc_ns=0,
        start_to_capture_ms=1.0,
        capture_to_decision_ms=96.0,
        capture_to_plc_ms=99.0,
        start_to_plc_ms=100.0,
        verdict_to_plc_ms=2.0,
        plc_to_acknowledge_ms=1.0,
        timings_ms=timings_ms,
    )


def test_percentiles_are_nearest_rank() -> None:
    spread = Spread.of([float(value) for value in range(1, 101)])
    assert (spread.p50, spread.p95, spread.p99, spread.count) == (50, 95, 99, 100)
    assert spread.a_second == pytest.approx(1e3 / 50.5)
    with pytest.raises(ValueError, match="nothing was measured"):
        Spread.of([])


def test_ratios_are_of_one_run(measured: Measured) -> None:
    found = ratios(measured)
    assert found["line_vs_network_throughput"] == pytest.approx(10 / (1e3 / 80.8), abs=1e-3)
    assert found["capture_to_plc_p50_vs_network_p50"] == 1.25
    assert found["tail"] == pytest.approx((100 / 100) / (80 / 80), abs=1e-3)
    assert found["prompts16_vs_1"] == 1.25
    assert found["stations8_vs_1"] == pytest.approx(10 / 9.5, abs=1e-3)
    assert found["line_vs_torch_loop_throughput"] == 2.0
    assert not any("paper" in name for name in found)


def test_simulators_are_nobodys_cost(measured: Measured) -> None:
    full = measured.stretches["full load"]
    assert full.own_cpu_ms == 162.0
    assert memory_mb(full) == {"bridge": 60.0, "triton": 600.0, "total": 660.0}
    report = as_json(measured)
    assert report["simulators"] == ["ingest", "soft-plc"]
    assert report["paper_ms"].startswith("not measured")
    assert report["scenarios"]["full load"]["no_verdict"] == {"overload": 20}


def test_steps_add_up_to_the_whole() -> None:
    timings = {
        "capture": 1.0,
        "queue": 2.0,
        "decode": 3.0,
        "words": 0.5,
        "network": 80.0,
        "model": 90.0,
        "findings": 4.0,
        "total": 97.0,
    }
    part = part_times(timings_ms=timings)
    slower = replace(part, start_to_plc_ms=110.0, verdict_to_plc_ms=8.0)
    found = steps([part, slower])
    assert sum(found.values()) == pytest.approx(105.0)
    assert found["to and from the model"] == pytest.approx(6.5)
    assert found["bridge"] == pytest.approx(5.0)
    assert found["rules, journal and broker"] == pytest.approx(3.0)
    assert list(found)[:2] == ["capture", "encode and queue"]
    assert steps([]) == {}


def test_rules_stand_alone_where_inference_tells_them() -> None:
    found = steps([part_times(timings_ms={"masks": 1.0, "rules": 0.5, "total": 80.0})])
    assert found == {
        "masks": 1.0,
        "rules": 0.5,
        "journal and broker": pytest.approx(96.5),
        "bridge": 2.0,
    }


def test_processor_time_is_what_was_spent_between_two_looks() -> None:
    before, after = {"bridge": Usage(100.0, 50.0)}, {"bridge": Usage(130.0, 51.0)}
    assert spent_ms(before, after) == {"bridge": 30.0}


def test_a_line_shares_its_load_among_the_stations(tmp_path: Path) -> None:
    line = line_of(4, 16, tmp_path, 20.0)
    assert list(line.stations) == station_names(4)
    assert line.soft_plc is not None
    assert line.soft_plc.parts_per_s == 5.0
    prompts = line.stations["s1"].prompts
    assert len(prompts) == 16
    assert prompts[0].largest_count != 1000
    assert all(prompt.largest_count == 1000 for prompt in prompts[1:])


def test_the_plan_tries_no_more_than_asked() -> None:
    names = [scenario.name for scenario in plan(60, (512,), stations=1, prompts=4)]
    assert names == ["half load", "full load", "4 prompts", "twice the load"]
    whole = [scenario.name for scenario in plan(60, (512, 1024), stations=8, prompts=16)]
    assert {"16 prompts", "8 stations", "half load, 1024 px"} <= set(whole)


def test_the_bare_network_is_the_one_that_the_line_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MODELS", "MODEL_THREADS", "MODEL_PROVIDERS"):
        monkeypatch.delenv(f"REFEREE_{name}", raising=False)
    shipped = served_network()
    assert shipped.file == MODELS / "dqformer" / "1" / "model.onnx"
    assert shipped.providers[-1] == "CPUExecutionProvider"

    folder = tmp_path / "dqformer"
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(
        'name: "dqformer" parameters: { key: "threads" value: { string_value: "3" } }'
        'parameters: { key: "providers" value: { string_value: "A,B" } }'
    )
    monkeypatch.setenv("REFEREE_MODELS", str(tmp_path))
    with pytest.raises(BadSettings, match="REFEREE_MODELS"):
        served_network()
    (folder / "1" / "model.json").write_text('{"max_side_px": 320, "size_multiple": 64}')
    (folder / "1" / "model.onnx").write_bytes(b"another")
    served = served_network()
    assert served == (tmp_path, 3, ("A", "B"), 320, 64)
    assert served.digest != shipped.digest
    monkeypatch.setenv("REFEREE_MODEL_THREADS", "1")
    assert served_network().threads == 1
