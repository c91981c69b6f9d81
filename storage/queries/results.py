"""What the queries return. Times are UTC nanoseconds since 1970, areas are in ``area_unit``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.causes import Cause, Decision, Gate, Mode
from contracts.identity import PartKey
from contracts.messages import Finding, PromptScore, Reason


@dataclass(frozen=True)
class LedgerRow:
    """One epoch of one station.

    Attributes:
        first_seq, last_seq: the sequencer's range, widened by dispositions outside it.
        triggered: parts from first to last, ``passed + rejected + no_verdict + missing``.
        missing: parts without a disposition.
        known_at_utc_ns: when the sequencer last reported its range; None if never.
        closed: the sequencer's range is known and each part in it has one disposition; never true
            after a jump.
        after_jump: the PLC's counter jumped when the epoch began: parts before it may be missing.
    """

    station: str
    epoch: int
    first_seq: int
    last_seq: int
    triggered: int
    passed: int
    rejected: int
    no_verdict: Mapping[Cause, int]
    missing: int
    known_at_utc_ns: int | None
    closed: bool
    after_jump: bool = False


@dataclass(frozen=True)
class DecidedPart:
    """One disposition. ``source`` is empty if no verdict named a picture."""

    part: PartKey
    part_id: int
    decision: Decision
    gate: Gate
    source: str
    mode: Mode = Mode.GUARD
    cause: Cause | None = None


@dataclass(frozen=True)
class Percentiles:
    """Nearest-rank percentiles of ``count`` values, milliseconds; None if there are no values."""

    count: int
    p50: float | None
    p99: float | None


@dataclass(frozen=True)
class LineTile:
    """One station right now.

    Attributes:
        mode, release_id: of the active release; None if there is none.
        phase: the bridge's state; None if no bridge reported.
        recipe: the number of the recipe that the PLC selected; None if the station has no recipes
            or no bridge reported.
        parts_last_hour: dispositions of parts that started in the last hour, without challenge
            parts.
        rejected_last_hour, no_verdict_last_hour: how many of those.
        capture_to_plc_ms: capture to registers set, last ten minutes.
    """

    station: str
    mode: Mode | None
    release_id: str | None
    phase: str | None
    recipe: int | None
    phase_reason: str
    parts_last_hour: int
    rejected_last_hour: int
    no_verdict_last_hour: int
    last_part: PartKey | None
    last_decision: Decision | None
    last_cause: Cause | None
    last_at_utc_ns: int | None
    capture_to_plc_ms: Percentiles


@dataclass(frozen=True)
class Challenge:
    """The last run of challenge parts of one station.

    Which parts should have been rejected is known only to the person who put them in.

    Attributes:
        began_utc_ns: when its first part started.
    """

    station: str
    began_utc_ns: int
    passed: int
    rejected: int
    no_verdict: int


@dataclass(frozen=True)
class PictureView:
    """An archived picture; ``path`` is relative to ``<run_dir>/archive``.

    ``evicted_at_utc_ns`` is set once the file was deleted to free space.
    """

    path: str
    size_bytes: int
    sha256: str
    source: str
    captured_at_utc_ns: int
    evicted_at_utc_ns: int | None


@dataclass(frozen=True)
class VerdictView:
    """What inference decided about a part, with everything it found."""

    verdict_id: str
    decision: Decision
    cause: Cause | None
    detail: str
    reasons: tuple[Reason, ...]
    findings: tuple[Finding, ...]
    scores: tuple[PromptScore, ...]
    area_unit: str
    image_size_px: tuple[int, int] | None
    source: str
    release_id: str
    model_version: str
    deadline_ms: int
    timings_ms: Mapping[str, float]
    started_at_utc_ns: int
    captured_at_utc_ns: int | None
    decided_at_utc_ns: int


@dataclass(frozen=True)
class DispositionView:
    """What the bridge presented for a part. ``late_*``: a verdict that came too late to apply."""

    revision: int
    decision: Decision
    cause: Cause | None
    mode: Mode
    release_id: str
    encoder: int | None
    verdict_id: str | None
    late_verdict_id: str | None
    late_decision: Decision | None
    gate: Gate
    started_at_utc_ns: int
    presented_at_utc_ns: int | None
    acknowledged_at_utc_ns: int | None
    challenge: bool = False


@dataclass(frozen=True)
class PartStory:
    """Everything known about one part; what never reached storage is None.

    Attributes:
        release_config: the configuration under which it was inspected, as it was published.
        times: its durations; None if there is no disposition.
    """

    part: PartKey
    part_id: int | None
    verdict: VerdictView | None
    disposition: DispositionView | None
    picture: PictureView | None
    release_config: Mapping[str, Any] | None
    times: PartTimes | None


@dataclass(frozen=True)
class PartTimes:
    """One part's durations, milliseconds; None if one end of a duration is missing.

    On one machine they come from the monotonic clock, across machines from UTC.

    Attributes:
        verdict_to_plc_ms: the bridge's own share, its journal included: from the verdict's arrival
            to the registers.
    """

    part: PartKey
    started_at_utc_ns: int
    start_to_capture_ms: float | None
    capture_to_decision_ms: float | None
    capture_to_plc_ms: float | None
    start_to_plc_ms: float | None
    verdict_to_plc_ms: float | None
    plc_to_acknowledge_ms: float | None
    timings_ms: Mapping[str, float]


@dataclass(frozen=True)
class DispositionCounts:
    """Dispositions of one station in one bucket of time, by when the parts started.

    Attributes:
        inspected: parts with a pass or a reject.
    """

    bucket_start_utc_ns: int
    station: str
    inspected: int
    rejected: int
    no_verdict: int


@dataclass(frozen=True)
class ParetoRow:
    """Parts with a counted finding of one prompt."""

    station: str
    prompt: str
    parts: int


@dataclass(frozen=True)
class ReleaseView:
    """A configuration of a station, and when, by whom and why it was last activated.

    Attributes:
        word_warnings: words of a prompt -> what the network may not understand in them.
    """

    station: str
    release_id: str
    mode: Mode
    config: Mapping[str, Any]
    activated_at_utc_ns: int
    active: bool
    who: str = ""
    why: str = ""
    word_warnings: Mapping[str, Sequence[str]] = field(default_factory=dict)
