"""One scenario on a running line: what its parts took, and what the processes spent on them."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.line.process_usage import SIMULATED, Usage, ended_children_ms, spent_ms, usages
from benchmarks.line.scenario import Scenario
from benchmarks.line.spread import Spread
from benchmarks.line.steps import stamped, steps
from contracts.errors import Unavailable
from contracts.identity import PartKey
from contracts.line import LineFile
from referee.account.facts import settled_facts
from referee.account.summary import RunFacts
from referee.line.belt import run_belt
from referee.line.programs import SOFT_PLC
from referee.line.running_line import RunningLine
from referee.line.signing import signed, this_user
from runtime.process.console import Console
from storage.queries import PartTimes, latencies, open_sessions

RELEASE_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Stretch:
    """What a scenario came to.

    Attributes:
        triggered, inspected: parts; inspected ones have a pass or a reject on the registers.
        causes: of the others.
        inspected_a_second: between the first and the last that was presented.
        to_plc_ms: of inspected parts, capture to registers.
        from_trigger_ms: of inspected parts, trigger to registers.
        answered_ms: of the others by cause, trigger to registers.
        unanswered: parts for which the registers never showed anything.
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
    from_trigger_ms: Spread
    answered_ms: Mapping[str, Spread]
    unanswered: int
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
        Unavailable: its releases do not come into force, the soft PLC ended early, or no part was
            inspected.
    """
    assert line.soft_plc is not None
    running.watch.publish(signed(line.releases(), this_user(), f"bench: {scenario.name}"))
    _await_releases(line, running)
    pids = {each.name: each.pid for each in running.supervisor.processes()}
    before, since_utc_ns, children_ms = usages(pids), time.time_ns(), ended_children_ms()
    each = max(1, round(scenario.parts / len(line.stations)))
    restarts = run_belt(line, line.soft_plc, running, each, console)
    after, belt_ms = usages(pids), ended_children_ms() - children_ms
    if restarts:
        raise Unavailable("the line", f"processes died while it was measured: {dict(restarts)}")
    facts = settled_facts(line, running, restarts, since_utc_ns)
    with open_sessions(running.folder.database_url)() as session:
        times = latencies(session, since_utc_ns=since_utc_ns, limit=len(facts.parts))
    spent = spent_ms(before, after) | {SOFT_PLC: belt_ms}
    return _stretch(scenario, facts, times, spent, after)


def _stretch(
    scenario: Scenario,
    facts: RunFacts,
    times: Sequence[PartTimes],
    spent: Mapping[str, float],
    after: Mapping[str, Usage],
) -> Stretch:
    triggered = sum(unit["triggered"] for unit in facts.report["units"].values())
    refused = {one.part: str(one.cause) for one in facts.parts if one.cause}
    causes = Counter(refused.values())
    inspected = inspected_parts(times, refused)
    if not inspected:
        reason = f"{scenario.name}: none of {triggered} parts was inspected: {dict(causes)}"
        raise Unavailable("the line", reason)
    return Stretch(
        scenario=scenario,
        triggered=triggered,
        inspected=len(inspected),
        causes=causes,
        inspected_a_second=_a_second(inspected),
        to_plc_ms=Spread.of([stamped(one.capture_to_plc_ms) for one in inspected]),
        from_trigger_ms=Spread.of([stamped(one.start_to_plc_ms) for one in inspected]),
        answered_ms=answered(times, refused),
        unanswered=triggered - sum(one.start_to_plc_ms is not None for one in times),
        steps_ms=steps(inspected),
        cpu_ms={name: ms / triggered for name, ms in spent.items()},
        pss_mb={name: usage.pss_mb for name, usage in after.items()},
        is_closed=all(row.closed for row in facts.ledger) and len(facts.parts) == triggered,
    )


def inspected_parts(times: Sequence[PartTimes], refused: Mapping[PartKey, str]) -> list[PartTimes]:
    """Those with a pass or a reject that the registers showed. A reject that waited too long behind
    others is in the ledger, but the PLC never saw it: it counts as unanswered."""
    return [one for one in times if one.part not in refused and one.start_to_plc_ms is not None]


def answered(times: Sequence[PartTimes], refused: Mapping[PartKey, str]) -> dict[str, Spread]:
    """Trigger to registers of refused parts by cause; one that was not shown has nothing to tell.

    Args:
        refused: the cause of each part without a verdict.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for one in times:
        if one.part in refused and one.start_to_plc_ms is not None:
            found[refused[one.part]].append(one.start_to_plc_ms)
    return {cause: Spread.of(taken_ms) for cause, taken_ms in sorted(found.items())}


def _a_second(parts: Sequence[PartTimes]) -> float:
    shown_ns = [part.started_at_utc_ns + stamped(part.start_to_plc_ms) * 1e6 for part in parts]
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
            raise Unavailable("the line", "a release did not come into force")
        running.watch.follow(0.2)
