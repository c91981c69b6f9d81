"""Why a part got no verdict, from what was down while it was open. Pure."""

from __future__ import annotations

from contracts.causes import Cause
from contracts.identity import Stamp
from plc.core.part import Part
from plc.core.phases import Health


class Outages:
    """Remembers when each thing that a verdict needs was last seen down."""

    def __init__(self) -> None:
        self._down_ns: dict[Cause, int] = {}

    def note(self, health: Health, now: Stamp) -> None:
        """What is down at this moment, and was until now."""
        for cause, up in (
            (Cause.BROKER_LOST, health.broker),
            (Cause.CAMERA_LOST, health.camera),
            (Cause.WORKER_LOST, health.inference),
        ):
            if not up:
                self._down_ns[cause] = now.monotonic_ns

    def cause(self, part: Part) -> Cause:
        """The cause of a part whose time is up without a verdict."""
        since_ns = part.trigger.started_at.monotonic_ns
        for cause in (Cause.BROKER_LOST, Cause.CAMERA_LOST, Cause.WORKER_LOST):
            if self._down_ns.get(cause, since_ns) > since_ns:
                return cause
        return Cause.MISSED_CAPTURE if part.capture_failed else Cause.EXPIRED
