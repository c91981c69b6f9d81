"""The last rejected parts as cards: picture, prompt, size of the findings, time."""

from __future__ import annotations

from datetime import tzinfo
from html import escape

from contracts.messages import Finding
from dashboard.local_time import clock
from dashboard.wording import GATES, area, counted
from storage.queries import PartStory


def card(
    story: PartStory, picture: str | None, no_picture: str, now_utc_ns: int, zone: tzinfo
) -> str:
    """Return one card. ``picture`` is a ``data:`` URL; ``no_picture`` says why there is none."""
    shown = _picture(story, picture, no_picture)
    text = f"{_seen(story)}{_when(story, now_utc_ns, zone)}"
    return f'<article class="card" data-part="{escape(str(story.part))}">{shown}{text}</article>'


def cards(each: list[str]) -> str:
    """Return cards next to each other."""
    return f'<div class="cards">{"".join(each)}</div>'


def _picture(story: PartStory, picture: str | None, no_picture: str) -> str:
    if picture is None:
        return f'<div class="picture none"><span class="absent">{escape(no_picture)}</span></div>'
    what = escape(f"Part {story.part} with its findings outlined", quote=True)
    return f'<div class="picture"><img src="{picture}" alt="{what}"></div>'


def _seen(story: PartStory) -> str:
    if story.verdict is None:
        return '<div class="prompt">Verdict not stored yet</div><div class="measure">–</div>'
    prompts = list(dict.fromkeys(reason.prompt for reason in story.verdict.reasons))
    found = [each for each in story.verdict.findings if each.counted and each.prompt in prompts]
    more = f" and {counted(len(prompts) - 1, 'more prompt')}" if len(prompts) > 1 else ""
    name = escape(prompts[0] if prompts else "No rule named")
    return (
        f'<div class="prompt" title="{escape("; ".join(prompts), quote=True)}">{name}'
        f"<span>{more}</span></div>"
        f'<div class="measure">{_measure(found, story.verdict.area_unit)}</div>'
    )


def _measure(found: list[Finding], unit: str) -> str:
    if not found:
        return "–"
    largest = max(found, key=lambda each: each.area).area
    if len(found) == 1:
        return area(largest, unit)
    return f"{area(sum(each.area for each in found), unit)} <span>in {len(found)} regions</span>"


def _when(story: PartStory, now_utc_ns: int, zone: tzinfo) -> str:
    done = story.disposition
    at = clock(done.started_at_utc_ns, zone, now_utc_ns) if done else ""
    gate = GATES[done.gate] if done else ""
    challenge = "<span>challenge part</span>" if done and done.challenge else ""
    part = f"<span>{escape(str(story.part))}</span>"
    return f'<div class="when">{at}{part}<span>{gate}</span>{challenge}</div>'
