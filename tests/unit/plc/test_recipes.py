"""The PLC selects a recipe, and each part is judged by the one of its own trigger."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.causes import Cause, Decision, Mode
from contracts.process_state import ProcessState, Role
from contracts.release import Activation, Prompt, Recipe
from plc.core.phases import BridgePhase
from plc.core.registers import COILS, bits_to_word
from tests.unit.plc.bench import RUN, UP, Bench, release
from tests.unit.plc.test_bridge import Wired

PASS, REJECT, NONE = Decision.PASS, Decision.REJECT, Decision.NO_VERDICT
RECIPES = {
    1: Recipe(prompts=(Prompt(words="a dent"), Prompt(words="a scratch"))),
    7: Recipe(prompts=(Prompt(words="rust"),)),
}
UNKNOWN = 13


def of(recipes: dict[int, Recipe] | None = None, **config: object) -> Activation:
    return release(recipes=RECIPES if recipes is None else recipes, **config)


@pytest.fixture
def bench() -> Bench:
    met = Bench(recipes=RECIPES)
    met.follow(of(), UP._replace(agreed=True))
    met.meet()
    return met


def test_a_selected_recipe_is_answered_and_judges_the_parts_triggered_from_then_on(bench):
    line = bench.station.release
    assert (bench.read()["recipe"], bench.bits()["recipe_ready"]) == (0, True)
    bench.trigger(1)
    bench.select(7)
    assert (bench.read()["recipe"], bench.bits()["recipe_ready"]) == (7, True)
    assert bench.bits()["trigger_ready"]
    rust = line.of_recipe(7)
    assert bench.read()["recipe_version"] == int(rust.release_id[:4], 16)
    bench.trigger(2)
    assert [bench.asked[seq].recipe for seq in (1, 2)] == [0, 7]
    for seq, under in ((1, line), (2, rust)):
        bench.say(seq, PASS, under=under)
        bench.write(ack_seq=seq)
    assert [bench.settled[seq].decision for seq in (1, 2)] == [PASS, PASS]
    assert [bench.settled[seq].release_id for seq in (1, 2)] == [line.release_id, rust.release_id]


def test_a_pass_by_another_recipe_than_the_parts_own_is_none(bench):
    line = bench.station.release
    bench.trigger(1)
    bench.select(7)
    bench.trigger(2)
    bench.say(1, PASS, under=line.of_recipe(7))  # in force now, and not the first part's
    bench.write(ack_seq=1)
    bench.say(2, PASS, under=line)
    bench.write(ack_seq=2)
    assert [bench.settled[seq].cause for seq in (1, 2)] == [Cause.STALE_RELEASE] * 2


def test_a_part_on_its_way_may_be_judged_by_its_own_recipe_of_a_newer_release(bench):
    bench.select(7)
    bench.trigger(1)
    newer = of(deadline_ms=299)
    bench.follow(newer, UP)
    bench.select(1)
    bench.say(1, PASS, under=newer.of_recipe(7))
    bench.write(ack_seq=1)
    assert bench.settled[1].decision is PASS


def test_a_recipe_that_is_not_there_is_an_error_and_never_the_old_one(bench):
    old = bench.station.release
    bench.select(3)
    assert (bench.read()["recipe"], bench.bits()["recipe_ready"]) == (3, False)
    assert (bench.read()["error_code"], bench.read()["recipe_version"]) == (UNKNOWN, 0)
    assert (bench.read()["phase"], bench.bits()["trigger_ready"]) == (BridgePhase.FAULT, False)
    bench.trigger(1)
    assert not bench.asked
    assert (bench.settled[1].decision, bench.settled[1].cause) == (NONE, Cause.NO_RELEASE)
    assert bench.read()["mode"] == 1
    bench.select(0)
    assert not bench.bits()["trigger_ready"]  # latched
    bench.raise_coils("clear_error")
    assert bench.bits()["trigger_ready"]
    bench.write(ack_seq=1)
    bench.trigger(2)
    bench.say(2, PASS, under=old)
    bench.write(ack_seq=2)
    assert bench.settled[2].decision is PASS


def test_a_release_without_the_selected_recipe_is_an_error_too(bench):
    bench.select(7)
    bench.follow(of({1: RECIPES[1]}), UP)
    assert (bench.read()["error_code"], bench.bits()["trigger_ready"]) == (UNKNOWN, False)
    bench.follow(of(), UP)
    bench.raise_coils("clear_error")
    assert bench.bits()["trigger_ready"]
    assert bench.read()["recipe"] == 7


def test_a_station_keeps_its_mode_whatever_recipe_is_selected(bench):
    bench.follow(of(mode=Mode.OBSERVE), UP)
    for recipe in (7, 3):
        bench.select(recipe)
        assert bench.read()["mode"] == 0


def test_without_recipe_exec_the_number_says_nothing(bench):
    bench.write(recipe_id=3)
    assert (bench.read()["recipe"], bench.bits()["recipe_ready"]) == (0, True)


def test_while_recipe_exec_is_set_the_number_is_followed(bench):
    on = RUN | bits_to_word(COILS, {"recipe_exec": True})
    for recipe in (7, 1, 0):
        bench.write(control=on, recipe_id=recipe)
        assert bench.read()["recipe"] == recipe


def test_the_class_is_counted_in_the_recipe_that_judged_and_is_none_for_another(bench):
    bench.select(1)
    bench.trigger(1)
    rejected = bench.say(1, REJECT, because="a scratch")
    assert rejected.release_id == bench.station.release.release_id
    assert bench.read()["class"] == 2
    bench.select(0)  # its first prompt is "a scratch"
    assert bench.read()["class"] == 0


def test_a_recipe_is_ready_once_the_journal_has_it_and_inference_agrees(tmp_path: Path):
    wired = Wired(tmp_path / "bridge.sqlite", "top")
    activation, on = of(), bits_to_word(COILS, {"recipe_exec": True})
    wired.bridge.on_release("top", activation)

    def serves(worker: str, has: str) -> None:
        told = {"process": worker, "online": True, "ready": True, "at_utc_ns": 0}
        state = ProcessState(role=Role.INFERENCE, **told, stations=("top",), releases={"top": has})
        wired.bridge.on_state(state)

    def is_ready() -> bool:
        return wired.bridge.stations["top"].recipe_ready

    assert not is_ready()
    serves("inference-1", activation.release_id)
    assert is_ready()
    wired.write(1, plc_boot_id=7, recipe_id=7, coils=on)
    assert not is_ready()
    wired.commit()
    assert is_ready()
    serves("inference-2", "another")
    assert not is_ready()
    serves("inference-2", activation.release_id)
    assert is_ready()
    wired = wired.restarted()
    assert wired.read(1)["recipe"] == 7
    assert wired.bridge.stations["top"].release == activation.of_recipe(7)
