"""docs/plc_power_cycles.md: what the power cycles came to, on what, by which command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.plc.plc_page import measured_on, table, told, verdict
from benchmarks.plc.power_benchmark import PowerRun, broken
from benchmarks.plc.power_run import LONGEST_OFF_S, LONGEST_PAUSE_S

ABOUT = """\
Real: the bridge (`python -m plc`) with its journal, Redis, Mosquitto, the storage sink with SQLite,
and a simulated PLC that is a Modbus TCP client in a process of its own. Camera and inference are a
seeded script.

The power of one or both is cut again and again while parts go over the belt: the bridge by SIGKILL,
the PLC by making it forget everything but its belt. At half of the PLC's cuts nobody closes its
connection, as after a real one. If both are cut, the second is cut while the first is not back. The
seed says what is cut and when. Then each disposition is compared with what the PLC counted under
the boot id of its epoch, and each part at the gate with the verdict that the script sent."""


def document(runs: Sequence[PowerRun], command: str) -> str:
    """Return the page."""
    parts = [
        "# Power cycles of bridge and PLC",
        measured_on(),
        f"    {command}",
        ABOUT,
        verdict(broken(runs)),
        _plans(runs),
        table(("", *(run.name for run in runs)), _rows(runs)),
        _words(),
    ]
    return "\n\n".join(parts) + "\n"


def _plans(runs: Sequence[PowerRun]) -> str:
    plan = runs[0].plan
    return (
        f"{plan.parts_per_s:g} parts a second, deadline {plan.deadline_ms} ms, gate after "
        f"{plan.gate_way_ms} ms, guard mode, seed {plan.seed}. The PLC is off for {plan.boot_ms} "
        f"ms, the bridge for up to {LONGEST_OFF_S:g} s and its start; the next cut comes after "
        f"up to {LONGEST_PAUSE_S:g} s."
    )


def _rows(runs: Sequence[PowerRun]) -> list[tuple[object, ...]]:
    of = [run.outcome for run in runs]
    return [
        ("power cycles", *(sum(each.cuts.values()) for each in of)),
        ("of what, in which order", *(_counts(each.cuts) for each in of)),
        ("parts that the PLC counted", *(each.counted for each in of)),
        ("dispositions in the ledger", *(each.in_ledger for each in of)),
        ("epochs", *(each.epochs for each in of)),
        ("ledger", *(told(each.decisions) for each in of)),
        ("no_verdict by cause", *(told(each.causes) for each in of)),
        ("through the gate", *(each.passed for each in of)),
        ("ejected", *(each.ejected for each in of)),
        ("**phantom parts**", *(each.phantoms for each in of)),
        ("**wrong passes**", *(each.wrong_pass for each in of)),
        ("through, and no pass in the ledger", *(each.unlike_ledger for each in of)),
        ("parts in two epochs", *(each.in_two_epochs for each in of)),
        ("holes", *(each.holes for each in of)),
        ("missing in the ledger", *(each.missing for each in of)),
        ("counted, and forgotten before they were on disk", *(each.unrecorded for each in of)),
    ]


def _words() -> str:
    return (
        "A phantom part is a disposition of a part that the PLC did not count under that boot id. "
        "A hole is a part between the first and the last of a boot without a disposition. A part "
        "that was counted and forgotten is in no ledger; it was ejected, for no slot knew it."
    )


def _counts(counts: Mapping[str, int]) -> str:
    return "; ".join(f"{count} x {name}" for name, count in sorted(counts.items()))
