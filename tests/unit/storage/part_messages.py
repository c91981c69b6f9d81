"""Messages of parts that tests make up."""

from __future__ import annotations

from typing import Any

from contracts.causes import Cause, Decision, Gate, Mode
from contracts.identity import PartKey, Stamp
from contracts.messages import Disposition, Finding, PromptScore, Reason, Verdict
from contracts.release import Activation, Release, StationConfig

SECOND_NS = 10**9
BEGIN_NS = 1_700_000_000 * SECOND_NS


def part(seq: int, station: str = "tiles", epoch: int = 1) -> PartKey:
    return PartKey(station=station, epoch=epoch, trigger_seq=seq)


def at(seconds: float, boot_id: str = "boot") -> Stamp:
    """A moment, ``seconds`` after the tests' beginning."""
    after_ns = round(seconds * SECOND_NS)
    return Stamp(utc_ns=BEGIN_NS + after_ns, monotonic_ns=after_ns, boot_id=boot_id)


def finding(prompt: str = "scratch", **changes: Any) -> Finding:
    fields: dict[str, Any] = {
        "prompt": prompt,
        "area_px2": 12.0,
        "area": 12.0,
        "box_xyxy_px": (1, 2, 5, 6),
        "centroid_xy_px": (3.0, 4.0),
        "outline_px": ((1, 2), (5, 2), (5, 6)),
        "presence_logit": 3.0,
        "margin_mean": 1.0,
        "margin_peak": 2.0,
        "counted": True,
    }
    return Finding(**fields | changes)


def score(presence_logit: float, prompt: str = "scratch") -> PromptScore:
    return PromptScore(prompt=prompt, presence_logit=presence_logit, margin_peak=0.0, area_px2=0.0)


def verdict(seq: int, decision: Decision = Decision.PASS, **changes: Any) -> Verdict:
    """One part a second, captured 10 ms and decided 50 ms after its start."""
    of = changes.pop("part", part(seq))
    rejected = decision is Decision.REJECT
    reason = Reason(prompt="scratch", rule="any", measured=1, limit=0, unit="findings")
    fields: dict[str, Any] = {
        "verdict_id": f"v-{of}",
        "part": of,
        "part_id": 1000 + seq,
        "decision": decision,
        "cause": Cause.MODEL_ERROR if decision is Decision.NO_VERDICT else None,
        "reasons": (reason,) if rejected else (),
        "findings": (finding(),) if rejected else (),
        "scores": (score(3.0 if rejected else -4.0),),
        "image_size_px": (64, 48),
        "source": f"{seq}.png",
        "release_id": "r1",
        "model_version": "m1",
        "started_at": at(seq),
        "captured_at": at(seq + 0.010),
        "decided_at": at(seq + 0.050),
        "deadline_ms": 500,
        "timings_ms": {"model": 30.0},
    }
    return Verdict(**fields | changes)


def disposition(seq: int, decision: Decision = Decision.PASS, **changes: Any) -> Disposition:
    """What the bridge made of it, on the registers 60 ms after the start."""
    of = changes.pop("part", part(seq))
    fields: dict[str, Any] = {
        "part": of,
        "part_id": 1000 + seq,
        "decision": decision,
        "cause": Cause.EXPIRED if decision is Decision.NO_VERDICT else None,
        "mode": Mode.GUARD,
        "release_id": "r1",
        "verdict_id": None if decision is Decision.NO_VERDICT else f"v-{of}",
        "started_at": at(seq),
        "verdict_arrived_at": None if decision is Decision.NO_VERDICT else at(seq + 0.052),
        "presented_at": at(seq + 0.060),
        "gate": Gate.PENDING,
    }
    return Disposition(**fields | changes)


def release(
    station: str = "tiles", words: str = "a scratch", who: str = "", why: str = "", **changes: Any
) -> Activation:
    config = {
        "camera": {"kind": "simulated"},
        "prompts": [{"words": words, "label": "scratch"}],
    }
    of = Release.of(station, StationConfig.model_validate(config | changes))
    return Activation.by(who, why, of)
