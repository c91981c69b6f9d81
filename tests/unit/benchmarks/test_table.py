"""The page, from canned results."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from benchmarks import machine
from benchmarks.peers.answers import Answer
from benchmarks.peers.material import of_length
from benchmarks.peers.peer_benchmark import RECIPE
from benchmarks.peers.peer_page import Setting, document
from benchmarks.peers.results import Effort, Result
from contracts.errors import UserError
from inference.training.recipe import read_recipe


def result(name: str, hits: int) -> Result:
    """Ten defective parts of 100 px2, ``hits`` of each found; ten good ones, all passed."""
    answers = [Answer("tile", f"bad/{n}", True, hits / 100, hits, 100, hits > 0) for n in range(10)]
    answers += [Answer("tile", f"good/{n}", False, 1.0, 0, 0, False) for n in range(10)]
    figures = {
        "miou": hits / 100,
        "oiou": hits / 100,
        "escapes": 0 if hits else 10,
        "defective": 10,
        "false_rejects": 0,
        "good": 10,
    }
    return Result(
        name=name,
        settings={"recipe": {"seed": 1}, "val_every": 1},
        figures={"pooled": figures, "tile": figures},
        answers=answers,
        parameters=2_750_000,
        gflop=0.6,
        effort=Effort(images=800, train_s=100.0, cpu_s=90.0),
        evaluate_s=20.0,
        load=3.25,
        finished_utc="2026-01-01T00:00+00:00",
    )


def page(*results: Result, note: str = "") -> str:
    setting = Setting("referee bench peers --steps 7", read_recipe(RECIPE), 1, 120.0)
    return document({one.name: one for one in results}, setting, note)


def test_the_page_holds_every_figure() -> None:
    text = page(result("unet", 40), result("dqformer", 60))
    assert "| `dqformer` | 0.600 | 0.600 | 0 of 10 | 0 of 10 |" in text
    assert "| `unet` | **+0.200 [+0.200, +0.200]** | **+0.200 [+0.200, +0.200]** | +0.0" in text
    assert "| 2.75 M | 0.60 | 8.0 | 90 |" in text
    assert "## All lines together" in text
    assert "## `tile`" in text
    assert "referee bench peers --steps 7" in text


def test_what_was_not_run_is_said() -> None:
    text = page(result("dqformer", 60))
    assert text.count("| `unet` |") == 2
    assert "| `unet` | not run | not run | not run | not run |" in text
    assert "`dqformer`: not run." in page(result("unet", 40))


def test_the_page_says_what_it_may_be_compared_with() -> None:
    text = page(result("dqformer", 60), note="One sentence.")
    assert "Compare them only" in text
    assert "Published image AUROC" in text
    assert "## What it says\n\nOne sentence." in text


def test_no_escape_differs_where_all_pass() -> None:
    text = page(result("unet", 0), result("dqformer", 60))
    assert "**-100.0 [-100.0, -100.0]**" in text


def test_the_machine_is_named_without_its_host() -> None:
    told = f"{machine.processor()} {machine.versions()}"
    assert "torch 2" in told
    assert socket.gethostname() not in told


def test_a_result_comes_back_from_its_file(tmp_path: Path) -> None:
    one = result("dqformer", 60)
    one.write(tmp_path)
    assert Result.read(tmp_path, one.settings) == one
    assert Result.read(tmp_path / "nowhere", one.settings) is None
    with pytest.raises(UserError, match="other settings"):
        Result.read(tmp_path, {**one.settings, "val_every": 2})


def test_a_shorter_run_is_the_recipe_in_small() -> None:
    recipe = read_recipe(RECIPE)
    steps = recipe.optimiser.steps
    short = of_length(recipe, steps // 10)
    assert short.optimiser.decay_steps * 10 == recipe.optimiser.decay_steps
    assert short.optimiser.warmup_steps * 10 == recipe.optimiser.warmup_steps
    assert short.losses.balanced_steps * 10 == recipe.losses.balanced_steps
    assert short.shares.whole_by_step * 10 == recipe.shares.whole_by_step
    assert of_length(recipe, steps) == recipe
