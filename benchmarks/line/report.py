"""From what was measured to ratios and one JSON object. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.line import memory
from benchmarks.line.memory import MemoryRun
from benchmarks.line.process_usage import SIMULATED
from benchmarks.line.scenario import DEADLINE_MS, FULL, HALF
from benchmarks.line.spread import Spread
from benchmarks.line.stretch import Stretch


@dataclass(frozen=True)
class Measured:
    """One run.

    Attributes:
        network, served: by number of prompts, at the first picture size.
        stretches: by scenario name; ``HALF`` and ``FULL`` are among them.
        torch_loop, paper: None if torch is not installed.
        about: machine, date, versions, settings.
        memory: None if it was not asked for.
    """

    network: Mapping[int, Spread]
    served: Mapping[int, Spread]
    stretches: Mapping[str, Stretch]
    torch_loop: Spread | None
    paper: Spread | None
    about: Mapping[str, Any]
    memory: MemoryRun | None = None


def ratios(measured: Measured) -> dict[str, float]:
    """What the line costs over the bare network, both of the same run."""
    network, half = measured.network[1], measured.stretches[HALF]
    full = measured.stretches[FULL]
    found = {
        "line_vs_network_throughput": full.inspected_a_second / network.a_second,
        "triton_vs_network_throughput": measured.served[1].a_second / network.a_second,
        "capture_to_plc_p50_vs_network_p50": half.to_plc_ms.p50 / network.p50,
        "tail": half.to_plc_ms.tail / network.tail,
    }
    for name in measured.stretches:
        count, _, what = name.partition(" ")
        if what in ("prompts", "stations"):
            other = measured.stretches[name]
            found[f"{what}{count}_vs_1"] = full.inspected_a_second / other.inspected_a_second
    for name, spread in (("torch_loop", measured.torch_loop), ("paper", measured.paper)):
        if spread is not None:
            found[f"line_vs_{name}_throughput"] = full.inspected_a_second / spread.a_second
            found[f"network_vs_{name}_throughput"] = network.a_second / spread.a_second
    return rounded(found, 3)


def rounded(values: Mapping[str, float], digits: int) -> dict[str, float]:
    """In their order."""
    return {name: round(value, digits) for name, value in values.items()}


def memory_mb(stretch: Stretch) -> dict[str, float]:
    """Servers and stages, and the whole of them; simulators apart."""
    own = {name: pss for name, pss in stretch.pss_mb.items() if name not in SIMULATED}
    return rounded({**dict(sorted(own.items())), "total": sum(own.values())}, 1)


def as_json(measured: Measured) -> dict[str, Any]:
    """One object; ratios first."""
    half, full = measured.stretches[HALF], measured.stretches[FULL]
    report: dict[str, Any] = {
        "ratios": ratios(measured),
        "network_ms": measured.network[1].rounded(),
        "triton_ms": measured.served[1].rounded(),
        "capture_to_plc_ms": half.to_plc_ms.rounded(),
        "memory_mb": memory_mb(full),
        "where_time_goes_ms": rounded(half.steps_ms, 3),
        "cpu_ms_per_part": rounded(full.cpu_ms, 2),
        "simulators": list(SIMULATED),
        "network_ms_by_prompts": _by_prompts(measured.network),
        "triton_ms_by_prompts": _by_prompts(measured.served),
        "scenarios": {name: _scenario(each) for name, each in measured.stretches.items()},
    }
    for name, spread in (("torch_loop_ms", measured.torch_loop), ("paper_ms", measured.paper)):
        report[name] = spread.rounded() if spread else "not measured: torch is not installed"
    growth = memory.as_json(measured.memory) if measured.memory else "not measured: --memory-parts"
    return report | {"memory_growth": growth, "about": dict(measured.about)}


def _by_prompts(spreads: Mapping[int, Spread]) -> dict[str, dict[str, float]]:
    return {str(count): spread.rounded() for count, spread in spreads.items()}


def _scenario(stretch: Stretch) -> dict[str, Any]:
    scenario = stretch.scenario
    return {
        "parts": stretch.triggered,
        "stations": scenario.stations,
        "prompts": scenario.prompts,
        "side_px": scenario.side_px,
        "load": scenario.load,
        "inspected": stretch.inspected,
        "no_verdict": dict(stretch.causes),
        "ledger_closed": stretch.is_closed,
        "unanswered": stretch.unanswered,
        "deadline_ms": DEADLINE_MS,
        "inspected_a_second": round(stretch.inspected_a_second, 2),
        "capture_to_plc_ms": stretch.to_plc_ms.rounded(),
        "trigger_to_plc_ms": stretch.from_trigger_ms.rounded(),
        "where_time_goes_ms": rounded(stretch.steps_ms, 3),
        "no_verdict_trigger_to_plc_ms": {
            cause: {"parts": spread.count, **spread.rounded()}
            for cause, spread in stretch.answered_ms.items()
        },
        "own_cpu_ms_per_part": round(stretch.own_cpu_ms, 2),
    }
