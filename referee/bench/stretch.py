"""One scenario on a running line: what its parts took, and what the processes spent on them."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console

from contracts.causes import Cause, Decision
from contracts.errors import LinkDown
from contracts.line import LineFile
from referee.belt import REPORT, run_belt
from referee.bench.processes import SIMULATED, spent_ms, usages
from referee.bench.scenario import Scenario
from referee.bench.spread import Spread
from referee.bench.steps import given, steps
from referee.facts import settled_facts
from referee.line import RunningLine
from referee.rundir import database_url
from referee.signing import signed, this_user
from storage.queries import PartTimes, latencies, open_sessions

RELEASE_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Stretch:
    """What a scenario came to.

    Attributes:
        triggered, inspected, late: parts; inspected ones have a pass or a reject.
        causes: of the others.
        inspected_a_second: between the first and the last that was presented.
        to_plc_ms: of inspected parts, capture to registers.
        answered_ms: of the others, trigger to registers; None without any.
        steps_ms: mean of each step of an inspected part, trigger to registers; they add up.
        cpu_ms: a triggered part, by process.
        pss_mb: at the end, by process.
        is_closed: every part has its one disposition.
    """

    scenario: Scenario
    triggered: int
    inspected: int
    causes: Mapping[str, int]
    inspected_a_second: float
    to_plc_ms: Spread
    answered_ms: Spread | None
    steps_ms: Mapping[str, float]
    cpu_ms: Mapping[str, float]
    pss_mb: Mapping[str, float]
    is_closed: bool

    @property
    def own_cpu_ms(self) -> float:
        """A part, of servers and stages, simulators apart."""
        return sum(ms for name, ms in self.cpu_ms.items() if name not in SIMULATED)


def measure(line: LineFile, scenario: Scenario, running: RunningLine, console: Console) -> Stretch:
    """Run a scenario's parts through a line that is up.

    Raises:
        LinkDown: its releases do not come into force, or the soft PLC ended early.
    """
    assert line.soft_plc is not None
    running.watch.publish(signed(line.releases(), this_user(), f"bench: {scenario.name}"))
    _await_releases(line, running)
    pids = {each.name: each.pid for each in running.supervisor.processes()}
    before, since_utc_ns = usages(pids), time.time_ns()
    each = max(1, round(scenario.parts / len(line.stations)))
    restarts = run_belt(line, line.soft_plc, running, each, console)
    after = usages(pids)
    if restarts:
        raise LinkDown("the line", f"processes died while it was measured: {dict(restarts)}")
    facts = settled_facts(line, running, restarts, since_utc_ns)
    with open_sessions(database_url(running.run_dir))() as session:
        times = latencies(session, since_utc_ns=since_utc_ns, limit=len(facts.parts))
    report = json.loads((running.run_dir / REPORT).read_text())
    triggered = sum(unit["triggered"] for unit in report["units"].values())
    decided = {one.part: one.decision for one in facts.parts}
    inspected = [t for t in times if decided.get(t.part) in (Decision.PASS, Decision.REJECT)]
    others = [t for t in times if decided.get(t.part) is Decision.NO_VERDICT]
    causes: Counter[Cause] = Counter()
    for row in facts.ledger:
        causes.update(row.no_verdict)
    return Stretch(
        scenario=scenario,
        triggered=triggered,
        inspected=len(inspected),
        causes={str(cause): count for cause, count in causes.items()},
        inspected_a_second=_a_second(inspected),
        to_plc_ms=Spread.of([given(t.capture_to_plc_ms) for t in inspected]),
        answered_ms=_answered(others),
        steps_ms=steps(inspected),
        cpu_ms={name: ms / triggered for name, ms in spent_ms(before, after).items()},
        pss_mb={name: usage.pss_mb for name, usage in after.items()},
        is_closed=all(row.closed for row in facts.ledger) and len(decided) == triggered,
    )


def _answered(others: Sequence[PartTimes]) -> Spread | None:
    """Of those that were shown: a trigger that was missed has nothing to show."""
    shown_ms = [t.start_to_plc_ms for t in others if t.start_to_plc_ms is not None]
    return Spread.of(shown_ms) if shown_ms else None


def _a_second(parts: Sequence[PartTimes]) -> float:
    shown_ns = [part.started_at_utc_ns + given(part.start_to_plc_ms) * 1e6 for part in parts]
    if len(shown_ns) < 2:
        return 0.0
    return (len(shown_ns) - 1) / ((max(shown_ns) - min(shown_ns)) / 1e9)


def _await_releases(line: LineFile, running: RunningLine) -> None:
    wanted = {release.station: release.release_id for release in line.releases()}
    deadline = time.monotonic() + RELEASE_TIMEOUT_S
    while True:
        states = running.watch.states
        if (
            all(
                wanted.items() <= states[name].releases.items()
                for name in ("bridge", "inference", "ingest")
                if name in states
            )
            and not running.watch.reasons_to_wait()
        ):
            return
        if time.monotonic() > deadline:
            raise LinkDown("the line", "a release did not come into force")
        running.watch.follow(0.2)
