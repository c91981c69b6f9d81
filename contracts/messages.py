"""Everything that flows between processes, one schema. Parsed at the edge, types inside."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from contracts.causes import Cause, Decision, Gate, Mode
from contracts.identity import Message, NonNegativeInt63, PartKey, Slug, Stamp
from contracts.names import SINK
from contracts.polygon import Point


class Trigger(Message):
    """Take this part's picture now."""

    schema_version: Literal[1] = 1
    part: PartKey
    part_id: Annotated[int, Field(ge=0, lt=2**32, title="What the PLC calls the part")]
    encoder: Annotated[int | None, Field(ge=0, lt=2**32, title="Belt position, in counts")] = None
    started_at: Annotated[Stamp, Field(title="When the part's clock started")]
    deadline_ms: Annotated[int, Field(gt=0)]
    challenge: Annotated[bool, Field(title="A challenge part, as the PLC said with it")] = False
    recipe: Annotated[int, Field(ge=0, lt=2**16, title="The one in force at the trigger")] = 0


class FrameHeader(Message):
    """Everything about a frame but its pixels, which travel beside it as the camera gave them."""

    schema_version: Literal[1] = 1
    part: PartKey
    part_id: Annotated[int, Field(ge=0, lt=2**32)]
    encoder: Annotated[int | None, Field(ge=0, lt=2**32)] = None
    started_at: Stamp
    captured_at: Stamp
    deadline_ms: Annotated[int, Field(gt=0)]
    recipe: Annotated[int, Field(ge=0, lt=2**16)] = 0
    source: Annotated[str, Field(title="Where the camera had it from: a file name, a seed, a URL")]
    release_id: str


class CaptureNotice(Message):
    """The camera triggered this part by itself: its clock runs since the capture."""

    schema_version: Literal[1] = 1
    part: PartKey
    part_id: Annotated[int, Field(ge=0, lt=2**32)]
    captured_at: Stamp
    deadline_ms: Annotated[int, Field(gt=0)]


class Finding(Message):
    """One region that a prompt refers to, in sensor pixels (x right, y down, from the top left).

    Attributes:
        area: in the station's unit (mm2, or px2 if the scale is unknown).
        length: longer side of the smallest rectangle around it, turned as fits best; mm or px. None
            in a verdict of schema version 1.
        aspect_ratio: the longer side of that rectangle divided by the shorter. None as well if the
            finding stands for many small ones.
        outline_px: corners of the region's outer boundary.
        margin_mean: mean over the region of the Anomaly logit minus the Background logit.
        counted: whether it counts, by the prompt's rules.
    """

    prompt: str
    area_px2: Annotated[float, Field(ge=0)]
    area: Annotated[float, Field(ge=0)]
    box_xyxy_px: tuple[int, int, int, int]
    centroid_xy_px: Point
    outline_px: tuple[tuple[int, int], ...]
    presence_logit: float
    margin_mean: float
    margin_peak: float
    counted: bool
    length: Annotated[float | None, Field(ge=0)] = None
    aspect_ratio: Annotated[float | None, Field(ge=1)] = None


class PromptScore(Message):
    """How near a prompt came, findings or not: near misses can be found later.

    Attributes:
        presence_logit: above 0 the prompt refers to something in the picture.
        margin_peak: largest Anomaly minus Background logit inside the region of interest.
    """

    prompt: str
    presence_logit: float
    margin_peak: float
    area_px2: Annotated[float, Field(ge=0, title="Pixels with a margin above 0")]


class Reason(Message):
    """One rule that rejected the part.

    Attributes:
        rule: its name in the line file; ``any`` if the prompt has no limit.
    """

    prompt: str
    rule: str
    measured: float
    limit: float
    unit: str


class Decided(Message):
    """A part that was called: ``no_verdict`` has a cause, and nothing else has one."""

    decision: Decision
    cause: Cause | None = None

    @model_validator(mode="after")
    def _no_verdict_has_a_cause(self) -> Self:
        if (self.decision is Decision.NO_VERDICT) != (self.cause is not None):
            raise ValueError("no_verdict has a cause, and nothing else has one")
        return self


class Verdict(Decided):
    """What inference (or ingest, where there is no picture) says of a part."""

    schema_version: Literal[1, 2] = 2
    verdict_id: str
    part: PartKey
    part_id: Annotated[int, Field(ge=0, lt=2**32)]
    detail: Annotated[str, Field(title="The cause in a sentence, for people")] = ""
    reasons: tuple[Reason, ...] = ()
    findings: tuple[Finding, ...] = ()
    scores: tuple[PromptScore, ...] = ()
    area_unit: str = "px2"
    image_size_px: Annotated[tuple[int, int] | None, Field(title="Width, height")] = None
    source: str = ""
    release_id: str = ""
    model_version: str = ""
    started_at: Stamp
    captured_at: Stamp | None = None
    decided_at: Stamp
    deadline_ms: Annotated[int, Field(gt=0)]
    timings_ms: dict[str, float] = Field(default_factory=dict)


class Disposition(Decided):
    """What the bridge did about a part: the ledger's only source.

    ``decision`` never changes once published; later revisions of the same part only add what the
    gate's sensor saw, or a verdict that came late.
    """

    schema_version: Literal[1] = 1
    revision: Annotated[int, Field(ge=1, lt=2**63)] = 1
    part: PartKey
    part_id: Annotated[int, Field(ge=0, lt=2**32)]
    encoder: int | None = None
    challenge: Annotated[bool, Field(title="Put in to try the station: in no rate")] = False
    mode: Mode
    release_id: Annotated[str, Field(title="The verdict's, else the one at the trigger")] = ""
    verdict_id: Annotated[str | None, Field(title="The verdict that was presented")] = None
    late_verdict_id: Annotated[
        str | None, Field(title="A verdict that was not applied: too late, or of a stale release")
    ] = None
    late_decision: Decision | None = None
    started_at: Stamp
    verdict_arrived_at: Annotated[
        Stamp | None, Field(title="The presented verdict reached the bridge")
    ] = None
    presented_at: Stamp | None = None
    acknowledged_at: Stamp | None = None
    gate: Gate = Gate.PENDING


class StoredItem(Message):
    """One row that storage has committed."""

    kind: Literal["verdict", "disposition", "sequence"]
    part: Annotated[PartKey, Field(title="Of a sequence: the last part of the range")]
    revision: Annotated[int, Field(ge=0, lt=2**63, title="Of a disposition; 0 for a verdict")] = 0


class Stored(Message):
    """A sink has committed these. An outbox forgets what every sink of its line has committed."""

    schema_version: Literal[1, 2] = 2
    by: Annotated[Slug, Field(title="The sink; version 1 did not say, as there was one")] = SINK
    items: tuple[StoredItem, ...]


class SequenceRange(Message):
    """What a station's sequencer has journaled of one epoch: the ledger must cover it."""

    epoch: NonNegativeInt63
    first_seq: NonNegativeInt63
    last_seq: NonNegativeInt63
    after_jump: Annotated[
        bool, Field(title="The PLC's counter jumped: nobody knows how many parts came before")
    ] = False
