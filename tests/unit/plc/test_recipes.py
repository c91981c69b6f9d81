"""The PLC selects a recipe, and each part is judged by the one of its own trigger."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.causes import Cause, Decision, Mode
from contracts.process_state import ProcessState, Role
from contracts.release import Activation, Prompt, Recipe
from plc.core.phases import BridgePhase
from plc.core.registers import COILS, bits_to_word
from tests.unit.plc.rig import RUN, UP, Rig, release
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
def rig() -> Rig:
    met = Rig(recipes=RECIPES)
    met.follow(of(), UP._replace(agreed=True))
    met.meet()
    return met


def test_a_selected_recipe_is_answered_and_judges_the_parts_triggered_from_then_on(rig):
    line = rig.station.release
    assert (rig.read()["recipe"], rig.bits()["recipe_ready"]) == (0, True)
    rig.trigger(1)
    rig.select(7)
    assert (rig.read()["recipe"], rig.bits()["recipe_ready"]) == (7, True)
    assert rig.bits()["trigger_ready"]
    rust = line.of_recipe(7)
    assert rig.read()["recipe_version"] == int(rust.release_id[:4], 16)
    rig.trigger(2)
    assert [rig.asked[seq].recipe for seq in (1, 2)] == [0, 7]
    for seq, under in ((1, line), (2, rust)):
        rig.say(seq, PASS, under=under)
        rig.write(ack_seq=seq)
    assert [rig.settled[seq].decision for seq in (1, 2)] == [PASS, PASS]
    assert [rig.settled[seq].release_id for seq in (1, 2)] == [line.release_id, rust.release_id]


def test_a_pass_by_another_recipe_than_the_parts_own_is_none(rig):
    line = rig.station.release
    rig.trigger(1)
    rig.select(7)
    rig.trigger(2)
    rig.say(1, PASS, under=line.of_recipe(7))  # in force now, and not the first part's
    rig.write(ack_seq=1)
    rig.say(2, PASS, under=line)
    rig.write(ack_seq=2)
    assert [rig.settled[seq].cause for seq in (1, 2)] == [Cause.STALE_RELEASE] * 2


def test_a_part_on_its_way_may_be_judged_by_its_own_recipe_of_a_newer_release(rig):
    rig.select(7)
    rig.trigger(1)
    newer = of(deadline_ms=299)
    rig.follow(newer, UP)
    rig.select(1)
    rig.say(1, PASS, under=newer.of_recipe(7))
    rig.write(ack_seq=1)
    assert rig.settled[1].decision is PASS


def test_a_recipe_that_is_not_there_is_an_error_and_never_the_old_one(rig):
    old = rig.station.release
    rig.select(3)
    assert (rig.read()["recipe"], rig.bits()["recipe_ready"]) == (3, False)
    assert (rig.read()["error_code"], rig.read()["recipe_version"]) == (UNKNOWN, 0)
    assert (rig.read()["phase"], rig.bits()["trigger_ready"]) == (BridgePhase.FAULT, False)
    rig.trigger(1)
    assert not rig.asked
    assert (rig.settled[1].decision, rig.settled[1].cause) == (NONE, Cause.NO_RELEASE)
    assert rig.read()["mode"] == 1
    rig.select(0)
    assert not rig.bits()["trigger_ready"]  # latched
    rig.raise_coils("clear_error")
    assert rig.bits()["trigger_ready"]
    rig.write(ack_seq=1)
    rig.trigger(2)
    rig.say(2, PASS, under=old)
    rig.write(ack_seq=2)
    assert rig.settled[2].decision is PASS


def test_a_release_without_the_selected_recipe_is_an_error_too(rig):
    rig.select(7)
    rig.follow(of({1: RECIPES[1]}), UP)
    assert (rig.read()["error_code"], rig.bits()["trigger_ready"]) == (UNKNOWN, False)
    rig.follow(of(), UP)
    rig.raise_coils("clear_error")
    assert rig.bits()["trigger_ready"]
    assert rig.read()["recipe"] == 7


def test_a_station_keeps_its_mode_whatever_recipe_is_selected(rig):
    rig.follow(of(mode=Mode.OBSERVE), UP)
    for recipe in (7, 3):
        rig.select(recipe)
        assert rig.read()["mode"] == 0


def test_without_recipe_exec_the_number_says_nothing(rig):
    rig.write(recipe_id=3)
    assert (rig.read()["recipe"], rig.bits()["recipe_ready"]) == (0, True)


def test_while_recipe_exec_is_set_the_number_is_followed(rig):
    on = RUN | bits_to_word(COILS, {"recipe_exec": True})
    for recipe in (7, 1, 0):
        rig.write(control=on, recipe_id=recipe)
        assert rig.read()["recipe"] == recipe


def test_the_class_is_counted_in_the_recipe_that_judged_and_is_none_for_another(rig):
    rig.select(1)
    rig.trigger(1)
    rejected = rig.say(1, REJECT, because="a scratch")
    assert rejected.release_id == rig.station.release.release_id
    assert rig.read()["class"] == 2
    rig.select(0)  # its first prompt is "a scratch"
    assert rig.read()["class"] == 0


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
