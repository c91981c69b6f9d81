"""A station's deadline: from the line file, from its gate, and as the last run met it."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.gate_timing import GateTiming, format_ms
from contracts.line import Station
from referee.account.last_run import LastRun
from runtime.process.console import Table

Rows = Iterator[tuple[str, str]]


def deadline_table(station: Station, last: LastRun | None) -> Table:
    """Return a table of every term, in milliseconds."""
    table = Table("deadline", "ms", show_edge=False)
    table.columns[1].justify = "right"
    for name, value in (*_gate(station), *_deadline(station), *_measured(station, last)):
        table.add_row(name, value)
    return table


def warning(station: Station, last: LastRun | None) -> str | None:
    """Return why parts lack time, judged by the last run; None if they have enough."""
    if last is None:
        return None
    if last.p99_ms is None:
        return f"{last.too_late} of {last.parts} parts of the last run had no answer in time"
    if _room_ms(station, last.p99_ms) > 0:
        return None
    needed = f"p99 of the last run is {format_ms(last.p99_ms)} ms"
    if station.gate is not None:
        needed += f", acknowledging takes up to {format_ms(station.gate.acknowledging_ms)} ms more"
    return f"{needed}: this leaves no time before the deadline of {station.deadline_ms} ms"


def _room_ms(station: Station, p99_ms: float) -> float:
    acknowledging_ms = station.gate.acknowledging_ms if station.gate else 0
    return float(station.deadline_ms - acknowledging_ms) - p99_ms


def _gate(station: Station) -> Rows:
    gate = station.gate
    if gate is None:
        yield "the gate allows", "not known: `gate` is missing"
        return
    way, speed = gate.distance_from_trigger_mm, gate.greatest_belt_speed_mm_per_s
    yield f"to the gate, {way:g} mm at {speed:g} mm/s", format_ms(gate.travel_ms)
    yield from ((f"less {name}", value) for name, value in _reserved(gate))
    yield "the gate allows", str(gate.deadline_ms)


def _reserved(gate: GateTiming) -> Rows:
    yield "actuator", f"{gate.actuator_ms:g}"
    yield f"2 PLC scans of {gate.plc_scan_ms:g}", f"{2 * gate.plc_scan_ms:g}"
    yield f"2 polls of {gate.plc_poll_ms:g}", f"{2 * gate.plc_poll_ms:g}"
    yield "margin", f"{gate.margin_ms:g}"


def _deadline(station: Station) -> Rows:
    yield "given in the line file", str(station.deadline_ms) if station.deadline_given else "none"
    if not station.deadline_given:
        yield "in force", str(station.deadline_ms)


def _measured(station: Station, last: LastRun | None) -> Rows:
    if last is None:
        yield "last run, trigger to registers, p99", "not known"
        return
    of = f"{last.parts} parts until {last.until:%Y-%m-%d %H:%M} UTC"
    too_late = f", {last.too_late} too late" if last.too_late else ""
    p99 = "too late" if last.p99_ms is None else format_ms(last.p99_ms)
    yield f"last run, trigger to registers, p99 ({of}{too_late})", p99
    if station.gate is not None:
        yield "acknowledging: 2 polls and a scan", format_ms(station.gate.acknowledging_ms)
    if last.p99_ms is not None:
        yield "room", format_ms(_room_ms(station, last.p99_ms))
