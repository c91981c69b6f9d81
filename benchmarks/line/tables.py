"""What was measured, for people at a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from benchmarks.line.memory import MemoryRun, slopes
from benchmarks.line.process_usage import SIMULATED
from benchmarks.line.report import Measured, as_json, memory_mb, ratios
from benchmarks.line.scenario import DEADLINE_MS, FULL, HALF
from benchmarks.line.spread import Spread
from benchmarks.line.stretch import Stretch
from benchmarks.line.targets import targets
from runtime.process.console import Table


def tables(measured: Measured) -> Iterator[Table | str]:
    """Yield the tables: ratios, times, steps of a part, and the cost of each process."""
    about = measured.about
    yield ", ".join(f"{name} {value}" for name, value in about.items())
    yield _two_columns("Ratios, all of this run", ratios(measured))
    yield _targets(measured)
    yield _spreads(measured)
    half, full = measured.stretches[HALF], measured.stretches[FULL]
    steps = {**half.steps_ms, "trigger to registers": sum(half.steps_ms.values())}
    yield _two_columns("Where a part's time goes at half load, mean ms", steps)
    yield _costs(full)
    yield _scenarios(measured)
    yield _refused(measured)
    if measured.memory is not None:
        yield _growth(measured.memory)


def _two_columns(title: str, values: Mapping[str, float]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in values.items():
        table.add_row(name.replace("_", " "), f"{value:.3f}")
    return table


def _targets(measured: Measured) -> Table:
    table = Table("must hold", "limit", "measured", "", title="Targets", title_justify="left")
    for each in targets(as_json(measured)):
        measured_text = "-" if each.measured is None else f"{each.measured:.4g}"
        table.add_row(each.name, each.wanted, measured_text, each.verdict.replace("*", ""))
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
        label = f"{name} (simulated)" if name in SIMULATED else name
        pss_mb = stretch.pss_mb.get(name)
        table.add_row(label, f"{ms:.1f}", "-" if pss_mb is None else f"{pss_mb:.0f}")
    table.add_row(
        "servers and stages", f"{stretch.own_cpu_ms:.1f}", f"{memory_mb(stretch)['total']:.0f}"
    )
    return table


def _scenarios(measured: Measured) -> Table:
    columns = ("scenario", "parts", "inspected", "no verdict", "unanswered", "inspected a second")
    table = Table(*columns, "capture to PLC p50", "p99", title="Scenarios", title_justify="left")
    for name, each in measured.stretches.items():
        causes = ", ".join(f"{cause} {count}" for cause, count in each.causes.items())
        times = (f"{ms:.1f}" for ms in (each.to_plc_ms.p50, each.to_plc_ms.p99))
        counts = (str(each.triggered), str(each.inspected), causes or "-", str(each.unanswered))
        table.add_row(name, *counts, f"{each.inspected_a_second:.2f}", *times)
    return table


def _refused(measured: Measured) -> Table:
    table = Table(
        *("scenario", "cause", "parts", "p50", "p99", "largest"),
        title=f"Parts without a verdict, ms from trigger to registers, deadline {DEADLINE_MS}",
        title_justify="left",
    )
    for name, each in measured.stretches.items():
        for cause, spread in each.answered_ms.items():
            times = (f"{ms:.1f}" for ms in (spread.p50, spread.p99, spread.largest))
            table.add_row(name, cause, str(spread.count), *times)
    return table


def _growth(run: MemoryRun) -> Table:
    title = f"Memory over {run.samples[-1].parts} parts, MB per 10,000 parts"
    table = Table("", "slope", "95 % interval", title=title, title_justify="left")
    for name, slope in slopes(run.samples).items():
        table.add_row(name, f"{slope.mb:+.2f}", f"{slope.low:+.2f} to {slope.high:+.2f}")
    for name, end in run.redis.items():
        streams = ", ".join(f"{stream} {length}" for stream, length in sorted(end.streams.items()))
        text = f"at most {end.largest_mb:.1f} of {end.bound_mb:.0f} MB, {end.keys} keys; {streams}"
        table.add_row(name, "", text)
    return table
