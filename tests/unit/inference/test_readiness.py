"""Which stations a worker serves: one in trouble takes none of the others away."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from contracts.camera import CameraConfig
from contracts.errors import ModelRejected, ModelUnavailable
from contracts.process_state import Status, Trouble
from contracts.release import Prompt, Recipe, Release, StationConfig
from inference.perception import Perception
from inference.readiness import Readiness
from tests.unit.inference.making import margin_with, perception


def release(station: str, words: str) -> Release:
    camera = CameraConfig(kind="simulated")
    return Release.of(station, StationConfig(camera=camera, prompts=(Prompt(words=words),)))


class World:
    """A model that refuses some words, and the releases of two stations."""

    def __init__(self) -> None:
        self.is_there = True
        self.refuses = ""
        self.asked: list[str] = []
        self.releases: dict[str, Release] = {
            "tiles": release("tiles", "a crack"),
            "plates": release("plates", "a dent"),
        }
        self.readiness = Readiness(self, self, ["tiles", "plates"], lambda seconds: None)

    def is_ready(self) -> bool:
        return self.is_there

    def revive(self) -> None:
        raise ModelUnavailable("nobody listens")

    def infer(self, image: bytes, prompts: Sequence[str], timeout_s: float) -> Perception:
        self.asked += prompts
        if self.refuses in prompts:
            raise ModelRejected("no such words")
        return perception(margin_with())

    def active(self, station: str) -> Release | None:
        return self.releases.get(station)

    def served(self) -> list[str]:
        self.readiness.step()
        return [name for name in ("tiles", "plates") if self.readiness.status.serves(name)]


@pytest.fixture
def world() -> World:
    return World()


def test_stations_are_served_once_their_words_are_warm(world: World) -> None:
    assert not world.readiness.status.serves("tiles")
    assert world.served() == world.served() == ["tiles", "plates"]
    assert world.asked == ["a crack", "a dent"]
    assert world.readiness.status == Status(model_version="model-1")


def test_the_words_of_every_recipe_are_warm_before_a_station_is_served(world: World) -> None:
    tiles = world.releases["tiles"].config
    recipes = {2: Recipe(prompts=(Prompt(words="rust"),)), 9: Recipe(prompts=(Prompt(words="x"),))}
    world.releases["tiles"] = Release.of("tiles", tiles.model_copy(update={"recipes": recipes}))
    assert world.served() == ["tiles", "plates"]
    assert sorted(world.asked) == ["a crack", "a dent", "rust", "x"]


def test_a_station_without_a_release_leaves_the_others_served(world: World) -> None:
    del world.releases["tiles"]
    assert world.served() == ["plates"]
    assert world.readiness.status.troubles == {"tiles": Trouble(code="no_release")}


def test_words_that_the_model_refuses_leave_the_others_served(world: World) -> None:
    world.refuses = "a dent"
    assert world.served() == ["tiles"]
    assert world.readiness.status.troubles == {
        "plates": Trouble(code="no_model", detail="no such words")
    }


def test_without_the_model_nobody_is_served(world: World) -> None:
    world.served()
    world.is_there = False
    assert world.served() == []
    assert world.readiness.status.reason == "Triton cannot serve the model: nobody listens"


def test_a_station_that_joins_is_warmed_up_and_one_that_is_back_is_warmed_up_again() -> None:
    world = World()
    world.readiness.follow(["tiles"])
    world.readiness.step()
    assert world.asked == ["a crack"]
    world.readiness.follow(["plates"])
    world.readiness.step()
    world.readiness.follow(["tiles", "plates"])
    world.readiness.step()
    assert world.asked == ["a crack", "a dent", "a crack"]
    assert world.readiness.status.troubles == {}
