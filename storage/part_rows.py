"""Writes verdicts and dispositions. The first one of a part stands, however often they arrive."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import Session

from contracts.errors import PoisonError
from contracts.messages import Disposition, Verdict
from storage.base import Base
from storage.columns import (
    disposition_columns,
    finding_columns,
    part_columns,
    verdict_columns,
)
from storage.insert import insert_all, insert_or_nothing
from storage.models import DispositionRow, FindingRow, VerdictRow

D = Base.metadata.tables[DispositionRow.__tablename__]
NEVER_CHANGES = ("part_id", "challenge", "decision", "cause", "mode", "started_at_utc_ns")
MAY_COME_LATER = (
    "verdict_id",
    "late_verdict_id",
    "late_decision",
    *(
        f"{moment}_{clock}"
        for moment in ("verdict_arrived_at", "presented_at", "acknowledged_at")
        for clock in ("utc_ns", "monotonic_ns", "boot")
    ),
)

STORED = select(D.c.id, D.c.revision, *(D.c[name] for name in NEVER_CHANGES)).where(
    *(D.c[name] == bindparam(name) for name in ("station", "epoch", "trigger_seq"))
)
"""Reads what is stored of a part. Built once, which halves the time of an execution."""
ADD = update(D).where(D.c.id == bindparam("stored_id"))


class Contradiction(PoisonError):
    """A disposition that contradicts the stored one of the same part."""


def record_verdict(session: Session, verdict: Verdict, now_utc_ns: int) -> bool:
    """Store a verdict and return whether it was new. A part's first verdict stands."""
    columns = {**verdict_columns(verdict), "stored_at_utc_ns": now_utc_ns}
    key = insert_or_nothing(session, VerdictRow, columns)
    if key is None:
        return False
    findings = [finding_columns(f, key[0], place) for place, f in enumerate(verdict.findings)]
    if findings:
        insert_all(session, FindingRow, findings)
    return True


def record_disposition(session: Session, disposition: Disposition, now_utc_ns: int) -> bool:
    """Store a disposition, or what a later revision adds, and return whether anything was new.

    A later revision adds the gate, the acknowledgement or a late verdict.

    Raises:
        Contradiction: the stored one differs in what never changes. It stays.
    """
    columns = {**disposition_columns(disposition), "stored_at_utc_ns": now_utc_ns}
    if insert_or_nothing(session, DispositionRow, columns) is not None:
        return True
    stored = session.execute(STORED, part_columns(disposition.part)).one()
    _check_unchanged(stored, columns)
    if disposition.revision <= stored.revision:
        return False
    session.execute(ADD, {"stored_id": stored.id, **_additions(disposition, columns)})
    return True


def _check_unchanged(stored: Row[Any], columns: dict[str, Any]) -> None:
    for name in NEVER_CHANGES:
        if getattr(stored, name) != columns[name]:
            part = "{station}/{epoch}/{trigger_seq}".format_map(columns)
            raise Contradiction(
                f"{part}: {name} is stored as {getattr(stored, name)}, not {columns[name]}"
            )


def _additions(disposition: Disposition, columns: dict[str, Any]) -> dict[str, Any]:
    later = {name: columns[name] for name in MAY_COME_LATER if columns[name] is not None}
    return {"revision": disposition.revision, "gate": disposition.gate, **later}
