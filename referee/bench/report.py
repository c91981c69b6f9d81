"""From what was measured to ratios, one JSON object and tables. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from referee.bench.processes import SIMULATED
from referee.bench.spread import Spread
from referee.bench.stretch import Stretch

HALF, FULL, TWICE = "half load", "full load", "twice the load"


@dataclass(frozen=True)
class Measured:
    """One run.

    Attributes:
        network, served: by number of prompts, at the first picture size.
        stretches: by scenario name; ``HALF`` and ``FULL`` are among them.
        torch_loop, paper: None where torch is not installed.
        about: machine, date, versions, settings.
    """

    network: Mapping[int, Spread]
    served: Mapping[int, Spread]
    stretches: Mapping[str, Stretch]
    torch_loop: Spread | None
    paper: Spread | None
    about: Mapping[str, Any]


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
    return {name: round(value, 3) for name, value in found.items()}


def memory_mb(stretch: Stretch) -> dict[str, float]:
    """Servers and stages, and the whole of them; simulators apart."""
    own = {name: pss for name, pss in stretch.pss_mb.items() if name not in SIMULATED}
    rounded = {name: round(pss, 1) for name, pss in sorted(own.items())}
    return {**rounded, "total": round(sum(own.values()), 1)}


def as_json(measured: Measured) -> dict[str, Any]:
    """One object; ratios first."""
    half, full = measured.stretches[HALF], measured.stretches[FULL]
    report: dict[str, Any] = {
        "ratios": ratios(measured),
        "network_ms": measured.network[1].rounded(),
        "triton_ms": measured.served[1].rounded(),
        "capture_to_plc_ms": half.to_plc_ms.rounded(),
        "memory_mb": memory_mb(full),
        "where_time_goes_ms": {name: round(ms, 3) for name, ms in half.steps_ms.items()},
        "cpu_ms_per_part": {name: round(ms, 2) for name, ms in sorted(full.cpu_ms.items())},
        "simulators": list(SIMULATED),
        "network_ms_by_prompts": {
            str(count): spread.rounded() for count, spread in measured.network.items()
        },
        "scenarios": {name: _scenario(each) for name, each in measured.stretches.items()},
    }
    for name, spread in (("torch_loop_ms", measured.torch_loop), ("paper_ms", measured.paper)):
        report[name] = spread.rounded() if spread else "not measured: torch is not installed"
    return report | {"about": dict(measured.about)}


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
        "inspected_a_second": round(stretch.inspected_a_second, 2),
        "capture_to_plc_ms": stretch.to_plc_ms.rounded(),
        "no_verdict_trigger_to_plc_ms": (
            stretch.answered_ms.rounded() if stretch.answered_ms else None
        ),
        "own_cpu_ms_per_part": round(stretch.own_cpu_ms, 2),
    }


def tables(measured: Measured) -> Iterator[Table | str]:
    """Ratios, times, where they go, what each process costs."""
    about = measured.about
    yield ", ".join(f"{name} {value}" for name, value in about.items())
    yield _two_columns("Ratios, all of this run", ratios(measured))
    yield _spreads(measured)
    half, full = measured.stretches[HALF], measured.stretches[FULL]
    steps = {**half.steps_ms, "trigger to registers": sum(half.steps_ms.values())}
    yield _two_columns("Where a part's time goes at half load, mean ms", steps)
    yield _costs(full)
    yield _scenarios(measured)


def _two_columns(title: str, values: Mapping[str, float]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in values.items():
        table.add_row(name.replace("_", " "), f"{value:.3f}")
    return table


def _spreads(measured: Measured) -> Table:
    table = Table("", "p50", "p95", "p99", "a second", title="Milliseconds", title_justify="left")
    rows: list[tuple[str, Spread | None]]
    rows = [(f"bare network, {n} prompt(s)", spread) for n, spread in measured.network.items()]
    rows += [(f"through Triton, {n} prompt(s)", spread) for n, spread in measured.served.items()]
    rows += [("cv2 and torch, a loop", measured.torch_loop), ("paper", measured.paper)]
    for name, spread in rows:
        if spread is not None:
            times = (f"{ms:.1f}" for ms in (spread.p50, spread.p95, spread.p99))
            table.add_row(name, *times, f"{spread.a_second:.2f}")
    return table


def _costs(stretch: Stretch) -> Table:
    table = Table("process", "CPU ms a part", "MB", title="At full load", title_justify="left")
    for name, ms in sorted(stretch.cpu_ms.items(), key=lambda item: -item[1]):
        told = f"{name} (simulated)" if name in SIMULATED else name
        table.add_row(told, f"{ms:.1f}", f"{stretch.pss_mb[name]:.0f}")
    table.add_row(
        "servers and stages", f"{stretch.own_cpu_ms:.1f}", f"{memory_mb(stretch)['total']:.0f}"
    )
    return table


def _scenarios(measured: Measured) -> Table:
    columns = ("scenario", "parts", "inspected", "no verdict", "inspected a second")
    table = Table(*columns, "capture to PLC p50", "p99", title="Scenarios", title_justify="left")
    for name, each in measured.stretches.items():
        causes = ", ".join(f"{cause} {count}" for cause, count in each.causes.items())
        times = (f"{ms:.1f}" for ms in (each.to_plc_ms.p50, each.to_plc_ms.p99))
        counts = (str(each.triggered), str(each.inspected), causes or "-")
        table.add_row(name, *counts, f"{each.inspected_a_second:.2f}", *times)
    return table
