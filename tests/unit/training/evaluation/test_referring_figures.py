"""Expressions are measured one by one: an engine that knows the truth, one that sees no words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from contracts.errors import UserError
from inference.dqformer.model import DQFormer
from inference.training.data.dataset import Entry
from inference.training.evaluation.engines import Prediction
from inference.training.evaluation.referring_figures import by_picture, referring_figures
from inference.training.loop.saved_network import save_weights
from inference.training.referring.expressions import Form
from inference.training.referring.referring_builder import Build, build
from inference.training.referring.referring_set import FILE, Referring, load_target, read_referring
from inference.training.words.grammar_file import read_grammar
from referee.cli import app
from tests.tiny import TINY


class Answering:
    """Answers each text with a mask of its own."""

    knows_silence = False
    version = "answering"

    def __init__(self, mask_of: Callable[[str], np.ndarray]) -> None:
        self._mask_of = mask_of

    def ask(self, image_rgb: np.ndarray, words: Sequence[str]) -> Prediction:
        masks = np.stack([self._mask_of(each) > 0 for each in words])
        presence = np.where(masks.any(axis=(1, 2)), 1.0, -1.0).astype(np.float32)
        return Prediction(np.where(masks, 1.0, -1.0).astype(np.float32), presence)


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """Two dents, one on the left and a larger one on the right."""
    folder, mask = tmp_path / "parts", np.zeros((96, 96), np.uint8)
    mask[40:50, 5:15] = mask[40:60, 70:90] = 255
    for name, pixels in (
        ("train/good/b.png", mask * 0 + 60),
        ("test/dent/a.png", mask // 2 + 60),
        ("ground_truth/dent/a_mask.png", mask),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), pixels)

    def quiet(entries: Sequence[Entry], line: str) -> Iterator[Entry]:
        return iter(entries)

    build(folder, Build(tmp_path / "words", read_grammar(), per_image=400), quiet)
    return tmp_path / "words"


def measured(words: Path, mask_of: Callable[[Referring], np.ndarray]) -> tuple[dict, list[None]]:
    pictures = by_picture(read_referring(words), "val")
    assert len(pictures) == 1
    said = {record.text: record for record in pictures[0]}
    seen: list[None] = []
    engine = Answering(lambda text: mask_of(said[text]))
    figures = referring_figures(engine, words, pictures, lambda: seen.append(None))
    return figures["parts"], seen


def test_who_knows_the_truth_makes_no_mistake(words: Path) -> None:
    figures, seen = measured(words, lambda record: load_target(record, words))
    assert len(seen) == figures["images"] == 1
    assert set(figures["forms"]) == {str(form) for form in Form}
    for of in (figures, *figures["forms"].values(), *figures["narrowed_by"].values()):
        assert of["giou"] == 1.0
        assert of["miou"] in (1.0, None)  # None: an absent kind has no target
        assert of["n_acc"] in (1.0, None)
    assert figures["forms"]["absent"]["n_acc"] == 1.0
    assert {"left", "largest", "smallest", "two"} <= set(figures["narrowed_by"])
    assert sum(of["samples"] for of in figures["forms"].values()) == figures["samples"]


def test_who_sees_no_words_is_told_by_zones_sizes_and_what_is_absent(words: Path) -> None:
    everything = np.zeros((96, 96), np.uint8)
    everything[40:50, 5:15] = everything[40:60, 70:90] = 255
    figures, _ = measured(words, lambda record: everything)
    assert figures["forms"]["universal"]["miou"] == figures["forms"]["plain"]["miou"] == 1.0
    assert figures["forms"]["absent"]["n_acc"] == 0.0
    assert figures["narrowed_by"]["largest"]["miou"] == 0.8  # 400 of 500 px2
    assert figures["narrowed_by"]["smallest"]["miou"] == 0.2
    assert figures["narrowed_by"]["left"]["miou"] == 0.2


def test_the_command_knows_such_a_folder(
    words: Path, encoder_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFEREE_TEXT_ENCODER", str(encoder_folder))
    checkpoint = tmp_path / "tiny.safetensors"
    save_weights(checkpoint, DQFormer(TINY).eval(), {})
    asked = ["evaluate", "--data", str(words), "--checkpoint", str(checkpoint)]
    report = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert report["lines"]["parts"]["forms"]["zone"]["samples"] > 0
    assert "smallest" in CliRunner().invoke(app, asked).stdout
    for wrong, told in (
        (["--agree"], "holds expressions: only --json"),
        (["--split", "test"], "there is: train, val"),
    ):
        error = CliRunner().invoke(app, [*asked, *wrong]).exception
        assert isinstance(error, UserError)
        assert told in str(error)
    for file in words.parent.rglob("a.png"):
        file.write_bytes(b"x")
    error = CliRunner().invoke(app, asked).exception
    assert isinstance(error, UserError)
    assert "a.png" in str(error)
    (words / FILE).write_text("")
    assert "there is: nothing" in str(CliRunner().invoke(app, asked).exception)
