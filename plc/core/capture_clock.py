"""When a part's clock started that the camera triggered, on the bridge's own clock. Pure.

On the same boot of the same machine that is the capture itself. From another machine only the wall
clocks tell, and how far those are apart shows in the ages of notices: a notice takes its time, so
the youngest of the last ones is about as old as the clocks are apart.
"""

from __future__ import annotations

from collections import deque

from contracts.identity import Stamp

REMEMBERED = 32


class CaptureClock:
    """Turns captures into starts, as long as the clocks agree."""

    def __init__(self, bound_ms: int) -> None:
        """Wall clocks further apart than the bound are not believed."""
        self._bound_ns = bound_ms * 1_000_000
        self._boot_id = ""
        self._ages_ns: deque[int] = deque(maxlen=REMEMBERED)

    def start(self, captured_at: Stamp, now: Stamp) -> Stamp | None:
        """The capture on the clock of ``now``; None where the clocks do not agree."""
        if captured_at.boot_id == now.boot_id:
            return captured_at if captured_at.monotonic_ns <= now.monotonic_ns else None
        age_ns, youngest_ns = now.utc_ns - captured_at.utc_ns, self._youngest(captured_at, now)
        if abs(youngest_ns) > self._bound_ns:
            return None
        return Stamp(
            utc_ns=captured_at.utc_ns,
            monotonic_ns=now.monotonic_ns - age_ns + min(youngest_ns, 0),
            boot_id=now.boot_id,
        )

    def _youngest(self, captured_at: Stamp, now: Stamp) -> int:
        if captured_at.boot_id != self._boot_id:
            self._boot_id = captured_at.boot_id
            self._ages_ns.clear()
        self._ages_ns.append(now.utc_ns - captured_at.utc_ns)
        return min(self._ages_ns)
