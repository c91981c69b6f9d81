"""How a station's last challenge went."""

from __future__ import annotations

from datetime import tzinfo
from html import escape

from dashboard.local_time import clock
from dashboard.wording import counted
from storage.queries import Challenge


def challenge_block(challenge: Challenge | None, now_utc_ns: int, zone: tzinfo) -> str:
    """Return how many of its parts passed and were rejected; empty if there was no challenge.

    How many should have been rejected is known only to the person who put the parts in.
    """
    if challenge is None:
        return ""
    parts = challenge.passed + challenge.rejected + challenge.no_verdict
    began = clock(challenge.began_utc_ns, zone, now_utc_ns)
    results = f"{challenge.rejected:,} reject, {challenge.passed:,} pass"
    if challenge.no_verdict:
        results += f", {challenge.no_verdict:,} no verdict"
    summary = (
        f"Last challenge, at {began}: {counted(parts, 'part')}, {results}. "
        "Challenge parts are counted in the ledger, but not in rates and charts."
    )
    station = escape(challenge.station)
    return f'<p class="remarks" data-challenge="{station}">{escape(summary)}</p>'
