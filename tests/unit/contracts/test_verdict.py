"""Rules of a prompt: findings in, decision and reasons out."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.causes import Decision
from contracts.messages import Reason
from contracts.polygon import Point
from contracts.release import Prompt
from contracts.verdict import broken_rules, counting, decision


@dataclass(frozen=True)
class Spot:
    """A finding with whatever a test says of it."""

    area: float = 1.0
    length: float = 1.0
    aspect_ratio: float = 1.0
    centre_xy: Point = (0.5, 0.5)
    box_xyxy: tuple[float, float, float, float] = (0.4, 0.4, 0.6, 0.6)


def reasons(prompt: Prompt, *spots: Spot, unit: str = "mm") -> list[Reason]:
    return broken_rules(prompt, counting(prompt, spots), unit)


def rejects(prompt: Prompt, *spots: Spot) -> bool:
    return decision(reasons(prompt, *spots)) is Decision.REJECT


CRACK = Prompt(words="a crack")


def test_no_finding_is_a_pass() -> None:
    assert decision(reasons(CRACK)) is Decision.PASS


def test_without_limits_any_finding_that_counts_rejects() -> None:
    (reason,) = reasons(CRACK, Spot())
    assert (reason.prompt, reason.rule, reason.measured) == ("a crack", "any", 1.0)
    assert decision([reason]) is Decision.REJECT


@given(area=st.floats(0, 1e6), smallest=st.floats(0, 1e6))
def test_a_finding_smaller_than_the_smallest_area_does_not_count(
    area: float, smallest: float
) -> None:
    prompt = Prompt(words="a crack", smallest_area=smallest)
    assert rejects(prompt, Spot(area=area)) == (area >= smallest)


@pytest.mark.parametrize(("count", "rejected"), [(2, False), (3, True)])
def test_the_largest_count_itself_is_allowed(count: int, rejected: bool) -> None:
    assert rejects(Prompt(words="a spot", largest_count=2), *[Spot()] * count) == rejected


@pytest.mark.parametrize(("area", "rejected"), [(5.0, False), (5.1, True)])
def test_the_largest_total_area_itself_is_allowed(area: float, rejected: bool) -> None:
    stain = Prompt(words="a stain", largest_total_area=10.0)
    assert rejects(stain, Spot(area=5.0), Spot(area=area)) == rejected


@pytest.mark.parametrize(("length", "rejected"), [(5.0, False), (5.1, True)])
def test_the_largest_length_itself_is_allowed(length: float, rejected: bool) -> None:
    scratch = Prompt(words="a scratch", largest_length=5.0)
    assert rejects(scratch, Spot(length=1.0), Spot(length=length), Spot(length=2.0)) == rejected


@pytest.mark.parametrize(("ratio", "rejected"), [(2.9, False), (3.0, True)])
def test_only_findings_long_enough_for_their_width_count(ratio: float, rejected: bool) -> None:
    scratch = Prompt(words="a scratch", least_aspect_ratio=3)
    assert rejects(scratch, Spot(aspect_ratio=ratio)) == rejected


LEFT_HALF = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]


@pytest.mark.parametrize(("x", "rejected"), [(0.1, True), (0.49, True), (0.51, False)])
def test_only_findings_with_their_centre_in_the_zone_count(x: float, rejected: bool) -> None:
    assert rejects(Prompt(words="a dent", zone=LEFT_HALF), Spot(centre_xy=(x, 0.3))) == rejected


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_zone_and_the_rest_of_the_picture_share_every_finding(x: float, y: float) -> None:
    right_half = [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]
    both = [Prompt(words="a dent", zone=zone) for zone in (LEFT_HALF, right_half)]
    on_an_outer_edge = x == 1 or y == 1  # such a centre is outside: no pixel has one
    assert sum(rejects(prompt, Spot(centre_xy=(x, y))) for prompt in both) == (not on_an_outer_edge)


def test_filters_hold_together_and_before_limits() -> None:
    scratch = Prompt(words="a scratch", smallest_area=2, least_aspect_ratio=3, largest_count=1)
    long, small = Spot(area=2, aspect_ratio=3), Spot(area=1, aspect_ratio=9)
    assert not rejects(scratch, long, small, Spot(area=9, aspect_ratio=1))
    assert rejects(scratch, long, long)


def test_every_broken_rule_is_a_reason_in_the_lines_unit() -> None:
    prompt = Prompt(words="a stain", largest_total_area=1.0, largest_count=0, largest_length=3)
    found = reasons(prompt, Spot(area=2.0, length=4.0))
    assert [(r.rule, r.measured, r.limit, r.unit) for r in found] == [
        ("largest_count", 1, 0, "findings"),
        ("largest_length", 4.0, 3.0, "mm"),
        ("largest_total_area", 2.0, 1.0, "mm2"),
    ]
    assert {r.unit for r in reasons(prompt, Spot(area=2.0), unit="px")} == {"findings", "px2"}


@given(st.lists(st.floats(0.1, 100), max_size=8), st.floats(0.1, 100))
def test_more_findings_never_turn_a_reject_into_a_pass(areas: list[float], extra: float) -> None:
    prompt = Prompt(words="a crack", largest_count=2, largest_total_area=50.0, largest_length=60)
    before = [Spot(area=area, length=area) for area in areas]
    if rejects(prompt, *before):
        assert rejects(prompt, *before, Spot(area=extra, length=extra))
