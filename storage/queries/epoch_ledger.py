"""The ledger: it is closed if every part of an epoch has exactly one disposition.

If the PLC's counter jumped, parts that only the PLC counted may be missing without a trace. The
epoch that began then is never closed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from contracts.causes import Cause, Decision
from storage.models import DispositionRow, SequenceRow
from storage.queries.lineage import lineage
from storage.queries.results import LedgerRow

Epoch = tuple[str, int]


@dataclass
class _Count:
    """Counts of one epoch, while its groups are added."""

    lowest: int | None = None
    highest: int | None = None
    decided: dict[Decision, int] = field(default_factory=lambda: defaultdict(int))
    causes: dict[Cause, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, group: Row[str, int, Decision, Cause | None, int, int, int]) -> None:
        _, _, decision, cause, parts, lowest, highest = group
        self.decided[decision] += parts
        if cause is not None:
            self.causes[cause] += parts
        self.lowest = lowest if self.lowest is None else min(self.lowest, lowest)
        self.highest = highest if self.highest is None else max(self.highest, highest)


def ledger(
    session: Session, station: str | None = None, since_utc_ns: int | None = None
) -> list[LedgerRow]:
    """Return each epoch of all stations, or of one, newest epoch first.

    Args:
        since_utc_ns: leave out epochs without a part and without a report of their sequencer since
            then. The others are counted completely.
    """
    counts: dict[Epoch, _Count] = defaultdict(_Count)
    for group in session.execute(_groups(station)):
        counts[group.station, group.epoch].add(group)
    known = {(row.station, row.epoch): row for row in session.scalars(_sequences(station))}
    wanted = _recent(session, station, since_utc_ns) if since_utc_ns is not None else None
    rows = [
        _row(epoch, counts[epoch], known.get(epoch))
        for epoch in set(counts) | set(known)
        if wanted is None or epoch in wanted
    ]
    return sorted(rows, key=lambda row: (row.station, -row.epoch))


def ledger_by_name(session: Session, since_utc_ns: int | None = None) -> dict[str, list[LedgerRow]]:
    """Return the ledger by the stations' names of now, newest epoch first; see ``ledger``.

    A row has the name that the station had. An epoch is called after the millisecond when it began.
    """
    known, found = lineage(session), defaultdict[str, list[LedgerRow]](list)
    for row in sorted(ledger(session, None, since_utc_ns), key=lambda row: -row.epoch):
        found[known.name_of(row.station, row.epoch * 10**6)].append(row)
    return dict(found)


def _row(epoch: Epoch, count: _Count, known: SequenceRow | None) -> LedgerRow:
    ends = [count.lowest, known.first_seq if known else None]
    first = min(end for end in ends if end is not None)
    ends = [count.highest, known.last_seq if known else None]
    last = max(end for end in ends if end is not None)
    triggered = last - first + 1
    missing = triggered - sum(count.decided.values())
    return LedgerRow(
        station=epoch[0],
        epoch=epoch[1],
        first_seq=first,
        last_seq=last,
        triggered=triggered,
        passed=count.decided[Decision.PASS],
        rejected=count.decided[Decision.REJECT],
        no_verdict=dict(count.causes),
        missing=missing,
        known_at_utc_ns=known.known_at_utc_ns if known else None,
        closed=known is not None and missing == 0 and not known.after_jump,
        after_jump=known is not None and known.after_jump,
    )


def _groups(
    station: str | None,
) -> Select[str, int, Decision, Cause | None, int, int, int]:
    of = DispositionRow
    wanted = select(
        of.station,
        of.epoch,
        of.decision,
        of.cause,
        func.count(),
        func.min(of.trigger_seq),
        func.max(of.trigger_seq),
    ).group_by(of.station, of.epoch, of.decision, of.cause)
    return wanted if station is None else wanted.where(of.station == station)


def _sequences(station: str | None) -> Select[SequenceRow]:
    wanted = select(SequenceRow)
    return wanted if station is None else wanted.where(SequenceRow.station == station)


def _recent(session: Session, station: str | None, since_utc_ns: int) -> set[Epoch]:
    """Return the epochs with a part or a report of their sequencer since then."""
    parts = (
        select(DispositionRow.station, DispositionRow.epoch)
        .where(DispositionRow.started_at_utc_ns >= since_utc_ns)
        .distinct()
    )
    reported = select(SequenceRow.station, SequenceRow.epoch).where(
        SequenceRow.known_at_utc_ns >= since_utc_ns
    )
    if station is not None:
        parts = parts.where(DispositionRow.station == station)
        reported = reported.where(SequenceRow.station == station)
    found: Iterable[Sequence[object]] = [*session.execute(parts), *session.execute(reported)]
    return {(str(row[0]), int(str(row[1]))) for row in found}
