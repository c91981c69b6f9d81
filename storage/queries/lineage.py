"""A station under its names: what it was called before belongs to it, as its releases say.

A release that names the station's name before (``renamed_from``) takes over all that the other name
has at that moment. If that name is used for a new station later, its new parts are its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, String, and_, case, false, or_, select, type_coerce
from sqlalchemy.orm import Session

from storage.models import ActivationRow, DispositionRow, ReleaseRow, VerdictRow
from storage.release_store import CLEARED

A, R = ActivationRow, ReleaseRow
Parts = type[DispositionRow] | type[VerdictRow]


class Span(NamedTuple):
    """Parts of one name: ``since_utc_ns <= started < until_utc_ns``; None: no bound."""

    station: str
    since_utc_ns: int | None = None
    until_utc_ns: int | None = None

    def holds(self, table: Parts) -> ColumnElement[bool]:
        """Return whether a row of a table is one of these parts, in SQL."""
        bounds = [table.station == self.station]
        if self.since_utc_ns is not None:
            bounds.append(table.started_at_utc_ns >= self.since_utc_ns)
        if self.until_utc_ns is not None:
            bounds.append(table.started_at_utc_ns < self.until_utc_ns)
        return and_(*bounds)

    def has(self, station: str, at_utc_ns: int) -> bool:
        """Return whether a part of a station that began then is one of these."""
        since, until = self.since_utc_ns, self.until_utc_ns
        in_time = (since is None or at_utc_ns >= since) and (until is None or at_utc_ns < until)
        return station == self.station and in_time


class Activated(NamedTuple):
    """One activation of a station: what it was called before, and whether it was cleared."""

    station: str
    renamed_from: str | None
    is_cleared: bool
    at_utc_ns: int


class Lineage:
    """The spans of each station that was renamed, and of those that took an old name."""

    def __init__(self, activations: Iterable[Activated]) -> None:
        """``activations``: of every name that plays a part in a renaming, oldest first."""
        self._held: dict[str, list[Span]] = {}
        self._since: dict[str, int | None] = {}
        self._owner: dict[str, str] = {}
        before: dict[str, str | None] = {}
        for each in activations:
            if not each.is_cleared:
                self._come_back(each)
            if each.renamed_from not in (None, before.get(each.station)):
                self._take_over(each)
            before[each.station] = each.renamed_from

    @property
    def former(self) -> frozenset[str]:
        """Return the names of which all parts belong to another name now."""
        return frozenset(self._owner)

    def of(self, station: str) -> tuple[Span, ...]:
        """Return what a station has, in the order in which it came by it."""
        own = () if station in self._owner else (Span(station, self._since.get(station)),)
        return (*self._held.get(station, ()), *own)

    def holds(self, table: Parts, stations: Iterable[str]) -> ColumnElement[bool]:
        """Return whether a row is a part of one of these stations, in SQL."""
        return or_(false(), *(span.holds(table) for name in stations for span in self.of(name)))

    def name(self, table: Parts) -> ColumnElement[str]:
        """Return the name under which a row is shown, in SQL."""
        others = [
            (span.holds(table), name)
            for name, spans in self._held.items()
            for span in spans
            if span.station != name
        ]
        return case(*others, else_=table.station) if others else type_coerce(table.station, String)

    def name_of(self, station: str, at_utc_ns: int) -> str:
        """Return the name under which a part of a station that began then is shown."""
        part = station, at_utc_ns
        owners = (name for name, spans in self._held.items() if any(s.has(*part) for s in spans))
        return next(owners, station)

    def _take_over(self, each: Activated) -> None:
        """All that the other name has goes to this one; it stays open until that name is back."""
        old = str(each.renamed_from)
        if old == each.station or old in self._owner:
            return
        held = self._held.setdefault(each.station, [])
        held += self._held.pop(old, [])
        held.append(Span(old, self._since.get(old)))
        self._owner[old] = each.station

    def _come_back(self, each: Activated) -> None:
        """The name is used again: from now on its parts are its own."""
        name, owner = each.station, self._owner.pop(each.station, None)
        if owner is None:
            return
        for spans in self._held.values():
            spans[:] = [_ended(span, name, each.at_utc_ns) for span in spans]
        self._since[name] = each.at_utc_ns


def lineage(session: Session) -> Lineage:
    """Return which names stations had before."""
    before = R.config["renamed_from"].as_string()
    renamed = session.execute(
        select(R.station, R.release_id, before).where(before.is_not(None))
    ).all()
    if not renamed:
        return Lineage(())
    names = {name for station, _, old in renamed for name in (station, old)}
    old_names: dict[tuple[Any, Any], str] = {(s, release): old for s, release, old in renamed}
    rows = session.execute(
        select(A.station, A.release_id, A.at_utc_ns).where(A.station.in_(names)).order_by(A.id)
    )
    return Lineage(
        Activated(
            row.station,
            old_names.get((row.station, row.release_id)),
            row.release_id == CLEARED,
            row.at_utc_ns,
        )
        for row in rows
    )


def _ended(span: Span, name: str, at_utc_ns: int) -> Span:
    is_open = span.station == name and span.until_utc_ns is None
    return span._replace(until_utc_ns=at_utc_ns) if is_open else span
