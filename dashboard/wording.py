"""The words that people read for decisions, causes and modes, and how figures are written."""

from __future__ import annotations

from contracts.causes import Cause, Decision, Gate, Mode

DECISIONS = {
    Decision.PASS: "Pass",
    Decision.REJECT: "Reject",
    Decision.NO_VERDICT: "No verdict",
}

CAUSES = {
    Cause.OVERLOAD: "Overload",
    Cause.EXPIRED: "Verdict too late",
    Cause.MISSED_TRIGGER: "Trigger missed",
    Cause.MISSED_CAPTURE: "No picture taken",
    Cause.FRAME_LOST: "Picture lost",
    Cause.BAD_IMAGE: "Picture unreadable",
    Cause.MODEL_ERROR: "Model error",
    Cause.WORKER_LOST: "Inference down",
    Cause.CAMERA_LOST: "Camera down",
    Cause.BROKER_LOST: "Broker unreachable",
    Cause.NO_RELEASE: "No release",
    Cause.UNACKNOWLEDGED: "Not acknowledged",
    Cause.BRIDGE_RESTART: "Bridge restarted",
    Cause.PLC_RESTART: "PLC restarted",
    Cause.CLOCK: "Clocks disagree",
    Cause.STALE_RELEASE: "Pass under another release",
    Cause.STATION_REMOVED: "Station removed",
}

MODES = {
    Mode.OBSERVE: ("Observe", "verdicts are recorded, every part is let through"),
    Mode.GUARD: ("Guard", "every part that did not pass is ejected"),
    Mode.BYPASS: ("Bypass", "an operator lets every part through"),
}

GATES = {
    Gate.PENDING: "gate not yet confirmed",
    Gate.EJECTED: "ejected",
    Gate.NOT_SEEN: "ejection not seen",
    Gate.BIN_FULL: "reject bin full",
    Gate.LOW_AIR: "air pressure low",
    Gate.NOT_ASKED: "let through",
}

UNITS = {"mm2": "mm²", "px2": "px²"}


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun: ``1 part``, ``12,300 parts``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def share(part: int, whole: int) -> str:
    """Return a share in per cent, with more digits if it is small; a dash if ``whole`` is 0."""
    if whole == 0:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.01:
        return "< 0.01 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    digits = 0 if part in (0, whole) else 2 if percent < 1 else 1
    return f"{percent:.{digits}f} %"


def milliseconds(value: float | None) -> str:
    """Return a duration in milliseconds; a dash if there is none."""
    return "–" if value is None else f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"


def area(value: float, unit: str) -> str:
    """Return an area with its unit, in about three significant digits."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {UNITS.get(unit, unit)}"
