"""Other words come to mean what the usual ones mean, and the usual ones keep their meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from contracts.errors import UserError
from contracts.prompt import UNIVERSAL_PROMPT
from inference.dqformer.model import DQFormer
from inference.training.data.batches import Batch, BatchMaker
from inference.training.data.sources import caption_bank, load_parts
from inference.training.loop import checkpoint
from inference.training.loop.rewording import Rewording, run, settings_of
from inference.training.loop.saved_network import model_of
from inference.training.loop.trainer import Trainer
from inference.training.recipe import Optimiser, TrainingRecipe
from inference.training.words.captions import CaptionBank
from tests.tiny import TINY


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
        optimiser=Optimiser(steps=60, warmup_steps=2, learning_rate=5e-3),
        threads=1,
    )


@pytest.fixture
def bank(recipe: TrainingRecipe) -> CaptionBank:
    return caption_bank(recipe, load_parts(recipe, "train"))


def text_of(bank: CaptionBank, text: str) -> str:
    return bank.texts[int(bank.usual(np.array(bank.texts.index(text))))]


def test_every_caption_has_its_usual_words(bank: CaptionBank) -> None:
    names = bank.grammar.names["crack"]
    assert text_of(bank, "something unusual") == UNIVERSAL_PROMPT
    assert text_of(bank, f"any {names[2]}") == text_of(bank, names[0]) == "crack"
    usual = bank.usual(np.arange(len(bank.texts)))
    assert (bank.usual(usual) == usual).all()
    for form, templates in bank.grammar.forms.items():
        if form == "plain":
            continue
        for template in templates:
            asked = bank.grammar.worded((names[3],), form)[templates.index(template)]
            expected = bank.grammar.worded((names[0],), form)[templates.index(template)]
            assert text_of(bank, asked) == expected


@torch.no_grad()
def margins(
    network: DQFormer, bank: CaptionBank, batch: Batch, captions: np.ndarray
) -> torch.Tensor:
    tokens = bank.tokens(captions)
    image = torch.from_numpy(batch.image).float()
    return network(image, torch.from_numpy(tokens.states), torch.from_numpy(tokens.mask)).margin


def test_other_words_are_answered_as_the_usual_ones(
    recipe: TrainingRecipe, bank: CaptionBank
) -> None:
    batch = BatchMaker(recipe, load_parts(recipe, "train"), bank).batch(1)
    trainer = Trainer(recipe, bank)
    for _ in range(60):
        trainer.train_step(batch)
    teacher: Any = trainer.average.model
    other = np.full_like(batch.caption, bank.texts.index("something unusual"))
    batch = batch._replace(caption=other)
    rewording = Rewording(teacher, bank, settings_of(recipe, 60, 5e-3), seed=0)
    for _ in range(60):
        rewording.train_step(batch)
    pupil = rewording.taught()

    usual = bank.usual(other)
    wanted = margins(teacher, bank, batch, usual) > 0
    assert wanted.any()
    before, after, kept = (
        ((margins(network, bank, batch, asked) > 0) ^ wanted).float().mean()
        for network, asked in ((teacher, other), (pupil, other), (pupil, usual))
    )
    assert after < 0.5 * before
    assert kept < 0.02
    for part in ("backbone", "pyramid"):
        for one, two in zip(
            getattr(teacher, part).parameters(), getattr(pupil, part).parameters(), strict=True
        ):
            assert torch.equal(one, two)


def test_a_run_leaves_a_checkpoint_that_says_so(
    recipe: TrainingRecipe, bank: CaptionBank, tmp_path: Path
) -> None:
    Trainer(recipe, bank).save(tmp_path / "first")
    run(recipe, tmp_path / "first" / checkpoint.NAME, tmp_path / "second", 3, 1e-3)
    network, state = model_of(tmp_path / "second" / checkpoint.NAME)
    assert state["changes"] == [
        {"step": 0, "field": "words", "change": "3 steps of rewording, rate 0.001"}
    ]
    assert state["step"] == 3
    assert network.config == TINY


def test_a_teacher_sees_the_same_features(
    recipe: TrainingRecipe, bank: CaptionBank, tmp_path: Path
) -> None:
    for name, seed in (("first", 1), ("other", 2)):
        Trainer(recipe.model_copy(update={"seed": seed}), bank).save(tmp_path / name)
    first, second, third, other = (
        tmp_path / name / checkpoint.NAME for name in ("first", "second", "third", "other")
    )
    run(recipe, first, second.parent, 1, 1e-3)
    run(recipe, second, third.parent, 1, 1e-3, teacher=first)
    assert [change["change"] for change in model_of(third)[1]["changes"]] == [
        "1 steps of rewording, rate 0.001"
    ] * 2
    with pytest.raises(UserError, match="other features"):
        run(recipe, second, tmp_path / "fourth", 1, 1e-3, teacher=other)
