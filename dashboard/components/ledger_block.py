"""The ledger in a sentence: closed, or what is missing and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from html import escape

from contracts.causes import Decision
from dashboard.local_time import clock
from dashboard.wording import CAUSES, DECISIONS, counted
from storage.queries import LedgerRow


def ledger_block(station: str, rows: Sequence[LedgerRow], now_utc_ns: int, zone: tzinfo) -> str:
    """A station's newest epoch in full, its older ones in a line."""
    if not rows:
        return _block(station, "open", "No part has been counted yet.", "", "")
    newest, older = rows[0], rows[1:]
    state = "closed" if newest.closed else "open"
    known = ""
    if newest.known_at_utc_ns is not None:
        known = f"The sequencer last reported at {clock(newest.known_at_utc_ns, zone, now_utc_ns)}."
    return _block(
        station,
        state,
        sentence(newest),
        equation(newest),
        " ".join(filter(None, [causes(newest), known, earlier(older)])),
    )


def sentence(row: LedgerRow) -> str:
    """One plain sentence about one epoch."""
    parts = counted(row.triggered, "part")
    if row.closed:
        verb = "has" if row.triggered == 1 else "have"
        return f"Closed: all {parts} {verb} exactly one disposition."
    if row.after_jump:
        return (
            "Not closed: the PLC's counter jumped where this epoch begins, so parts before it "
            "may be in no ledger."
        )
    if row.known_at_utc_ns is None:
        return (
            f"Not closed: the station's sequencer has not reported, so nothing proves that "
            f"the {parts} here are all."
        )
    verb = "has" if row.missing == 1 else "have"
    return (
        f"Not closed: {row.missing:,} of {parts} {verb} no disposition yet. While the line runs, "
        "parts on their way to the gate are among them."
    )


def equation(row: LedgerRow) -> str:
    """``triggered = pass + reject + no verdict``, and what is missing."""
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
    """Why parts have no verdict, most frequent first."""
    if not row.no_verdict:
        return ""
    most = sorted(row.no_verdict.items(), key=lambda item: (-item[1], item[0]))
    return "No verdict because of: " + ", ".join(f"{CAUSES[c]} {n:,}" for c, n in most) + "."


def earlier(rows: Sequence[LedgerRow]) -> str:
    """Older epochs: all closed, or which are not."""
    if not rows:
        return ""
    still_open = [row for row in rows if not row.closed]
    name = counted(len(rows), "earlier epoch")
    if not still_open:
        return f"{name} in the last day, closed."
    listed = ", ".join(f"epoch {row.epoch} ({why_open(row)})" for row in still_open)
    return f"{name} in the last day, not closed: {listed}."


def why_open(row: LedgerRow) -> str:
    """In a few words, for an epoch that is not closed."""
    if row.after_jump:
        return "began where the PLC's counter jumped"
    if row.known_at_utc_ns is None:
        return "sequencer never reported"
    return f"{row.missing:,} missing"


def _term(count: int, name: str, kind: str) -> str:
    mark = f'<span class="mark {kind}"></span>' if kind else ""
    return f'<div class="term"><b>{count:,}</b><span>{mark}{escape(name)}</span></div>'


def _block(station: str, state: str, says: str, sums: str, remarks: str) -> str:
    return (
        f'<div class="ledger {state}" data-station="{escape(station)}"><h3>{escape(station)}</h3>'
        f'<p class="sentence">{escape(says)}</p><div class="equation">{sums}</div>'
        f'<p class="remarks">{escape(remarks)}</p></div>'
    )
