"""Parts with their decision and the source of their picture."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.identity import PartKey
from storage.models import DispositionRow, VerdictRow
from storage.queries.durations import same_part
from storage.queries.results import DecidedPart

D, V = DispositionRow, VerdictRow


def decided_parts(session: Session, since_utc_ns: int) -> list[DecidedPart]:
    """Return the parts that started since then, ordered by station, epoch and sequence."""
    wanted = (
        select(
            *(D.station, D.epoch, D.trigger_seq, D.part_id),
            *(D.decision, D.cause, D.gate, V.source, D.mode),
        )
        .outerjoin(V, same_part())
        .where(D.started_at_utc_ns >= since_utc_ns)
        .order_by(D.station, D.epoch, D.trigger_seq)
    )
    return [
        DecidedPart(
            part=PartKey(station=row.station, epoch=row.epoch, trigger_seq=row.trigger_seq),
            part_id=row.part_id,
            decision=row.decision,
            gate=row.gate,
            source=row.source or "",
            mode=row.mode,
            cause=row.cause,
        )
        for row in session.execute(wanted)
    ]
