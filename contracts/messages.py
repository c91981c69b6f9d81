"""Everything that flows between processes, one schema. Parsed at the edge, types inside."""

from __future__ import annotations

import json
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from contracts.causes import Cause, Decision, Gate, Mode
from contracts.errors import MalformedMessage
from contracts.identity import Message, NonNegativeInt63, PartKey, Slug, Stamp
from contracts.release import Point

M = TypeVar("M", bound=Message)


def parse(model: type[M], raw: bytes | str, source: str) -> M:
    """Return the message in ``raw``, of this schema version or an older one.

    Raises:
        MalformedMessage: it is not valid; the error names ``source`` and the first reason.
    """
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        reason = _is_newer(model, raw, error) or _first_problem(error)
        raise MalformedMessage(source, reason) from error


def _is_newer(model: type[Message], raw: bytes | str, error: ValidationError) -> str:
    """Say that a later version of Referee wrote the message; empty if none did."""
    readable = model.model_fields["schema_version"].default
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return ""
    version = document.get("schema_version") if isinstance(document, dict) else None
    if not isinstance(version, int) or version <= readable:
        return ""
    unknown = [_path(each) for each in error.errors() if each["type"] == "extra_forbidden"]
    fields = f", with the unknown fields {', '.join(unknown)}" if unknown else ""
    return f"schema_version {version} is newer than this version reads ({readable}){fields}"


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{_path(first) or 'message'}: {first['msg']}"


def _path(problem: ErrorDetails) -> str:
    return ".".join(str(step) for step in problem["loc"])


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
        area: in the station's unit (mm2, or px2 where the scale is unknown).
        outline_px: corners of the region's outer boundary.
        margin_mean: mean over the region of the Anomaly logit minus the Background logit.
        counted: whether it was large enough to count.
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
    """One rule that decided."""

    prompt: str
    rule: Literal["any", "largest_count", "largest_total_area"]
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

    schema_version: Literal[1] = 1
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
    """Storage has committed these: only now may an outbox forget them."""

    schema_version: Literal[1] = 1
    items: tuple[StoredItem, ...]


class SequenceRange(Message):
    """What a station's sequencer has journaled of one epoch: the ledger must cover it."""

    epoch: NonNegativeInt63
    first_seq: NonNegativeInt63
    last_seq: NonNegativeInt63
    after_jump: Annotated[
        bool, Field(title="The PLC's counter jumped: nobody knows how many parts came before")
    ] = False


class ProcessState(Message):
    """Which process serves which stations. Retained, and the last will says offline."""

    schema_version: Literal[1] = 1
    process: Slug
    online: bool
    ready: bool
    stations: tuple[Slug, ...] = ()
    releases: dict[Slug, str] = Field(
        default_factory=dict, title="Active release id of each station"
    )
    model_version: str = ""
    phases: dict[Slug, str] = Field(
        default_factory=dict, title="Bridge only: its state for each station"
    )
    recipes: dict[Slug, int] = Field(
        default_factory=dict, title="Bridge only: recipe that the PLC of each station selected"
    )
    sequences: dict[Slug, tuple[SequenceRange, ...]] = Field(
        default_factory=dict,
        title="Sequencer only: parts journaled in epochs that storage has not all of, newest last",
    )
    reason: Annotated[str, Field(title="Why not ready, or which stations are not served")] = ""
    at_utc_ns: int
