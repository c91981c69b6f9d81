"""The ledger in one sentence: closed, or what is missing and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from html import escape

from contracts.causes import Decision
from dashboard.local_time import clock
from dashboard.wording import CAUSES, DECISIONS, counted
from storage.queries import LedgerRow


def ledger_block(station: str, rows: Sequence[LedgerRow], now_utc_ns: int, zone: tzinfo) -> str:
    """Return a station's newest epoch in full and its older ones in one line."""
    if not rows:
        return _block(station, "open", "No part has been counted yet.", "", "")
    newest, older = rows[0], rows[1:]
    state = "closed" if newest.closed else "open"
    known = ""
    if newest.known_at_utc_ns is not None:
        known = f"Part counter last reported at {clock(newest.known_at_utc_ns, zone, now_utc_ns)}."
    return _block(
        station,
        state,
        sentence(newest),
        equation(newest),
        " ".join(filter(None, [causes(newest), known, earlier(older)])),
    )


def sentence(row: LedgerRow) -> str:
    """Return one plain sentence about one epoch."""
    parts = counted(row.triggered, "part")
    if row.closed:
        verb = "has" if row.triggered == 1 else "have"
        return f"Closed: all {parts} {verb} exactly one disposition."
    if row.after_jump:
        return (
            "Not closed: the PLC's part counter jumped when this epoch began. Parts before it may "
            "be missing from the ledger."
        )
    if row.known_at_utc_ns is None:
        return (
            f"Not closed: the station has not reported its part counter, so there may be more "
            f"than the {parts} here."
        )
    verb = "has" if row.missing == 1 else "have"
    return (
        f"Not closed: {row.missing:,} of {parts} {verb} no disposition yet. While the line runs, "
        "this includes parts on their way to the gate."
    )


def equation(row: LedgerRow) -> str:
    """Return ``triggered = pass + reject + no verdict``, plus what is missing."""
    unknown = sum(row.no_verdict.values())
    terms = [
        _term(row.passed, DECISIONS[Decision.PASS], "pass"),
        _term(row.rejected, DECISIONS[Decision.REJECT], "reject"),
        _term(unknown, DECISIONS[Decision.NO_VERDICT], "no_verdict"),
    ]
    if row.missing:
        terms.append(_term(row.missing, "Missing", "missing"))
    return _term(row.triggered, "Triggered", "") + "<i>=</i>" + "<i>+</i>".join(terms)


def causes(row: LedgerRow) -> str:
    """Return why parts have no verdict, the most frequent cause first."""
    if not row.no_verdict:
        return ""
    most = sorted(row.no_verdict.items(), key=lambda item: (-item[1], item[0]))
    return "Causes of no verdict: " + ", ".join(f"{CAUSES[c]} {n:,}" for c, n in most) + "."


def earlier(rows: Sequence[LedgerRow]) -> str:
    """Return whether all older epochs are closed, or which ones are not."""
    if not rows:
        return ""
    still_open = [row for row in rows if not row.closed]
    name = counted(len(rows), "earlier epoch")
    if not still_open:
        return f"{name} in the last day, closed."
    listed = ", ".join(f"epoch {row.epoch} ({why_open(row)})" for row in still_open)
    return f"{name} in the last day, not closed: {listed}."


def why_open(row: LedgerRow) -> str:
    """Return in a few words why an epoch is not closed."""
    if row.after_jump:
        return "the PLC's part counter jumped when it began"
    if row.known_at_utc_ns is None:
        return "its part counter was never reported"
    return f"{row.missing:,} missing"


def _term(count: int, name: str, kind: str) -> str:
    mark = f'<span class="mark {kind}"></span>' if kind else ""
    return f'<div class="term"><b>{count:,}</b><span>{mark}{escape(name)}</span></div>'


def _block(station: str, state: str, summary: str, sums: str, remarks: str) -> str:
    return (
        f'<div class="ledger {state}" data-station="{escape(station)}"><h3>{escape(station)}</h3>'
        f'<p class="sentence">{escape(summary)}</p><div class="equation">{sums}</div>'
        f'<p class="remarks">{escape(remarks)}</p></div>'
    )
