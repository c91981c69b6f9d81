"""`referee evaluate`: the same figures twice, one object on stdout, errors people can act on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from contracts.errors import RefereeError, UserError
from inference.dqformer.model import DQFormer
from inference.text_encoder import TextEncoder
from inference.training.data.labelled_lines import labelled_lines
from inference.training.evaluation.engines import LocalEngine
from inference.training.evaluation.labelled_figures import labelled_figures
from inference.training.evaluation.served_agreement import agreement
from inference.training.evaluation.speed import speed
from inference.training.evaluation.torch_predictor import TorchPredictor
from inference.training.loop.saved_network import load_weights, read_network, save_weights
from referee.cli import app
from tests.tiny import TINY

AT_LEAST = (
    "images", "miou", "oiou", "escapes", "defective", "false_rejects", "good", "region_recall",
    "false_blobs_per_good", "giou", "n_acc", "t_acc",
)  # fmt: skip


@pytest.fixture(scope="module")
def network() -> DQFormer:
    """Random weights, lifted so that they answer: about half of the pixels are marked."""
    torch.manual_seed(1)
    model = DQFormer(TINY).eval()
    grey = torch.full((1, 3, 96, 96), 105.0)
    with torch.no_grad():
        margin = model(
            grey, torch.randn(1, 1, 4, 384), torch.ones(1, 1, 4, dtype=torch.bool)
        ).margin
        model.decoder.refinement.out.bias -= margin.median()
        last: Any = model.decoder.presence.mlp[-1]
        last.bias += 10.0
    return model


@pytest.fixture
def checkpoint(network: DQFormer, tmp_path: Path) -> Path:
    path = tmp_path / "tiny.safetensors"
    save_weights(path, network, {"recipe": "tiny"})
    return path


@pytest.fixture(autouse=True)
def text_encoder(encoder_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFEREE_TEXT_ENCODER", str(encoder_folder))


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    if isinstance(result.exception, RefereeError):
        raise result.exception
    return result.exit_code, result.stdout


def test_weights_come_back_whole_with_their_configuration(
    network: DQFormer, checkpoint: Path
) -> None:
    loaded = load_weights(checkpoint)
    assert loaded.config == network.config
    assert not loaded.training
    for name, value in network.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name
    assert read_network(checkpoint)[1].startswith("tiny-")


def test_two_passes_are_bit_identical(
    network: DQFormer, tiny_line: Path, encoder: TextEncoder
) -> None:
    reports = []
    for _ in range(2):
        engine = LocalEngine(TorchPredictor(network), encoder, "tiny")
        reports.append(labelled_figures(engine, labelled_lines(tiny_line, "val"))[0])
    assert json.dumps(reports[0]) == json.dumps(reports[1])
    assert reports[0]["line"]["t_acc"] == 1.0  # it does answer
    found = agreement(engine, engine, labelled_lines(tiny_line, "val"))
    assert (found["images"], found["least_iou"], found["agree"]) == (4, 1.0, True)
    timed = speed(engine, labelled_lines(tiny_line, "val")[0])
    assert timed["16_prompts"]["p99_ms"] >= timed["16_prompts"]["p50_ms"] > 0


def test_one_json_object_and_a_gallery(tiny_line: Path, checkpoint: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "worst"
    code, out = run(
        "--data", tiny_line, "--checkpoint", checkpoint, "--json", "--gallery", pictures
    )
    report = json.loads(out)
    assert code == 0
    assert set(AT_LEAST) <= set(report["lines"]["line"])
    assert 0 <= report["lines"]["line"]["kinds"]["spot"]["miou"] <= 1
    assert report["lines"]["line"]["images"] == 4
    assert (report["data"], report["split"], report["engine"]) == ("line", "val", "torch")
    page = (pictures / "index.html").read_text()
    shown = [path for path in pictures.glob("*.png") if path.name in page]
    assert shown
    picture = cv2.imread(str(shown[0]))
    assert picture is not None
    assert picture.shape == (80, 96 * 3 + 12, 3)


def test_a_folder_of_lines_as_a_table(tiny_line: Path, checkpoint: Path) -> None:
    (tiny_line.parent / "not_a_line").mkdir()
    code, out = run("--data", tiny_line.parent, "--checkpoint", checkpoint, "--quick")
    assert code == 0
    assert "spot" in out
    assert "Pixels" not in out


def test_mvtec_layout_is_val_without_an_index(tmp_path: Path) -> None:
    for folder in ("train/good", "test/good", "test/bent", "ground_truth/bent"):
        (tmp_path / folder).mkdir(parents=True)
    black = np.zeros((20, 20), np.uint8)
    for name in ("train/good/1", "test/good/2", "test/bent/3"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), black)
    cv2.imwrite(str(tmp_path / "ground_truth/bent/3_mask.png"), black + 255)
    (line,) = labelled_lines(tmp_path, "val")
    assert line.kinds == ("bent",)
    assert [sorted(part.masks) for _, part in line.parts()] == [["bent"], []]


def break_index(change: Callable[[list[dict]], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        rows = json.loads((folder / "index.json").read_text())
        change(rows)
        (folder / "index.json").write_text(json.dumps(rows))

    return apply


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (break_index(lambda rows: rows[5].pop("mask")), "without a mask; add"),
        (break_index(lambda rows: rows[5].update(mask="gone.png")), "gone.png is not there"),
        (break_index(lambda rows: rows[4].update(image="gone.png")), "gone.png: no such picture"),
        (break_index(lambda rows: rows[0].pop("kind")), r"index.json: 0.kind: is missing"),
        (lambda folder: (folder / "index.json").write_text("{"), "is not JSON"),
        (lambda folder: (folder / "good/4.png").write_bytes(b"x"), "4.png"),
    ],
)
def test_damaged_data_is_one_clear_line(
    damage: Callable[[Path], object], told: str, tiny_line: Path, checkpoint: Path
) -> None:
    damage(tiny_line)
    with pytest.raises(UserError, match=told) as error:
        run("--data", tiny_line, "--checkpoint", checkpoint)
    assert "\n" not in str(error.value)


def test_wrong_arguments_are_named(tiny_line: Path, checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        run("--data", tmp_path / "nowhere")
    with pytest.raises(UserError, match="there is: train, val"):
        run("--data", tiny_line, "--split", "test")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no line in it; a line's folder"):
        run("--data", tmp_path / "empty")
    with pytest.raises(UserError, match="no such file"):
        run("--data", tiny_line, "--checkpoint", tmp_path / "gone.pt")
    for name in ("rubbish.pt", "rubbish.safetensors"):
        (tmp_path / name).write_bytes(b"not a network, nor anything like it")
        with pytest.raises(UserError, match=r"no(t a)? checkpoint") as error:
            run("--data", tiny_line, "--checkpoint", tmp_path / name)
        assert "\n" not in str(error.value)
    torch.save({"weights": 1}, tmp_path / "other.pt")
    with pytest.raises(UserError, match=r"no(t a)? checkpoint"):
        run("--data", tiny_line, "--checkpoint", tmp_path / "other.pt")
