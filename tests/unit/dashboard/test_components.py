"""What the pieces say, and that what people wrote is never taken for HTML."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest

from contracts.camera import CameraConfig
from contracts.causes import Cause, Decision, Gate, Mode
from contracts.identity import PartKey
from contracts.messages import Finding, Reason
from contracts.release import Prompt, Release, StationConfig
from dashboard.components.challenge_block import challenge_block
from dashboard.components.html import notice
from dashboard.components.ledger_block import causes, earlier, equation, ledger_block, sentence
from dashboard.components.reject_cards import card
from dashboard.components.release_block import release_block
from dashboard.components.tiles import station_row
from storage.queries import (
    Challenge,
    DispositionCounts,
    DispositionView,
    LedgerRow,
    LineTile,
    PartStory,
    Percentiles,
    ReleaseView,
    VerdictView,
)

NOW = 1_772_445_600 * 10**9
ANGRY = "<script>alert(1)</script>"

TILE = LineTile(
    station="top",
    mode=Mode.GUARD,
    release_id="abc",
    phase="RUNNING",
    recipe=None,
    phase_reason="",
    parts_last_hour=1200,
    rejected_last_hour=30,
    no_verdict_last_hour=0,
    last_part=PartKey(station="top", epoch=4, trigger_seq=77),
    last_decision=Decision.PASS,
    last_cause=None,
    last_at_utc_ns=NOW - 3 * 10**9,
    capture_to_plc_ms=Percentiles(1200, 86.0, 144.0),
)
LEDGER = LedgerRow(
    station="top",
    epoch=4,
    first_seq=1,
    last_seq=1000,
    triggered=1000,
    passed=960,
    rejected=30,
    no_verdict={Cause.OVERLOAD: 3, Cause.MODEL_ERROR: 7},
    missing=0,
    known_at_utc_ns=NOW,
    closed=True,
)


def _row(tile: LineTile, hour: list[DispositionCounts] | None = None) -> str:
    return station_row(tile, 800, hour or [], [NOW], NOW, UTC)


def test_a_tile_says_mode_phase_counts_and_times() -> None:
    html = _row(TILE)
    for text in ("Guard", "Running", "1,200", "2.5 %", "30 of 1,200 parts", "86", "144"):
        assert text in html
    for text in ("deadline 800 ms", "Last part 4/77", "Pass", "3 s ago"):
        assert text in html


def test_no_verdict_is_left_out_of_the_reject_share() -> None:
    html = _row(replace(TILE, no_verdict_last_hour=200))
    assert "3.0 %" in html
    assert "30 of 1,000 parts" in html


def test_a_station_without_a_part_has_dashes_not_zeros() -> None:
    html = _row(
        replace(
            TILE,
            parts_last_hour=0,
            rejected_last_hour=0,
            last_part=None,
            last_decision=None,
            last_at_utc_ns=None,
            capture_to_plc_ms=Percentiles(0, None, None),
        )
    )
    assert html.count("no part in the last hour") == 2
    assert "no part yet" in html
    assert "0 %" not in html


def test_a_station_that_nobody_configured_says_so() -> None:
    html = _row(replace(TILE, mode=None, phase=None))
    assert "No release" in html
    assert "No bridge" in html


def test_the_selected_recipe_is_shown_where_there_are_recipes() -> None:
    assert "Recipe" not in _row(TILE)
    assert "Recipe 0" in _row(replace(TILE, recipe=0))


def test_why_the_bridge_is_not_running_is_shown() -> None:
    assert "PLC heartbeat stale" in _row(
        replace(TILE, phase="FAULT", phase_reason="PLC heartbeat stale")
    )


def test_a_p99_beyond_the_deadline_stands_out() -> None:
    assert 'class="metric latency"' in _row(TILE)
    assert 'class="metric latency late"' in _row(
        replace(TILE, capture_to_plc_ms=Percentiles(9, 86.0, 900.0))
    )


def test_a_cause_stands_with_a_part_without_a_verdict() -> None:
    html = _row(replace(TILE, last_decision=Decision.NO_VERDICT, last_cause=Cause.OVERLOAD))
    assert "</span>No verdict</div>" in html
    assert "Overload<br>" in html


def test_a_step_of_only_rejects_is_a_bar_of_rejects() -> None:
    step = DispositionCounts(NOW, "top", inspected=4, rejected=4, no_verdict=0)
    html = _row(TILE, [step])
    assert '<b class="pass" style="height:0%">' in html
    assert '<b class="reject" style="height:100%">' in html


def test_a_closed_ledger_says_closed() -> None:
    assert sentence(LEDGER) == "Closed: all 1,000 parts have exactly one disposition."
    assert causes(LEDGER) == "Causes of no verdict: Model error 7, Overload 3."
    assert "Missing" not in equation(LEDGER)
    assert 'class="ledger closed"' in ledger_block("top", [LEDGER], NOW, UTC)


def test_missing_parts_are_counted_out() -> None:
    open_row = replace(LEDGER, missing=2, passed=958, closed=False)
    assert sentence(open_row).startswith("Not closed: 2 of 1,000 parts have no disposition yet.")
    assert "Missing" in equation(open_row)
    assert 'class="ledger open"' in ledger_block("top", [open_row], NOW, UTC)


def test_a_silent_sequencer_proves_nothing() -> None:
    silent = replace(LEDGER, known_at_utc_ns=None, closed=False)
    assert "has not reported" in sentence(silent)
    assert earlier([silent]).endswith("epoch 4 (its part counter was never reported).")


def test_an_epoch_that_began_by_a_jump_says_so() -> None:
    jumped = replace(LEDGER, closed=False, after_jump=True)
    assert "counter jumped" in sentence(jumped)
    assert earlier([jumped]).endswith("(the PLC's part counter jumped when it began).")


def test_earlier_epochs_that_are_open_are_named() -> None:
    rows = [replace(LEDGER, epoch=3), replace(LEDGER, epoch=2, missing=5, closed=False)]
    assert earlier(rows[:1]) == "1 earlier epoch in the last day, closed."
    assert earlier(rows) == "2 earlier epochs in the last day, not closed: epoch 2 (5 missing)."


def test_a_ledger_without_parts_is_no_closed_one() -> None:
    assert 'class="ledger open"' in ledger_block("top", [], NOW, UTC)


def _release(config: dict[str, object]) -> ReleaseView:
    return ReleaseView("top", "abc", Mode.OBSERVE, config, NOW, True)


def test_a_release_shows_its_prompts_as_they_were_written() -> None:
    config = StationConfig(
        camera=CameraConfig(kind="simulated"),
        prompts=(Prompt(words=ANGRY, label="dent", largest_length=5),),
    )
    release = Release.of("top", config)
    html = release_block("top", _release(release.config.model_dump(mode="json")), NOW, UTC)
    assert "<b>dent</b>" in html
    assert "Reject on a finding longer than 5 px" in html
    assert "&lt;script&gt;" in html
    assert ANGRY not in html
    assert "scale unknown" in html


def test_who_put_a_release_in_force_and_why_is_shown() -> None:
    view = _release({"prompts": "other"})
    assert "active since 10:00:00. " in release_block("top", view, NOW, UTC)
    signed = replace(view, mode=Mode.BYPASS, who="anna", why=ANGRY)
    html = release_block("top", signed, NOW, UTC)
    assert "active since 10:00:00 by anna (&lt;script&gt;" in html
    assert "Bypass: an operator lets every part through." in html


@pytest.mark.parametrize("confirmed", [False, True])
def test_what_the_network_may_not_understand_is_shown_with_the_prompt(confirmed: bool) -> None:
    prompt = Prompt(words=ANGRY, label="dent", confirmed=confirmed)
    config = StationConfig(camera=CameraConfig(kind="simulated"), prompts=(prompt,))
    view = _release(config.model_dump(mode="json"))
    assert "doubtful" not in release_block("top", view, NOW, UTC)
    warned = replace(view, word_warnings={ANGRY: [f"unlike {ANGRY}"], "other": ["not shown"]})
    html = release_block("top", warned, NOW, UTC)
    title = "Words confirmed in the line file" if confirmed else "Look at the words"
    assert f'<span class="doubtful">{title}: unlike &lt;script&gt;' in html
    assert "not shown" not in html
    assert ANGRY not in html


def test_a_release_of_another_version_is_named_not_guessed() -> None:
    html = release_block("top", _release({"prompts": "other"}), NOW, UTC)
    assert "Another version of Referee wrote it" in html


def test_no_release_says_what_follows() -> None:
    assert "no part gets a verdict" in release_block("top", None, NOW, UTC)


def _finding(prompt: str, area: float) -> Finding:
    return Finding(
        prompt=prompt,
        area_px2=9,
        area=area,
        box_xyxy_px=(0, 0, 3, 3),
        centroid_xy_px=(1, 1),
        outline_px=((0, 0), (3, 0), (3, 3)),
        presence_logit=1,
        margin_mean=1,
        margin_peak=1,
        counted=True,
    )


def _story(prompts: list[str]) -> PartStory:
    reasons = tuple(
        Reason(prompt=p, rule="any", measured=1, limit=0, unit="findings") for p in prompts
    )
    verdict = VerdictView(
        "v", Decision.REJECT, None, "", reasons, tuple(_finding(p, 1.25) for p in prompts), (),
        "mm2", (640, 480), "", "abc", "m", 800, {}, NOW, NOW, NOW,
    )  # fmt: skip
    done = DispositionView(
        1, Decision.REJECT, None, Mode.GUARD, "abc", None, "v", None, None, Gate.EJECTED, NOW, NOW,
        NOW,
    )  # fmt: skip
    part = PartKey(station="top", epoch=4, trigger_seq=77)
    return PartStory(part, 77, verdict, done, None, None, None)


def test_a_card_says_that_the_part_was_a_challenge() -> None:
    story = _story(["crack"])
    assert "challenge" not in card(story, None, "", NOW, UTC)
    assert story.disposition is not None
    tried = replace(story.disposition, challenge=True)
    assert "challenge part" in card(replace(story, disposition=tried), None, "", NOW, UTC)


def test_a_challenge_is_told_by_what_was_called_of_its_parts() -> None:
    assert challenge_block(None, NOW, UTC) == ""
    html = challenge_block(Challenge("top", NOW, 1, 3, 0), NOW, UTC)
    assert "Last challenge, at 10:00:00: 4 parts, 3 reject, 1 pass. " in html
    assert "1 part, 0 reject, 0 pass, 1 no verdict" in challenge_block(
        Challenge("top", NOW, 0, 0, 1), NOW, UTC
    )


def test_a_card_says_what_how_much_when_and_where_it_went() -> None:
    html = card(_story(["crack"]), "data:image/jpeg;base64,AA", "", NOW, UTC)
    for text in ("crack", "1.25 mm²", "10:00:00", "top/4/77", "ejected", "data:image/jpeg"):
        assert text in html


def test_a_card_adds_up_what_several_prompts_found() -> None:
    html = card(_story(["crack", ANGRY]), None, "Picture deleted to free space", NOW, UTC)
    assert "and 1 more prompt" in html
    assert "2.50 mm² <span>in 2 regions</span>" in html
    assert "Picture deleted to free space" in html
    assert ANGRY not in html


def test_a_card_without_a_verdict_waits_for_it() -> None:
    html = card(replace(_story(["crack"]), verdict=None), None, "", NOW, UTC)
    assert "Verdict not stored yet" in html


def test_a_notice_is_plain_text() -> None:
    assert ANGRY not in notice("x", ANGRY)
