"""The network served by the real Triton gives the masks that it gives in torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch
from typer.testing import CliRunner

from inference.dqformer.config import BackboneConfig, DQFormerConfig
from inference.dqformer.model import DQFormer
from inference.training.evaluation.served_agreement import LEAST_AGREEMENT
from inference.training.loop.saved_network import save_weights
from referee.cli import app
from referee.project import SHIPPED_WEIGHTS
from simulation.plates.render import render

pytestmark = pytest.mark.xdist_group("triton")

TINY = DQFormerConfig(
    backbone=BackboneConfig(
        options={
            "embedding_size": 8,
            "hidden_sizes": [8, 8, 16, 16],
            "depths": [1, 1, 1, 1],
            "layer_type": "basic",
        }
    ),
    width=16,
    heads=2,
    refine_width=8,
)
PICTURES = 5


@pytest.fixture
def line(tmp_path: Path) -> Path:
    """A few rendered plates, of which not all are good, with their truth."""
    folder, index = tmp_path / "plates", []
    folder.mkdir()
    for number in range(PICTURES):
        part = render(5, number, 160, 128, defect_share=0.7)
        row = {"image": f"{number}.png", "kind": part.kind, "split": "val"}
        cv2.imwrite(str(folder / row["image"]), part.image[:, :, ::-1])
        if part.mask.any():
            row["mask"] = f"{number}_mask.png"
            cv2.imwrite(str(folder / row["mask"]), part.mask.astype("uint8") * 255)
        index.append(row)
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def agreement(line: Path, *arguments: str) -> dict:
    result = CliRunner().invoke(
        app, ["evaluate", "--data", str(line), "--agree", "--json", *arguments]
    )
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["agreement"]


def test_a_checkpoint_in_torch_and_served(line: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)  # random weights, lifted so that about half of the pixels are marked
    model = DQFormer(TINY).eval()
    grey = torch.full((1, 3, 96, 96), 150.0)
    with torch.no_grad():
        margin = model(
            grey, torch.randn(1, 1, 4, 384), torch.ones(1, 1, 4, dtype=torch.bool)
        ).margin
        model.decoder.refinement.out.bias -= margin.median()
        last: Any = model.decoder.presence.mlp[-1]
        last.bias += 10.0
    save_weights(tmp_path / "tiny.safetensors", model)
    found = agreement(line, "--checkpoint", str(tmp_path / "tiny.safetensors"))
    assert found["images"] == PICTURES
    assert found["least_iou"] >= LEAST_AGREEMENT


@pytest.mark.skipif(not SHIPPED_WEIGHTS.is_file(), reason="no weights beside the exported network")
def test_what_ships_in_torch_and_served(line: Path) -> None:
    assert agreement(line)["least_iou"] >= LEAST_AGREEMENT
