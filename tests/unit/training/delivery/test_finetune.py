"""A user's own parts: what is refused, how they are split, and the whole command once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest
import torch
from safetensors import safe_open

from contracts.errors import UserError
from inference.dqformer.model import STRIDE, DQFormer, DQFormerOutput
from inference.text_encoder import TextEncoder
from inference.training.data.dataset import Part
from inference.training.data.own_parts import FEWEST_DEFECTIVE, FEWEST_GOOD, find_parts
from inference.training.delivery import finetune as tuning
from inference.training.delivery.finetune import FinetuneOptions, finetune
from inference.training.evaluation.figures import measure, universal_cases
from inference.training.evaluation.torch_predictor import TorchPredictor
from inference.training.loop.saved_network import load_weights, round_to_half, save_weights
from inference.training.recipe import read_recipe
from inference.words.known_words import KnownWords
from tests.tiny import ROOT, TINY


@pytest.fixture
def parts_folder(tmp_path: Path) -> Path:
    """As MVTec AD has it: just enough parts of 64 x 64 px; the kind is one that nobody knows."""
    folder, rng = tmp_path / "widgets", np.random.default_rng(0)
    for number in range(FEWEST_GOOD):
        _write(folder / "train" / "good" / f"{number}.png", _surface(rng))
    for number in range(FEWEST_DEFECTIVE):
        image, mask = _surface(rng), np.zeros((64, 64), np.uint8)
        image[20:34, 20:34] = mask[20:34, 20:34] = 255
        _write(folder / "test" / "odd_glow" / f"{number}.png", image)
        _write(folder / "ground_truth" / "odd_glow" / f"{number}_mask.png", mask)
    return folder


def _surface(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(90, 120, (64, 64, 3), dtype=np.uint8)


def _write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)


def wish(data: Path, encoder_folder: Path, few_words: Path, **changed: object) -> FinetuneOptions:
    start = data.parent / "start.safetensors"
    save_weights(start, DQFormer(TINY))
    given = {
        "data": data,
        "out": data.parent / "out",
        "start_from": start,
        "text_encoder": encoder_folder,
        "shipped": ROOT / "triton_models",
        "grammar": few_words,
        "steps": 2,
        "device": "cpu",
    }
    return FinetuneOptions(**(given | changed))  # type: ignore[arg-type]


def test_the_whole_command(
    parts_folder: Path, encoder_folder: Path, few_words: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = wish(parts_folder, encoder_folder, few_words)
    assert finetune(asked) == 0
    told = capsys.readouterr()
    models = asked.out / "triton_models"
    assert f"REFEREE_MODELS={models} referee up" in told.out
    assert "25% of each kind held out" in told.err
    files = {path.relative_to(models).as_posix() for path in models.rglob("*") if path.is_file()}
    assert {"dqformer/config.pbtxt", "dqformer/1/model.py", "dqformer/1/model.onnx"} <= files
    assert "prompt_encoder/config.pbtxt" in files
    network = models / "dqformer" / "1"
    onnxruntime.InferenceSession(str(network / "model.onnx"), providers=["CPUExecutionProvider"])
    described = json.loads((network / "model.json").read_text())
    assert described["steps"] == 2
    assert described["val"]["lines"]["widgets"]["all"]["good"] == 5
    known = KnownWords.read(network / "words.safetensors")
    assert known.has_sentence("odd glow")
    assert not known.has_sentence("blowhole"), "a word of the network that ships"
    weights = asked.out / "widgets.safetensors"
    assert load_weights(weights).config == TINY
    with safe_open(weights, framework="pt") as file:
        assert file.metadata()["model_version"] == described["model_version"]
    assert read_recipe(asked.out / "recipe.yaml").crop_px == 64
    card = (asked.out / "model_card.md").read_text()
    for said in (
        "| good | 15 | 5 |",
        "| odd_glow | 8 | 2 |",
        "seed 0",
        "shipped operating point",
        "/2 = ",
    ):
        assert said in card
    with pytest.raises(UserError, match="holds a run already"):
        finetune(asked)


def test_too_little_time_is_said_with_what_is_needed(
    parts_folder: Path, encoder_folder: Path, few_words: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "MEASURED_STEPS", 1)
    asked = wish(parts_folder, encoder_folder, few_words, steps=None, minutes=0.001)
    with pytest.raises(UserError, match=r"too few here: a step takes .* give --minutes \d+"):
        finetune(asked)


class SmallBlob(torch.nn.Module):
    """Finds a region of 9 px2 on whatever it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(
        self, image: torch.Tensor, tokens: torch.Tensor, token_mask: torch.Tensor
    ) -> DQFormerOutput:
        margin = torch.full((1, 1, image.shape[2] // STRIDE, image.shape[3] // STRIDE), -1.0)
        margin[..., 10:11, 10:11] = 3.0
        return DQFormerOutput(margin, torch.ones(1, 1), [])


def test_figures_are_taken_at_the_shipped_operating_point(
    encoder: TextEncoder, tmp_path: Path, encoder_folder: Path, few_words: Path
) -> None:
    """A line file that names no smallest area rejects for a single pixel; so do the figures."""
    good = Part("widgets", "0", _surface(np.random.default_rng(0)))
    cases = universal_cases({"widgets": [good]}, encoder)
    options = wish(tmp_path, encoder_folder, few_words)
    recipe = tuning.first_recipe(options, DQFormer(TINY), [good])
    network: Any = SmallBlob()
    found = tuning.figures(network, cases, recipe)
    assert found["all"]["false_rejects"] == 1
    largest = measure(TorchPredictor(SmallBlob()), cases)[0].largest_px2
    assert 0 < largest < 16


def test_the_shipped_repository_is_never_the_target(
    parts_folder: Path, encoder_folder: Path, few_words: Path
) -> None:
    shipped = ROOT / "triton_models"
    with pytest.raises(UserError, match="holds the network that ships"):
        finetune(wish(parts_folder, encoder_folder, few_words, out=shipped))


def test_the_hold_out_is_the_same_each_time_and_of_every_kind(parts_folder: Path) -> None:
    first, second = find_parts(parts_folder), find_parts(parts_folder)
    assert first == second
    assert not {entry.image for entry in first.train} & {entry.image for entry in first.val}
    assert {entry.kind for entry in first.val} == {"good", "odd_glow"}


def test_an_index_says_which_part_is_held_out(parts_folder: Path) -> None:
    rows = [
        {
            "image": f"train/good/{number}.png",
            "kind": "good",
            "split": "val" if number < 4 else "train",
        }
        for number in range(FEWEST_GOOD)
    ]
    rows += [
        {
            "image": f"test/odd_glow/{number}.png",
            "mask": f"ground_truth/odd_glow/{number}_mask.png",
            "kind": "odd_glow",
            "split": "val" if number < 3 else "train",
        }
        for number in range(FEWEST_DEFECTIVE)
    ]
    index = parts_folder / "index.json"
    index.write_text(json.dumps(rows))
    found = find_parts(parts_folder)
    assert (len(found.train), len(found.val), found.split) == (23, 7, "as index.json says")
    for row in rows[FEWEST_GOOD:]:
        row["split"] = "train"
    index.write_text(json.dumps(rows))
    with pytest.raises(UserError, match="'val' wants good and defective"):
        find_parts(parts_folder)


def test_what_is_lacking_is_named(parts_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        find_parts(tmp_path / "nowhere")
    with pytest.raises(
        UserError, match=r"no line; a line's folder holds index\.json, or train/good"
    ):
        find_parts(tmp_path)
    (parts_folder / "ground_truth" / "odd_glow" / "3_mask.png").unlink()
    with pytest.raises(UserError, match=r"without a mask .*3_mask\.png"):
        find_parts(parts_folder)
    (parts_folder / "test" / "odd_glow" / "3.png").unlink()
    with pytest.raises(UserError, match="9 defective pictures, at least 10"):
        find_parts(parts_folder)
    for image in (parts_folder / "train" / "good").glob("*.png"):
        image.unlink()
    with pytest.raises(UserError, match="no good pictures, at least 20"):
        find_parts(parts_folder)


def test_rounded_weights_are_exact_in_half_the_size(tmp_path: Path) -> None:
    model = round_to_half(DQFormer(TINY).eval())
    for half in (True, False):
        save_weights(tmp_path / f"{half}.safetensors", model, half=half)
    again = load_weights(tmp_path / "True.safetensors").state_dict()
    for name, value in model.state_dict().items():
        assert again[name].dtype == value.dtype
        assert torch.equal(again[name], value), name
    sizes = [(tmp_path / f"{half}.safetensors").stat().st_size for half in (True, False)]
    assert sizes[0] < 0.75 * sizes[1]
