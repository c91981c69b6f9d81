"""Rules of a station: findings in, decision and reasons out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.causes import Decision
from contracts.messages import Finding
from contracts.release import Prompt, ReplayCamera, StationConfig
from contracts.verdict import counts, rule


def finding(prompt: str, area: float, *, counted: bool = True) -> Finding:
    return Finding(
        prompt=prompt,
        area_px2=area,
        area=area,
        box_xyxy_px=(0, 0, 1, 1),
        centroid_xy_px=(0.5, 0.5),
        outline_px=((0, 0), (1, 0), (1, 1)),
        presence_logit=1.0,
        margin_mean=1.0,
        margin_peak=1.0,
        counted=counted,
    )


def station(*prompts: Prompt) -> StationConfig:
    return StationConfig(camera=ReplayCamera(kind="replay"), prompts=prompts)


CRACK = Prompt(words="a crack")


def test_no_finding_is_a_pass() -> None:
    assert rule([], station(CRACK)) == (Decision.PASS, ())


def test_without_limits_any_counted_finding_rejects() -> None:
    ruling = rule([finding("a crack", 1.0)], station(CRACK))
    assert ruling.decision is Decision.REJECT
    assert [(r.prompt, r.rule, r.measured) for r in ruling.reasons] == [("a crack", "any", 1.0)]


def test_a_finding_that_does_not_count_does_not_reject() -> None:
    assert rule([finding("a crack", 1.0, counted=False)], station(CRACK)).decision is Decision.PASS


def test_findings_of_other_prompts_do_not_add_up() -> None:
    spots = Prompt(words="a spot", largest_count=1)
    both = [finding("a spot", 1.0), finding("a crack", 1.0)]
    assert rule(both, station(spots)).decision is Decision.PASS


@pytest.mark.parametrize(("count", "decision"), [(2, Decision.PASS), (3, Decision.REJECT)])
def test_the_largest_count_itself_is_allowed(count: int, decision: Decision) -> None:
    spots = station(Prompt(words="a spot", largest_count=2))
    assert rule([finding("a spot", 9.0)] * count, spots).decision is decision


@pytest.mark.parametrize(("area", "decision"), [(5.0, Decision.PASS), (5.1, Decision.REJECT)])
def test_the_largest_total_area_itself_is_allowed(area: float, decision: Decision) -> None:
    stains = station(Prompt(words="a stain", largest_total_area=10.0))
    assert rule([finding("a stain", 5.0), finding("a stain", area)], stains).decision is decision


def test_every_broken_rule_is_a_reason_in_the_stations_unit() -> None:
    prompt = Prompt(words="a stain", largest_total_area=1.0, largest_count=0)
    config = StationConfig(
        camera=ReplayCamera(kind="replay"), prompts=(prompt,), scale_mm_per_px=0.5
    )
    reasons = rule([finding("a stain", 2.0)], config).reasons
    assert [(r.rule, r.limit, r.unit) for r in reasons] == [
        ("largest_count", 0.0, "findings"),
        ("largest_total_area", 1.0, "mm2"),
    ]


@given(area=st.floats(0, 1e6), smallest=st.floats(0, 1e6))
def test_what_counts_has_an_area_and_is_not_smaller_than_the_smallest(
    area: float, smallest: float
) -> None:
    prompt = Prompt(words="a crack", smallest_area=smallest)
    assert counts(prompt, area) == (area > 0 and area >= smallest)


@given(st.lists(st.floats(0.1, 100), max_size=8), st.floats(0.1, 100))
def test_more_findings_never_turn_a_reject_into_a_pass(areas: list[float], extra: float) -> None:
    config = station(Prompt(words="a crack", largest_count=2, largest_total_area=50.0))
    before = [finding("a crack", area) for area in areas]
    after = [*before, finding("a crack", extra)]
    if rule(before, config).decision is Decision.REJECT:
        assert rule(after, config).decision is Decision.REJECT
