"""Verdicts and dispositions into their tables: the first one stands, however often they come."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from contracts.errors import PoisonError
from contracts.messages import Disposition, Verdict
from storage.columns import (
    disposition_columns,
    finding_columns,
    part_columns,
    verdict_columns,
)
from storage.insert import insert_all, insert_or_nothing
from storage.models import DispositionRow, FindingRow, VerdictRow

D = DispositionRow
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


class Contradiction(PoisonError):
    """A disposition that says otherwise than the one that is stored for the same part."""


def record_verdict(session: Session, verdict: Verdict, now_utc_ns: int) -> bool:
    """Whether it was new. A part's first verdict stands; another one changes nothing."""
    columns = {**verdict_columns(verdict), "stored_at_utc_ns": now_utc_ns}
    key = insert_or_nothing(session, VerdictRow, columns)
    if key is None:
        return False
    findings = [finding_columns(f, key[0], place) for place, f in enumerate(verdict.findings)]
    if findings:
        insert_all(session, FindingRow, findings)
    return True


def record_disposition(session: Session, disposition: Disposition, now_utc_ns: int) -> bool:
    """Whether it said anything new: a part's first disposition, or a later revision of it.

    A later revision adds what was not known: the gate, the acknowledgement, a late verdict.

    Raises:
        Contradiction: the stored one decided otherwise. It stays.
    """
    columns = {**disposition_columns(disposition), "stored_at_utc_ns": now_utc_ns}
    if insert_or_nothing(session, D, columns) is not None:
        return True
    stored = _stored(session, disposition)
    _hold_against(stored, columns)
    if disposition.revision <= stored.revision:
        return False
    session.execute(update(D).where(D.id == stored.id).values(**_additions(disposition, columns)))
    return True


def _stored(session: Session, disposition: Disposition) -> DispositionRow:
    identity = part_columns(disposition.part)
    wanted = select(D).filter_by(**identity).execution_options(populate_existing=True)
    return session.scalars(wanted).one()


def _hold_against(stored: DispositionRow, columns: dict[str, Any]) -> None:
    for name in NEVER_CHANGES:
        if getattr(stored, name) != columns[name]:
            part = f"{stored.station}/{stored.epoch}/{stored.trigger_seq}"
            raise Contradiction(
                f"{part}: {name} is stored as {getattr(stored, name)}, not {columns[name]}"
            )


def _additions(disposition: Disposition, columns: dict[str, Any]) -> dict[str, Any]:
    later = {name: columns[name] for name in MAY_COME_LATER if columns[name] is not None}
    return {"revision": disposition.revision, "gate": disposition.gate, **later}
