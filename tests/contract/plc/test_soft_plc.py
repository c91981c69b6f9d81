"""The soft PLC against the bridge, each in its own process, over TCP, MQTT and Redis."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from contracts.causes import Cause, Decision, Gate
from contracts.messages import Trigger
from simulation.gate_check import LedgerPart, check_gate, gate_parts
from tests.contract.plc.plc_line import PlcLine, plc_line, release
from tests.waiting import PATIENCE_S

PARTS = 100
LATE_S = 1.5


@pytest.fixture
def line(tmp_path: Path):
    with plc_line(tmp_path, ["top"]) as surroundings:
        surroundings.configure(release("top"))
        yield surroundings


def mixed(trigger: Trigger, rng: random.Random) -> tuple[Decision, float] | None:
    """A quarter rejects, a few too late, a few never; 0.15 s keeps a few parts open at 20/s."""
    draw = rng.random()
    if draw < 0.02:
        return None
    if draw < 0.05:
        return Decision.PASS, LATE_S
    return (Decision.REJECT if draw < 0.25 else Decision.PASS), 0.15


def wait_for_ledger(line: PlcLine, parts: int, timeout_s: float = PATIENCE_S) -> None:
    until = time.monotonic() + timeout_s
    while len(line.ledger) < parts:
        assert time.monotonic() < until, f"{len(line.ledger)} of {parts}\n{line.logs()}"
        time.sleep(0.05)


def wait_for_triggers(line: PlcLine, parts: int, timeout_s: float = 30) -> None:
    until = time.monotonic() + timeout_s
    while not line.report_path.exists() or line.report()["triggered"] < parts:
        assert time.monotonic() < until, line.logs()
        time.sleep(0.02)


def checked(line: PlcLine):
    ledger = [
        LedgerPart(d.part.epoch, d.part.trigger_seq, d.part_id, d.decision, d.mode)
        for d in line.ledger.values()
    ]
    return check_gate(ledger, gate_parts(line.report()))


def assert_closed(line: PlcLine, parts: int) -> None:
    sequences = sorted(d.part.trigger_seq for d in line.ledger.values())
    assert sequences == list(range(1, parts + 1))
    assert all(len(decisions) == 1 for decisions in line.decisions_seen.values())


def test_a_run_without_faults_agrees_part_by_part(line):
    line.decide = lambda trigger, rng: (
        Decision.REJECT if rng.random() < 0.25 else Decision.PASS,
        0.03,
    )
    line.configure(release("top", deadline_ms=2500))  # a machine under load is no fault
    line.start_bridge()
    plc = line.start_soft_plc(
        "--parts", str(PARTS), "--parts-per-s", "20", "--gate-after-ms", "3000"
    )
    assert plc.wait(PATIENCE_S) == 0, line.logs()
    wait_for_ledger(line, PARTS)
    assert_closed(line, PARTS)
    answered = {key: verdict.decision for key, verdict in line.answers.items()}
    assert {key: d.decision for key, d in line.ledger.items()} == answered
    check = checked(line)
    assert (check.wrong_pass, check.over_rejected, check.unmatched) == (0, 0, 0), line.logs()
    assert check.ejected == sum(d is Decision.REJECT for d in answered.values())


def test_late_and_lost_verdicts_are_rejects_and_late_ones_are_recorded(line):
    line.decide = mixed
    line.configure(release("top", deadline_ms=1000))
    line.start_bridge()
    plc = line.start_soft_plc(
        "--parts", str(PARTS), "--parts-per-s", "25", "--gate-after-ms", "1300"
    )
    assert plc.wait(PATIENCE_S) == 0, line.logs()
    wait_for_ledger(line, PARTS)
    assert_closed(line, PARTS)
    assert checked(line).wrong_pass == 0
    expired = [d for d in line.ledger.values() if d.decision is Decision.NO_VERDICT]
    assert {d.cause for d in expired} <= {Cause.EXPIRED, Cause.UNACKNOWLEDGED}
    late = [d for d in line.ledger.values() if d.late_verdict_id is not None]
    assert late
    assert all(d.decision is Decision.NO_VERDICT for d in late)
    assert all(d.late_verdict_id == line.answers[str(d.part)].verdict_id for d in late)


def test_bridge_killed_twice_closes_the_ledger_with_no_wrong_pass(line):
    line.decide = mixed
    line.start_bridge()
    plc = line.start_soft_plc(
        "--parts", str(PARTS), "--parts-per-s", "20", "--gate-after-ms", "600"
    )
    for passed_camera in (20, 50):
        wait_for_triggers(line, passed_camera)
        line.end_bridge(signal.SIGKILL)
        time.sleep(0.3)
        line.start_bridge()
    assert plc.wait(PATIENCE_S) == 0, line.logs()
    wait_for_ledger(line, PARTS)
    assert_closed(line, PARTS)
    check = checked(line)
    assert (check.wrong_pass, check.unmatched) == (0, 0), line.logs()
    causes = {d.cause for d in line.ledger.values()}
    assert Cause.BRIDGE_RESTART in causes
    assert Cause.MISSED_TRIGGER in causes


def test_broker_and_frames_redis_die_and_each_part_says_so(line):
    line.decide = lambda trigger, rng: (Decision.PASS, 0.02)
    line.start_bridge()
    plc = line.start_soft_plc(
        "--parts", str(PARTS), "--parts-per-s", "20", "--gate-after-ms", "700"
    )
    wait_for_triggers(line, 20)
    line.broker.kill9()
    time.sleep(1.0)
    line.broker.start()
    assert line.link.wait_connected(PATIENCE_S)
    line.configure(release("top"))  # what the broker forgot, its publishers say again
    for process in ("ingest", "inference"):
        line.serve(process)
    wait_for_triggers(line, 60)
    line.frames.kill9()
    time.sleep(1.0)
    line.frames.start()
    assert plc.wait(PATIENCE_S) == 0, line.logs()
    wait_for_ledger(line, PARTS)
    assert_closed(line, PARTS)
    check = checked(line)
    assert (check.wrong_pass, check.unmatched) == (0, 0)
    causes = {d.cause for d in line.ledger.values()}
    assert {Cause.BROKER_LOST, Cause.MISSED_CAPTURE} <= causes
    assert sum(d.decision is Decision.PASS for d in line.ledger.values()) > PARTS / 4


def test_a_plc_that_restarts_starts_an_epoch_and_both_close(line):
    line.decide = lambda trigger, rng: (Decision.PASS, 0.02)
    line.start_bridge()
    first = line.start_soft_plc("--parts-per-s", "20", "--gate-after-ms", "600")
    wait_for_triggers(line, 20)
    first.kill()
    first.wait()
    time.sleep(1.1)  # boot ids are made of seconds
    second = line.start_soft_plc("--parts", "20", "--parts-per-s", "20", "--gate-after-ms", "600")
    assert second.wait(PATIENCE_S) == 0, line.logs()
    until = time.monotonic() + 10
    while len({d.part.epoch for d in line.ledger.values()}) < 2 or checked(line).unmatched:
        assert time.monotonic() < until, line.logs()
        time.sleep(0.05)
    assert checked(line).wrong_pass == 0
    newest = max(d.part.epoch for d in line.ledger.values())
    parts = [d.part.trigger_seq for d in line.ledger.values() if d.part.epoch == newest]
    assert sorted(parts) == list(range(1, 21))


def test_another_unit_id_takes_another_start_of_the_bridge(line):
    line.configure(release("top", plc_unit=2, deadline_ms=2500))
    line.start_bridge()
    wait_for_release(line)
    line.configure(release("top", plc_unit=1, deadline_ms=2500))
    assert line.bridge_ended() == 1
    line.start_bridge()  # as the supervisor does
    plc = line.start_soft_plc("--parts", "5", "--parts-per-s", "20", "--gate-after-ms", "3000")
    assert plc.wait(PATIENCE_S) == 0, line.logs()
    wait_for_ledger(line, 5)
    assert_closed(line, 5)


def wait_for_release(line: PlcLine, timeout_s: float = PATIENCE_S) -> None:
    until = time.monotonic() + timeout_s
    while line.state is None or not line.state.releases:
        assert time.monotonic() < until, line.logs()
        time.sleep(0.05)


def test_a_gate_without_air_a_full_bin_and_a_plc_that_starts_anew_end_as_they_must(line):
    line.decide = lambda trigger, rng: (
        Decision.REJECT if trigger.part.trigger_seq % 3 == 0 else Decision.PASS,
        0.03,
    )
    line.start_bridge()
    plc = line.start_soft_plc(
        *("--parts", "60", "--parts-per-s", "20", "--gate-after-ms", "700"),
        *("--low-air-at", "9", "--bin-holds", "8", "--bin-emptied-after-s", "0.5"),
        *("--restart-at", "45", "--stop-every-s", "1", "--stop-for-s", "0.3"),
    )
    codes: set[str] = set()
    until_s = time.monotonic() + 60
    while plc.poll() is None:
        assert time.monotonic() < until_s, line.logs()
        codes |= {each.code for each in line.state.troubles.values()} if line.state else set()
        time.sleep(0.05)
    wait_for_ledger(line, 60)
    assert "unconfirmed_reject" in codes
    report, check = line.report(), checked(line)
    assert (check.wrong_pass, check.not_moved, check.unmatched) == (1, 1, 0)
    first, second = sorted({d.part.epoch for d in line.ledger.values()})
    by_seq = {(d.part.epoch, d.part.trigger_seq): d for d in line.ledger.values()}
    assert by_seq[first, 9].gate is Gate.LOW_AIR
    assert (report["restarts"], report["triggered"], report["passed"]) == (1, 60, check.passed)
    counted = [sum(d.part.epoch == e for d in line.ledger.values()) for e in (first, second)]
    assert counted[0] >= 45
    assert sum(counted) == 60
    assert report["bin_full"] > 0
    assert report["belt_stops"] > 0
