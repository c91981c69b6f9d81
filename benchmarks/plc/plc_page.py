"""docs/plc_benchmark.md and the JSON: what a run came to, on what, by which command."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, NamedTuple

from benchmarks import machine
from benchmarks.plc.outcome import Outcome, as_dict
from benchmarks.plc.plc_run import Plan
from benchmarks.plc.share import Quantiles, Share

PACKAGES = ("pymodbus", "paho-mqtt", "redis", "SQLAlchemy")
P99_GOAL_MS = 5.0

SCRIPTED = """\
Real: the bridge (`python -m plc`) with its journal, Redis, Mosquitto, the storage sink with SQLite,
Modbus TCP, and the simulated PLC as a process of its own. Scripted, and no claim about cameras or
networks: what stands in their place reads the triggers and sends verdicts by a seeded script."""


class Setting(NamedTuple):
    """How the page came about."""

    command: str
    broken: Sequence[str]
    line: tuple[Plan, Outcome] | None = None
    share: tuple[Plan, Share] | None = None


def report(setting: Setting) -> dict[str, Any]:
    """One JSON object."""
    values: dict[str, Any] = {
        "command": setting.command,
        "date": _today(),
        "machine": machine.processor(),
        "versions": _versions(),
        "broken": list(setting.broken),
    }
    if setting.line is not None:
        plan, outcome = setting.line
        values["line"] = {"plan": _plan(plan), "outcome": as_dict(outcome)}
    if setting.share is not None:
        plan, share = setting.share
        halves = {name: half._asdict() for name, half in share._asdict().items()}
        values["share"] = {"plan": _plan(plan), **halves}
    return values


def document(setting: Setting) -> str:
    """The page."""
    parts = [
        "# The PLC bridge over a long run",
        measured_on(),
        f"    {setting.command}",
        SCRIPTED,
        verdict(setting.broken),
    ]
    if setting.line is not None:
        parts.append(_line(*setting.line))
    if setting.share is not None:
        parts.append(_share(*setting.share))
    return "\n\n".join(parts) + "\n"


def measured_on() -> str:
    """Return when this is measured, on what, with what."""
    return f"Measured {_today()} on {machine.processor()}; {_versions()}."


def verdict(broken: Sequence[str]) -> str:
    """Return what does not hold, or that all holds."""
    if not broken:
        return "All that must hold, holds."
    return "\n".join(["**This does not hold:**", "", *(f"- {one}" for one in broken)])


def _line(plan: Plan, outcome: Outcome) -> str:
    mixture = plan.mixture
    rows = [
        ("parts that the PLC triggered", outcome.triggered_by_plc),
        ("dispositions in the ledger", outcome.triggered),
        ("missing in the ledger", outcome.missing),
        ("script", told(outcome.fates)),
        ("ledger", told(outcome.decisions)),
        ("no_verdict by cause", told(outcome.no_verdict)),
        ("through the gate", outcome.passed),
        ("ejected", outcome.ejected),
        ("**wrong_pass**: through without a pass of their own in time", outcome.wrong_pass),
        ("through, and no pass in the ledger", outcome.unlike_ledger),
        ("late passes sent", outcome.late),
        ("late passes recorded (`late_verdict_id`)", outcome.late_recorded),
        ("late passes applied", outcome.late_applied),
        ("over_rejected: ejected with a pass in time, by cause", told(outcome.over_rejected)),
        ("over_rejected outside restarts", outcome.over_rejected_outside),
        ("restarts of the bridge, by SIGKILL", outcome.restarts),
    ]
    head = (
        f"## Restarts, late and lost verdicts\n\n{plan.parts} parts at {plan.parts_per_s:g} a "
        f"second, spacing spread by {plan.jitter:.0%}, deadline {plan.deadline_ms} ms, gate after "
        f"{plan.gate_way_ms} ms, seed {plan.seed}. Script: {mixture.late:.0%} late passes, "
        f"{mixture.lost:.0%} lost, of the rest {mixture.reject:.0%} rejects; verdicts "
        f"{mixture.soonest_ms:g} to {mixture.latest_ms:g} ms after the trigger, late ones up to "
        f"{mixture.late_by_ms:g} ms after the deadline."
    )
    return head + "\n\n" + table(("", "parts"), rows)


def _share(plan: Plan, share: Share) -> str:
    head = (
        f"## The bridge's own share\n\nFrom the verdict's arrival off the wire to the registers "
        f"set, the journal's flush included (`verdict_to_plc_ms` in storage): {plan.parts} parts "
        f"at {plan.parts_per_s:g} a second, no restarts, no verdict late, each "
        f"{plan.mixture.soonest_ms:g} to {plan.mixture.latest_ms:g} ms after its trigger, a PLC "
        f"that scans every {plan.cycle_ms:g} ms. The registers show one result at a time: a "
        "verdict that arrives before the PLC has acknowledged the one before waits for the PLC, "
        "and the bridge's own share begins when it has. Goal: p99 of the own share at most "
        f"{P99_GOAL_MS:g} ms."
    )
    rows = [
        ("the bridge's own share", *_cells(share.own)),
        ("with the wait for the PLC", *_cells(share.whole)),
    ]
    return head + "\n\n" + table(("", "parts", "p50 ms", "p95 ms", "p99 ms"), rows)


def _cells(half: Quantiles) -> list[str]:
    return [str(half.parts), *(f"{ms:.2f}" if ms is not None else "–" for ms in half[1:])]


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def told(counts: Mapping[str, int]) -> str:
    """Return counts by name, in words."""
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "0"


def _plan(plan: Plan) -> dict[str, Any]:
    return plan._asdict() | {"gate_way_ms": plan.gate_way_ms, "mixture": plan.mixture._asdict()}


def _versions() -> str:
    packages = [f"{name} {version(name)}" for name in PACKAGES]
    return ", ".join([f"Python {platform.python_version()}", *packages])


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
