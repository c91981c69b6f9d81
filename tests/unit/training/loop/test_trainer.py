"""A tiny model learns; a stopped and resumed run is the unbroken one; the export agrees."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from contracts.errors import BadYaml, UserError
from inference.text_encoder import TextEncoder
from inference.training.data.batches import Batch, BatchMaker
from inference.training.data.sources import caption_bank, expand, load_parts
from inference.training.delivery.export import agreement, export
from inference.training.loop import checkpoint, optimiser
from inference.training.loop.saved_network import model_of
from inference.training.loop.train import run
from inference.training.loop.trainer import Prefetch, Trainer
from inference.training.recipe import Optimiser, TrainingRecipe, read_recipe
from tests.tiny import ROOT, TINY


@pytest.fixture
def recipe(tiny_line: Path, encoder_folder: Path) -> TrainingRecipe:
    return TrainingRecipe(
        name="tiny",
        text_encoder=str(encoder_folder),
        lines={"tiny": {"folder": str(tiny_line), "synthetic": {"crack": 1.0}}},
        model=TINY.to_dict(),
        crop_px=64,
        crop_batch=4,
        whole_area_px2=96 * 96 * 4,
        optimiser=Optimiser(steps=6, decay_steps=4, warmup_steps=2, freeze_norm=0.2),
        validate_every_steps=3,
        threads=1,
    )


def fixed_batch(recipe: TrainingRecipe) -> tuple[Trainer, Batch]:
    parts = load_parts(recipe, "train")
    bank = caption_bank(recipe, parts)
    return Trainer(recipe, bank), BatchMaker(recipe, parts, bank).batch(1)


def test_a_tiny_model_overfits_one_batch(recipe: TrainingRecipe) -> None:
    quick = Optimiser(steps=1000, warmup_steps=5, learning_rate=5e-3, weight_decay=0)
    trainer, batch = fixed_batch(recipe.model_copy(update={"optimiser": quick}))
    first = trainer.train_step(batch)
    for _ in range(40):
        last = trainer.train_step(batch)
    assert float(last.total) < 0.5 * float(first.total)
    assert float(last.presence_right) >= 0.8


def test_a_resumed_run_is_the_unbroken_one(recipe: TrainingRecipe, tmp_path: Path) -> None:
    whole = run(recipe, tmp_path / "whole", resume=False)
    run(recipe, tmp_path / "broken", resume=False, stop_at=3)
    resumed = run(recipe, tmp_path / "broken", resume=True)
    assert resumed.step == whole.step == 6
    for one, other in ((whole.model, resumed.model), (whole.average.model, resumed.average.model)):
        for name, value in one.state_dict().items():
            assert torch.equal(value, other.state_dict()[name]), name
    rows = [(tmp_path / name / "val.csv").read_text() for name in ("whole", "broken")]
    assert rows[0] == rows[1]


def test_batches_are_prefetched_in_order(recipe: TrainingRecipe) -> None:
    class Numbers:
        def batch(self, step: int) -> int:
            return step

    assert list(Prefetch(Numbers(), 2, 9)) == list(range(2, 9))  # type: ignore[arg-type]


def test_a_checkpoint_of_another_model_is_refused(recipe: TrainingRecipe, tmp_path: Path) -> None:
    trainer, _ = fixed_batch(recipe)
    trainer.save(tmp_path)
    other = recipe.model_copy(update={"model": {}})
    with pytest.raises(UserError, match="network is another: model"):
        fixed_batch(other)[0].resume(tmp_path)
    with pytest.raises(UserError, match="no checkpoint"):
        trainer.resume(tmp_path / "nowhere")


def test_a_killed_save_leaves_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint.save(tmp_path, {"step": 1})

    def dies(state: object, file: object) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", dies)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(tmp_path, {"step": 2})
    assert checkpoint.load(tmp_path / checkpoint.NAME) == {"step": 1}


def test_learning_rate_warms_up_stays_and_falls_to_the_floor() -> None:
    settings = Optimiser(steps=100, decay_steps=40, warmup_steps=10, learning_rate=1.0, floor=0.1)
    rates = [optimiser.learning_rate(step, settings) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert set(rates[10:61]) == {1.0}
    assert rates[100] == pytest.approx(0.1)
    assert all(later < earlier for earlier, later in pairwise(rates[60:]))


def test_a_longer_run_begins_like_a_shorter_one(recipe: TrainingRecipe, tmp_path: Path) -> None:
    """A run goes on from ``level.pt`` as if it had been longer from the start."""
    longer = recipe.model_copy(
        update={"optimiser": recipe.optimiser.model_copy(update={"steps": 9})}
    )
    run(recipe, tmp_path / "short", resume=False)
    unbroken = run(longer, tmp_path / "long", resume=False)
    level = (tmp_path / "short" / checkpoint.LEVEL).read_bytes()
    (tmp_path / "on").mkdir()
    (tmp_path / "on" / checkpoint.NAME).write_bytes(level)
    went_on = run(longer, tmp_path / "on", resume=True)
    for name, value in unbroken.average.model.state_dict().items():
        assert torch.equal(value, went_on.average.model.state_dict()[name]), name


def test_a_run_can_start_from_anothers_weights(recipe: TrainingRecipe, tmp_path: Path) -> None:
    first = run(recipe, tmp_path / "first", resume=False)
    start = recipe.model_copy(
        update={
            "start_from": str(tmp_path / "first" / checkpoint.NAME),
            "optimiser": Optimiser(steps=1, learning_rate=1e-12),
        }
    )
    second = run(start, tmp_path / "second", resume=False)
    for name, value in first.average.model.named_parameters():
        assert torch.allclose(value, second.average.model.state_dict()[name], atol=1e-6), name


def test_norms_and_biases_are_not_decayed(recipe: TrainingRecipe) -> None:
    trainer, _ = fixed_batch(recipe)
    decayed, plain = trainer.optimiser.param_groups
    assert min(p.ndim for p in decayed["params"]) >= 2 > max(p.ndim for p in plain["params"])
    assert decayed["weight_decay"] > 0 == plain["weight_decay"]
    count = sum(1 for _ in trainer.model.parameters())
    assert len(decayed["params"]) + len(plain["params"]) == count


def test_export_agrees_and_takes_any_size_and_number(
    recipe: TrainingRecipe, tmp_path: Path, encoder: TextEncoder
) -> None:
    trainer, batch = fixed_batch(recipe)
    trainer.train_step(batch)
    trainer.save(tmp_path)
    path = export(tmp_path / checkpoint.NAME, tmp_path / "out", {"escapes": 1}, encoder)
    described = json.loads((tmp_path / "out" / "model.json").read_text())
    assert described["onnx_sha256"].startswith(described["model_version"])
    assert described["val"] == {"escapes": 1}
    assert described["steps"] == 1
    model, _ = model_of(tmp_path / checkpoint.NAME)
    assert agreement(model, path, seed=5) >= 0.995
    shapes = {
        put.name: [d.dim_param or d.dim_value for d in put.type.tensor_type.shape.dim]
        for put in onnx.load(path).graph.input
    }
    assert shapes["image"][1] == 3
    assert all(isinstance(shapes["image"][axis], str) for axis in (0, 2, 3))


def test_the_shipped_recipes_are_valid() -> None:
    recipes = sorted((ROOT / "recipes").glob("*.yaml"))
    assert recipes
    for path in recipes:
        assert read_recipe(path).dqformer().width > 0


def test_a_misspelt_recipe_names_the_field(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("name: a\ntext_encoder: b\nlines: {}\noptimiser: {steps: 5, learn_rate: 1}\n")
    with pytest.raises(BadYaml, match=r"yaml:4:23: .*learn_rate: .*mean learning_rate"):
        read_recipe(path)


def test_an_unset_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REFEREE_NOWHERE", raising=False)
    with pytest.raises(UserError, match="REFEREE_NOWHERE"):
        expand("${REFEREE_NOWHERE}/tiles")


def test_random_numbers_of_numpy_are_untouched_by_training(recipe: TrainingRecipe) -> None:
    """Batches draw from their own generator alone, or resuming could not be exact."""
    np.random.seed(1)
    before = np.random.get_state(legacy=False)["state"]["key"].copy()
    fixed_batch(recipe)
    assert np.array_equal(np.random.get_state(legacy=False)["state"]["key"], before)
