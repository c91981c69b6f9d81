"""Ratios, steps and percentiles of `referee bench`, from made-up measurements."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.line.process_usage import Usage, spent_ms
from benchmarks.line.report import Measured, as_json, memory_mb, ratios
from benchmarks.line.scenario import line_of, plan, station_names
from benchmarks.line.spread import Spread
from benchmarks.line.steps import steps
from benchmarks.line.stretch import answered, inspected_parts
from benchmarks.line.targets import targets
from contracts.errors import UserError
from contracts.identity import PartKey
from referee.line.servers.served_network import served_network
from referee.project import MODELS
from storage.queries import PartTimes
from tests.unit.benchmarks.bench_run import a_run


@pytest.fixture
def measured() -> Measured:
    return a_run()


def part_times(
    timings_ms: dict[str, float], *, seq: int = 1, start_to_plc_ms: float | None = 100.0
) -> PartTimes:
    return PartTimes(
        part=PartKey(station="s1", epoch=1, trigger_seq=seq),
        started_at_utc_ns=0,
        start_to_capture_ms=1.0,
        capture_to_decision_ms=96.0,
        capture_to_plc_ms=99.0,
        start_to_plc_ms=start_to_plc_ms,
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
    assert found["network_vs_torch_loop_throughput"] == pytest.approx(200 / 80.8, abs=1e-3)
    assert not any("paper" in name for name in found)


def test_targets_say_how_far_away_they_are(measured: Measured) -> None:
    report = as_json(replace(measured, paper=Spread.of([8000.0])))
    found = {each.name.split(":")[0].split(",")[0]: each for each in targets(report)}
    throughput = found["parts a second"]
    assert (throughput.is_reached, throughput.wanted) == (True, "at least 0.75, aim 0.9")
    assert throughput.verdict == "reached by 0.058 (8%)"
    at_half = found["capture to PLC at half load"]
    assert (at_half.measured, at_half.limit, at_half.is_reached) == (100.0, 125.0, True)
    paper = found["frames a second over a network of the paper's size in torch"]
    assert paper.verdict == "**missed** by 0.99 (1%)"
    assert found["its growth over 10"].verdict == "not measured"
    assert found["parts without any answer at twice the load"].is_reached is None

    twice = replace(measured.stretches["full load"], unanswered=3)
    stretches = {**measured.stretches, "twice the load": twice}
    held = {each.name: each for each in targets(as_json(replace(measured, stretches=stretches)))}
    assert held["parts without any answer at twice the load"].verdict == "**missed** by 3"


def test_simulators_are_nobodys_cost(measured: Measured) -> None:
    full = measured.stretches["full load"]
    assert full.own_cpu_ms == 162.0
    assert memory_mb(full) == {"bridge": 60.0, "triton": 600.0, "total": 660.0}
    report = as_json(measured)
    assert report["simulators"] == ["ingest", "soft-plc"]
    assert report["paper_ms"].startswith("not measured")
    assert report["scenarios"]["full load"]["no_verdict"] == {"overload": 20}


def test_a_refused_part_tells_how_soon_it_was_answered(measured: Measured) -> None:
    shown = [part_times({}, seq=seq, start_to_plc_ms=float(seq)) for seq in range(1, 11)]
    silent = part_times({}, seq=11, start_to_plc_ms=None)
    refused = {one.part: "overload" for one in shown[:4]} | {silent.part: "overload"}
    refused |= {shown[9].part: "missed_capture"}
    found = answered([*shown, silent], refused)
    assert (found["overload"].count, found["overload"].largest) == (4, 4.0)
    assert found["missed_capture"].p50 == 10.0

    told = as_json(measured)["scenarios"]["full load"]
    assert told["no_verdict_trigger_to_plc_ms"]["overload"]["parts"] == 2
    assert (told["unanswered"], told["deadline_ms"]) == (0, 1000)


def test_a_reject_that_the_registers_never_showed_was_not_inspected() -> None:
    shown, refused = part_times({}), part_times({}, seq=2)
    silent = part_times({}, seq=3, start_to_plc_ms=None)
    assert inspected_parts([shown, refused, silent], {refused.part: "overload"}) == [shown]


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
    assert list(prompts[0].limits) == ["any"]
    assert all(prompt.limits["largest_count"].root == 1000 for prompt in prompts[1:])


def test_the_plan_tries_no_more_than_asked() -> None:
    compared, others = plan(60, (512,), stations=1, prompts=4)
    assert [scenario.name for scenario in compared] == ["half load", "full load"]
    assert [scenario.name for scenario in others] == ["4 prompts", "twice the load"]
    _, whole = plan(60, (512, 1024), stations=8, prompts=16)
    assert {"16 prompts", "8 stations", "half load, 1024 px"} <= {one.name for one in whole}


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
    with pytest.raises(UserError, match="REFEREE_MODELS"):
        served_network()
    (folder / "1" / "model.json").write_text('{"max_side_px": 320, "size_multiple": 64}')
    (folder / "1" / "model.onnx").write_bytes(b"another")
    served = served_network()
    assert tuple(served) == (folder / "1", "dqformer", 3, ("A", "B"), 320, 64)
    assert served.digest != shipped.digest
    monkeypatch.setenv("REFEREE_MODEL_THREADS", "1")
    assert served_network().threads == 1
