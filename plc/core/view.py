"""What the input registers show of a station. Pure."""

from __future__ import annotations

from contracts.causes import Cause, Decision, Mode
from contracts.identity import Stamp
from contracts.messages import Verdict
from contracts.release import Release
from plc.core.part import Part, PartPhase
from plc.core.phases import BridgePhase, ErrorCode
from plc.core.registers import (
    CANARY,
    CAUSE_CODES,
    DISCRETE_INPUTS,
    INPUT_REGISTERS,
    INPUT_SIZE,
    MAP_VERSION,
    bits_to_word,
    encode,
)
from plc.core.station import Station

HEARTBEAT_NS = 500_000_000
MODES = {Mode.OBSERVE: 0, Mode.GUARD: 1, Mode.BYPASS: 2}
TIMEOUTS = (Cause.EXPIRED, Cause.OVERLOAD, Cause.UNACKNOWLEDGED)


def input_words(station: Station, now: Stamp) -> list[int]:
    """Return the whole block of input registers at this moment."""
    beat = now.monotonic_ns // HEARTBEAT_NS & 0xFFFF
    values = {
        "status": bits_to_word(DISCRETE_INPUTS, _bits(station, beat)),
        "heartbeat": beat,
        "map_version": MAP_VERSION,
        "canary": CANARY,
        **_station_values(station),
        **_counters(station),
        **(_result(station.book.display.shown, station.release)),
    }
    return encode(INPUT_REGISTERS, INPUT_SIZE, values)


def verdict_code(decision: Decision, cause: Cause | None) -> int:
    """1 pass, 2 reject, 3 timeout, 4 error."""
    if decision is Decision.PASS:
        return 1
    if decision is Decision.REJECT:
        return 2
    return 3 if cause in TIMEOUTS else 4


def _bits(station: Station, beat: int) -> dict[str, bool]:
    state, book, shown = station.state, station.book, station.book.display.shown
    decision = shown.decision if shown else None
    return {
        "online": state.phase is not BridgePhase.OFFLINE,
        "trigger_ready": state.trigger_ready,
        "trigger_ack": book.trigger_echo == station.image.trigger_seq,
        "result_valid": shown is not None,
        "pass": decision is Decision.PASS,
        "reject": decision is Decision.REJECT,
        "no_verdict": decision is Decision.NO_VERDICT,
        "busy": any(part.phase is PartPhase.AWAITING for part in book.open.values()),
        "missed_trigger": book.missed_latch,
        "buffer_overrun": book.overrun_latch,
        "error": state.error_code is not ErrorCode.NONE,
        "line_stop_req": state.line_stop,
        "recipe_ready": station.recipe_ready,
        "challenge_active": station.image.coil("challenge_mode"),
        "degraded": state.phase is BridgePhase.DEGRADED,
        "heartbeat": bool(beat & 1),
    }


def _station_values(station: Station) -> dict[str, float]:
    book, state, release = station.book, station.state, station.release
    return {
        "error_code": state.error_code,
        "queued": len(book.display.waiting),
        "recipe": station.recipe,
        "recipe_version": int(release.release_id[:4], 16) if release else 0,
        "consecutive_rejects": min(book.consecutive, 0xFFFF),
        "ack_echo": book.ack_echo,
        "ack_state": book.ack_state,
        "mode": MODES[station.mode],
        "bridge_boot_id": station.bridge_boot_id,
        "phase": state.phase,
        "trigger_echo": book.trigger_echo,
    }


def _counters(station: Station) -> dict[str, float]:
    counts, book = station.numbering.counts, station.book
    return {
        "inspected": counts.inspected,
        "passed": counts.passed,
        "rejected": counts.rejected,
        "timeouts": counts.timeouts,
        "missed": counts.missed,
        "overruns": book.overruns,
        "unconfirmed": book.unconfirmed,
    }


def _result(shown: Part | None, release: Release | None) -> dict[str, float]:
    if shown is None or shown.decision is None or shown.presented_at is None:
        return {}
    latency_ms = shown.presented_at.ms_since(shown.trigger.started_at)
    return {
        "seq_head": shown.seq16,
        "part_id_echo": shown.trigger.part_id,
        "encoder_echo": shown.trigger.encoder or 0,
        "verdict": verdict_code(shown.decision, shown.cause),
        "latency_ms": min(round(latency_ms), 0xFFFF),
        "cause": CAUSE_CODES[shown.cause] if shown.cause else 0,
        "seq_tail": shown.seq16,
        **_findings(shown, release),
    }


def _findings(shown: Part, release: Release | None) -> dict[str, float]:
    verdict = shown.verdict
    if verdict is None:
        return {}
    counted = [finding for finding in verdict.findings if finding.counted]
    return {
        "class": _prompt_number(verdict, release),
        "count": min(len(counted), 0xFFFF),
        "largest_area": max((finding.area for finding in counted), default=0.0),
    }


def _prompt_number(verdict: Verdict, release: Release | None) -> int:
    """Return 0 as well if another release judged: its prompts have other numbers."""
    if not verdict.reasons or release is None or verdict.release_id != release.release_id:
        return 0
    names = [each.name for each in release.config.prompts]
    decided_by = verdict.reasons[0].prompt
    return names.index(decided_by) + 1 if decided_by in names else 0
