"""What a run left behind: the script's word, the ledger in SQL, the PLC's report, the restarts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.plc.script import Said
from contracts.causes import Cause, Decision, Mode
from contracts.identity import PartKey
from simulation.gate_check import LedgerPart
from storage.models import DispositionRow
from storage.queries import LedgerRow, PartTimes


class Disposed(NamedTuple):
    """One part as the ledger has it."""

    part: PartKey
    part_id: int
    decision: Decision
    cause: Cause | None
    mode: Mode
    late_verdict_id: str | None
    started_at_utc_ns: int

    @property
    def as_ledger_part(self) -> LedgerPart:
        """For the gate's check."""
        key = self.part
        return LedgerPart(key.epoch, key.trigger_seq, self.part_id, self.decision, self.mode)


class Outage(NamedTuple):
    """The bridge was killed, and served again."""

    killed_utc_ns: int
    back_utc_ns: int


class Facts(NamedTuple):
    """All of one run."""

    said: Mapping[str, Said]
    ledger: Sequence[LedgerRow]
    disposed: Sequence[Disposed]
    times: Sequence[PartTimes]
    report: Mapping[str, Any]
    outages: Sequence[Outage]
    gate_way_ms: int


def disposed_parts(session: Session) -> list[Disposed]:
    """Every disposition."""
    return [
        Disposed(
            part=PartKey(station=row.station, epoch=row.epoch, trigger_seq=row.trigger_seq),
            part_id=row.part_id,
            decision=row.decision,
            cause=row.cause,
            mode=row.mode,
            late_verdict_id=row.late_verdict_id,
            started_at_utc_ns=row.started_at_utc_ns,
        )
        for row in session.scalars(select(DispositionRow))
    ]
