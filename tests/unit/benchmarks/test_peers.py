"""The command, on a tiny line: it trains, resumes, and repeats nothing that has finished."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from benchmarks.peers import peer_runs
from benchmarks.peers.contenders import CONTENDERS
from benchmarks.peers.material import Material
from benchmarks.peers.peer_benchmark import (
    PeerOptions,
    chosen_runs,
    common_recipe,
    peer_benchmark,
)
from benchmarks.peers.peer_runs import ShownBatches
from contracts.errors import UserError
from inference.training.loop.trainer import Trainer
from inference.training.recipe import TrainingRecipe, read_recipe
from tests.tiny import TINY


@pytest.fixture
def recipe_file(tmp_path: Path, tiny_line: Path, encoder_folder: Path) -> Path:
    path = tmp_path / "recipe.yaml"
    values = {
        "name": "tiny",
        "text_encoder": str(encoder_folder),
        "lines": {"tiny": {"folder": str(tiny_line), "synthetic": {"crack": 1.0}}},
        "model": json.loads(json.dumps(TINY.to_dict())),
        "crop_px": 64,
        "crop_batch": 2,
        "whole_area_px2": 96 * 96 * 2,
        "optimiser": {"steps": 4, "decay_steps": 2, "warmup_steps": 1},
        "threads": 1,
    }
    path.write_text(yaml.safe_dump(values))
    return path


@pytest.fixture
def call(tmp_path: Path, recipe_file: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command; all calls of a test share what was read by the first."""
    read = Material.read
    known: list[Material] = []

    def once(recipe: TrainingRecipe, val_every: int = 1) -> Material:
        if not known:
            known.append(read(recipe, val_every))
        return replace(known[0], recipe=recipe)

    monkeypatch.setattr(Material, "read", once)

    def called(*runs: str, **options: Any) -> str:
        out, folder = tmp_path / "docs" / "peers.md", tmp_path / "runs"
        peer_benchmark(
            PeerOptions(recipe=recipe_file, out=out, folder=folder, runs=runs, **options)
        )
        return out.read_text()

    return called


def test_runs_are_made_once_and_stay_in_the_table(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = call("unet")
    assert "| `dqformer` | two tokens" in first
    assert "`dqformer`: not run." in first
    both = call("unet", "dqformer")

    def never(*arguments: object) -> None:
        raise AssertionError("a finished run was repeated")

    monkeypatch.setattr(Trainer, "train_step", never)
    again = call("unet", "dqformer")
    tables = [text[text.index("## The networks") :] for text in (both, again)]
    assert tables[0] == tables[1]
    assert tables[0].count("not run") == 5 * (4 + 4)


def test_a_stopped_run_goes_on_as_if_it_had_not_been(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after its third step, the last checkpoint being of the second."""
    call("dqformer")
    whole = json.loads((tmp_path / "runs/dqformer/result.json").read_text())
    (tmp_path / "runs").rename(tmp_path / "before")
    step = Trainer.train_step

    def breaks(self: Trainer, batch: Any) -> Any:
        if self.step == 2:
            peer_runs._save(
                self, peer_runs.Clock(tmp_path / "runs/dqformer", False), tmp_path / "runs/dqformer"
            )
        if self.step == 3:
            raise KeyboardInterrupt
        return step(self, batch)

    monkeypatch.setattr(Trainer, "train_step", breaks)
    with pytest.raises(KeyboardInterrupt):
        call("dqformer")
    monkeypatch.setattr(Trainer, "train_step", step)
    with pytest.raises(UserError, match="--resume"):
        call("dqformer")
    with pytest.raises(UserError, match="other settings"):
        call("dqformer", resume=True, steps=5)
    call("dqformer", resume=True)
    resumed = json.loads((tmp_path / "runs/dqformer/result.json").read_text())
    assert resumed["answers"] == whole["answers"]
    assert resumed["figures"] == whole["figures"]


def test_all_see_the_same_pictures(recipe_file: Path) -> None:
    recipe = read_recipe(recipe_file)
    material = Material.read(recipe)
    makers = [
        ShownBatches(CONTENDERS[name], recipe, material)
        for name in ("dqformer", "unet", "no_wrong_prompts")
    ]
    for step in range(3):
        ours, unet, true = (maker.batch(step) for maker in makers)
        assert np.array_equal(ours.image, unet.image)
        assert np.array_equal(ours.image, true.image)
        assert np.array_equal(ours.target[:, :1], unet.target)


def test_another_budget_needs_another_folder(call: Any) -> None:
    call("unet", steps=2)
    with pytest.raises(UserError, match="other settings"):
        call("unet", steps=3)


def test_an_unknown_line_is_refused(recipe_file: Path) -> None:
    options = PeerOptions(recipe=recipe_file, lines=("no_such",))
    with pytest.raises(UserError, match="no_such"):
        common_recipe(options)


def test_an_unknown_run_is_refused() -> None:
    with pytest.raises(UserError, match=r"resnet not known; choose from .*unet"):
        chosen_runs(("resnet",))


def test_the_recipe_is_one() -> None:
    recipe = common_recipe(PeerOptions())
    assert isinstance(recipe, TrainingRecipe)
    assert list(recipe.lines) == ["magnetic_tile", "ball_screw", "pcb"]
    assert recipe.crop_px == 160
    assert recipe.start_from is None
