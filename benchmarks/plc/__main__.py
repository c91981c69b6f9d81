"""A long run of the PLC bridge: what must hold, and how long the bridge itself takes.

    python -m benchmarks.plc --parts 10000 --rate 20 --restarts 5

The bridge, Redis, Mosquitto, storage and the simulated PLC are real processes; camera and
inference are scripted: passes and rejects by seed, 2 % late, 1 % lost. Exit code 1 where a promise
does not hold; the page says which.
"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.plc.outcome import Outcome, outcome_of
from benchmarks.plc.page import P99_GOAL_MS, Setting, document, report
from benchmarks.plc.run import Plan, run
from benchmarks.plc.script import Mixture
from benchmarks.plc.share import Share, share_of

EVEN = Mixture(late=0, lost=0, soonest_ms=40, latest_ms=50)
"""Verdicts as far apart as the parts, so that few wait for the PLC, whose time is its own."""
QUICK_SCAN_MS = 4.0


def arguments_of(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.plc",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--parts", type=int, default=10_000, help="with restarts; 0: none of it")
    parser.add_argument("--rate", type=float, default=20.0, help="parts a second of these")
    parser.add_argument("--restarts", type=int, default=5, help="of the bridge, by SIGKILL")
    parser.add_argument("--p99-parts", type=int, default=1500, help="to time; 0: none of it")
    parser.add_argument("--p99-rate", type=float, default=50.0, help="parts a second of these")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures as JSON")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the page, else on stdout")
    parser.add_argument("--folder", type=Path, help="keep logs, journal and database there")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    given = sys.argv[1:] if argv is None else argv
    options = arguments_of(given)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as by Ctrl-C
    with tempfile.TemporaryDirectory(prefix="referee-plc-line-") as scratch:
        setting = measure(options, (options.folder or Path(scratch)).resolve(), given)
    if options.json:
        options.json.write_text(json.dumps(report(setting), indent=2) + "\n", encoding="utf-8")
    page = document(setting)
    if options.out:
        options.out.write_text(page, encoding="utf-8")
    sys.stdout.write(page)
    return 1 if setting.broken else 0


def measure(options: argparse.Namespace, folder: Path, given: list[str]) -> Setting:
    """Both parts of the benchmark."""
    line: tuple[Plan, Outcome] | None = None
    share: tuple[Plan, Share] | None = None
    broken: list[str] = []
    if options.parts:
        plan = Plan(options.parts, options.rate, options.restarts, options.seed)
        line = plan, outcome_of(run(plan, folder / "line"))
        broken += line[1].broken()
    if options.p99_parts:
        plan = Plan(
            options.p99_parts,
            options.p99_rate,
            seed=options.seed,
            jitter=0.1,
            cycle_ms=QUICK_SCAN_MS,
            mixture=EVEN,
        )
        facts = run(plan, folder / "share")
        share = plan, share_of(facts.times)
        broken += outcome_of(facts).broken()
        p99_ms = share[1].own.p99
        if p99_ms is None or p99_ms > P99_GOAL_MS:
            broken.append(f"p99 of the bridge's own share is {p99_ms} ms, over {P99_GOAL_MS:g}")
    command = shlex.join(["python", "-m", "benchmarks.plc", *given])
    return Setting(command, broken, line, share)


if __name__ == "__main__":
    sys.exit(main())
