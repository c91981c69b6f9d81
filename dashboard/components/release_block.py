"""The release in force at a station: its mode, its prompts, its rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from html import escape

from pydantic import ValidationError

from contracts.release import Prompt, StationConfig
from dashboard.local_time import clock
from dashboard.wording import MODES, milliseconds
from storage.queries import ReleaseView


def release_block(station: str, view: ReleaseView | None, now_utc_ns: int, zone: tzinfo) -> str:
    """Return the release in force, in words."""
    if view is None:
        return _block(station, "No release: no part gets a verdict.", "", "")
    mode, meaning = MODES[view.mode]
    at = clock(view.activated_at_utc_ns, zone, now_utc_ns)
    sentence = f"{mode}: {meaning}."
    name = f"Release {view.release_id}, active since {at}{_signed(view)}"
    try:
        config = StationConfig.model_validate(view.config)
    except ValidationError:
        return _block(station, sentence, f"{name}. Another version of Referee wrote it.", "")
    return _block(station, sentence, f"{name}. {_terms(config)}", _prompts(config, view))


def _signed(view: ReleaseView) -> str:
    """Return who put it in force and why, if they are known."""
    by = f" by {view.who}" if view.who else ""
    return f"{by} ({view.why})" if view.why else by


def _terms(config: StationConfig) -> str:
    scale = config.scale_mm_per_px
    size = "scale unknown" if scale == "unknown" else f"{scale:g} mm per pixel"
    return f"Deadline {milliseconds(config.deadline_ms)}, {size}."


def _prompts(config: StationConfig, view: ReleaseView) -> str:
    items = "".join(
        f"<li><b>{escape(prompt.name)}</b>{_words(prompt)}"
        f"<span>{escape(prompt.in_words(config.length_unit))}</span>"
        f"{_warnings(prompt, view.word_warnings.get(prompt.words, ()))}</li>"
        for prompt in config.prompts
    )
    return f"<ul>{items}</ul>"


def _warnings(prompt: Prompt, warnings: Sequence[str]) -> str:
    """Return what the network may not understand in the words; a person may have confirmed it."""
    title = "Words confirmed in the line file" if prompt.confirmed else "Look at the words"
    return "".join(
        f'<span class="doubtful">{title}: {escape(warning)}.</span>' for warning in warnings
    )


def _words(prompt: Prompt) -> str:
    return f"<q>{escape(prompt.words)}</q>" if prompt.label else ""


def _block(station: str, sentence: str, name: str, prompts: str) -> str:
    return (
        f'<div class="release" data-station="{escape(station)}"><h3>{escape(station)}</h3>'
        f'<p class="sentence">{escape(sentence)}</p><p class="remarks">{escape(name)}</p>'
        f"{prompts}</div>"
    )
