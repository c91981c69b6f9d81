"""Decisions, the causes of having none, and how a station runs."""

from __future__ import annotations

from enum import StrEnum


class Decision(StrEnum):
    """What was decided about a part. In guard mode the gate ejects all but PASS."""

    PASS = "pass"
    REJECT = "reject"
    NO_VERDICT = "no_verdict"


class Cause(StrEnum):
    """Why a part has no verdict: set from what is known when its time is up."""

    OVERLOAD = "overload"  # more parts than can be inspected in time; answered at once
    EXPIRED = "expired"  # every process was up, the verdict did not come by the deadline
    MISSED_TRIGGER = "missed_trigger"  # a gap in the PLC's sequence: the part was never announced
    MISSED_CAPTURE = "missed_capture"  # announced, but no picture was taken in time
    FRAME_LOST = "frame_lost"  # a picture was taken and lost with the frames Redis
    BAD_IMAGE = "bad_image"  # the bytes are no picture we can inspect
    MODEL_ERROR = "model_error"  # the model is down or refused the request
    WORKER_LOST = "worker_lost"  # no inference worker was serving the station
    CAMERA_LOST = "camera_lost"  # no ingest process was serving the station
    BROKER_LOST = "broker_lost"  # the bridge had no MQTT link
    NO_RELEASE = "no_release"  # nobody told the station what a defect is
    UNACKNOWLEDGED = "unacknowledged"  # a pass was presented, the PLC did not take it in time
    BRIDGE_RESTART = "bridge_restart"  # the part was open when the bridge stopped
    PLC_RESTART = "plc_restart"  # the part was open when the PLC began to count anew
    CLOCK = "clock"  # clocks disagree by more than the bound: no passes
    STATION_REMOVED = "station_removed"  # the part was open when its station left the line
    STALE_RELEASE = "stale_release"  # a pass by other rules than the part's or the station's


class Mode(StrEnum):
    """How a station runs.

    OBSERVE records verdicts and lets every part through (commissioning), GUARD rejects, BYPASS is
    an operator's logged decision to let every part through.
    """

    OBSERVE = "observe"
    GUARD = "guard"
    BYPASS = "bypass"


class TriggerSource(StrEnum):
    """Who says that there is a part, and so who numbers it.

    PLC announces a part and the camera is asked for its picture. CAMERA alone, free-running or
    fired by a light barrier: each of its frames is a part, and ingest numbers them.
    """

    PLC = "plc"
    CAMERA = "camera"


class Gate(StrEnum):
    """What the gate's own sensor said of a part that was to be ejected."""

    PENDING = "pending"
    EJECTED = "ejected"
    NOT_SEEN = "not_seen"
    BIN_FULL = "bin_full"
    LOW_AIR = "low_air"
    NOT_ASKED = "not_asked"  # nothing was to be ejected
