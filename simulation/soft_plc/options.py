"""The command line of the simulated PLC: reads it, and writes it for the process that starts it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from contracts.line import SoftPlc
from simulation.soft_plc.belt import Belt, BeltPlan
from simulation.soft_plc.drive import Drive, DrivePlan
from simulation.soft_plc.gate import GatePlan, RejectGate
from simulation.soft_plc.program import PowerUp, Program


def parsed(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the parsed command line. Exits with a message if it is not valid."""
    parser = argparse.ArgumentParser(
        prog="python -m simulation.soft_plc",
        description="A simulated PLC for lines that have none.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address of the bridge")
    parser.add_argument("--port", type=int, default=5020, help="Modbus port of the bridge")
    parser.add_argument(
        "--unit",
        type=int,
        action="append",
        required=True,
        help="Modbus unit id of a station; repeat the option for more",
    )
    parser.add_argument(
        "--parts-per-s", type=_above_0, default=2.0, help="parts per second at each unit"
    )
    parser.add_argument(
        "--gate-after-ms",
        type=int,
        action="append",
        help="time from trigger to gate at full speed, once or for each unit; 1200 if not given",
    )
    parser.add_argument(
        "--jitter",
        type=float,
        default=0.1,
        help="spread of the spacing between parts, as a share of it",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of spacing, speed and stops")
    parser.add_argument(
        "--parts", type=int, help="number of parts at each unit; endless if not given"
    )
    parser.add_argument("--cycle-ms", type=float, default=8.0, help="scan time of the PLC")
    parser.add_argument(
        "--report",
        type=Path,
        required=True,
        help="JSON file with the report, replaced every second",
    )
    _add_bench(parser)
    options = parser.parse_args(argv)
    ways = options.gate_after_ms or [1200]
    if len(ways) not in (1, len(options.unit)):
        parser.error("--gate-after-ms is given once, or once for each --unit")
    if (options.speed_change_every_s is not None) != (options.least_speed < 1):
        parser.error("--speed-change-every-s and a --least-speed below 1 go together")
    options.gate_after_ms = ways if len(ways) > 1 else ways * len(options.unit)
    return options


def _add_bench(parser: argparse.ArgumentParser) -> None:
    belt = parser.add_argument_group(
        "belt", "average times on the belt's own clock; never if not given"
    )
    belt.add_argument("--speed-change-every-s", type=_above_0)
    belt.add_argument("--least-speed", type=_share, default=1.0, help="as a share of full speed")
    belt.add_argument("--stop-every-s", type=_above_0)
    belt.add_argument("--stop-for-s", type=_above_0, default=2.0)
    faults = parser.add_argument_group("faults", "parts are counted from 1 over the whole run")
    faults.add_argument(
        "--low-air-at",
        type=_number,
        action="append",
        default=[],
        help="number of a part; repeat the option for more",
    )
    faults.add_argument(
        "--restart-at",
        type=_number,
        action="append",
        default=[],
        help="number of a part; repeat the option for more",
    )
    faults.add_argument(
        "--boot-ms", type=_number, default=1000, help="how long the PLC is away when it starts anew"
    )
    faults.add_argument(
        "--retentive", action="store_true", help="its counter goes on when it starts anew"
    )
    faults.add_argument(
        "--bin-holds",
        type=_number,
        help="number of parts after which the bin is full and the belt stops",
    )
    faults.add_argument("--bin-emptied-after-s", type=_above_0, default=5.0)


def programs(options: argparse.Namespace, boot_id: int) -> dict[int, Program]:
    """Return the program of each unit, each with its own belt and gate."""
    drive = DrivePlan(
        options.speed_change_every_s, options.least_speed, options.stop_every_s, options.stop_for_s
    )
    power_up = PowerUp(options.boot_ms, options.retentive)
    gate = GatePlan(frozenset(options.low_air_at), options.bin_holds, options.bin_emptied_after_s)
    made = {}
    for number, (unit, way_ms) in enumerate(zip(options.unit, options.gate_after_ms, strict=True)):
        seed = options.seed + number
        plan = BeltPlan(options.parts_per_s, way_ms, options.jitter, seed, options.parts)
        belt = Belt(plan, boot_id)
        gate_of = RejectGate(gate)
        made[unit] = Program(belt, Drive(drive, seed), gate_of, options.restart_at, power_up)
    return made


def written(plc: SoftPlc, unit_ways_ms: dict[int, int]) -> list[str]:
    """Return the command line for a line file's section; ``unit_ways_ms``: way to each gate."""
    argv = []
    for unit, way_ms in unit_ways_ms.items():
        argv += ["--unit", str(unit), "--gate-after-ms", str(way_ms)]
    argv += ["--parts-per-s", str(plc.parts_per_s), "--jitter", str(plc.jitter)]
    argv += ["--seed", str(plc.seed), "--cycle-ms", str(plc.cycle_ms)]
    for name, value in (plc.belt.model_dump() | plc.faults.model_dump()).items():
        given = value if isinstance(value, tuple) else (value,)
        for one in given:
            if one is not None:
                argv += [f"--{name.replace('_', '-')}", str(one)]
    return argv


def _above_0(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def _share(text: str) -> float:
    number = _above_0(text)
    if number > 1:
        raise argparse.ArgumentTypeError(f"{text} is more than the whole")
    return number


def _number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: parts are counted from 1")
    return number
