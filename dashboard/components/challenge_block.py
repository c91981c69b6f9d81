"""How a station's last challenge went, apart from the parts that it produced."""

from __future__ import annotations

from datetime import tzinfo
from html import escape

from dashboard.local_time import clock
from dashboard.wording import counted
from storage.queries import Challenge


def challenge_block(challenge: Challenge | None, now_utc_ns: int, zone: tzinfo) -> str:
    """What was called of its parts; nothing where there never was one.

    Which of them should have been rejected is known to who put them in, and not to us.
    """
    if challenge is None:
        return ""
    parts = challenge.passed + challenge.rejected + challenge.no_verdict
    began = clock(challenge.began_utc_ns, zone, now_utc_ns)
    called = f"{challenge.rejected:,} reject, {challenge.passed:,} pass"
    if challenge.no_verdict:
        called += f", {challenge.no_verdict:,} no verdict"
    says = (
        f"Last challenge, at {began}: {counted(parts, 'part')}, {called}. "
        "Challenge parts are in the ledger and in no rate or chart."
    )
    station = escape(challenge.station)
    return f'<p class="remarks" data-challenge="{station}">{escape(says)}</p>'
