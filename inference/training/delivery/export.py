"""Export a checkpoint: ``referee export``.

Writes ``model.onnx`` (the averaged weights), ``model.json`` and ``words.safetensors`` (the words
that the network was trained with), once ONNX Runtime gives the same masks as torch; and the same
weights as a safetensors file, to fine-tune from. Both hold weights
rounded to float16 values, so that torch and the served network are the same.
Inputs: ``image`` float32 (B, 3, H, W), RGB, 0..255, H and W multiples of 32; ``tokens`` float32
(N, L, 384); ``token_mask`` bool (N, L). Outputs: ``margin`` float32 (B, N, H / 2, W / 2),
``presence`` float32 (B, N).
"""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from contracts.errors import FatalError
from inference import text_encoder
from inference.dqformer.model import STRIDE, DQFormer
from inference.imaging import SIZE_MULTIPLE, margin_to_mask
from inference.model_name import DEFAULT_MODEL
from inference.text_encoder import PromptTokens, TextEncoder
from inference.training.data.sources import encoder_at
from inference.training.delivery.trained_words import words_of
from inference.training.evaluation.engines import OnnxPredictor
from inference.training.evaluation.torch_predictor import TorchPredictor
from inference.training.loop.checkpoint import load as read_checkpoint
from inference.training.loop.saved_network import SUFFIX, model_of, round_to_half, save_weights
from inference.words.known_words import NAME as WORDS
from runtime.process.files import made_folder, read_json, writing

DEFAULT_OUT = Path("triton_models") / DEFAULT_MODEL / "1"
DEFAULT_WEIGHTS = Path("checkpoints")
SMALLEST_AGREEMENT = 0.995
CHECK_SIZES_HW = ((224, 224), (96, 352), (333, 417))
CHECK_PROMPTS = (1, 3)

log = logging.getLogger("referee.export")


class Deployed(nn.Module):
    """One batch of images, N prompts for all of them."""

    def __init__(self, model: DQFormer) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor, tokens: Tensor, token_mask: Tensor) -> tuple[Tensor, Tensor]:
        count = image.shape[0]
        output = self.model(
            image,
            tokens.unsqueeze(0).expand(count, -1, -1, -1),
            token_mask.unsqueeze(0).expand(count, -1, -1),
        )
        return output.margin, output.presence


def _quietly(module: nn.Module, example: tuple[Tensor, ...], **options: Any) -> Any:
    """torch.onnx.export without its remarks on axes that share a name, which ours do on purpose."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="# The axis name", category=UserWarning)
        warnings.filterwarnings("ignore", message=".*LeafSpec", category=FutureWarning)
        return torch.onnx.export(module, example, dynamo=True, verbose=False, **options)


def write_onnx(model: DQFormer, path: Path) -> None:
    """Export with every axis dynamic but channels and widths; weights inside the one file."""
    batch, prompts, words = (torch.export.Dim(name, min=1, max=64) for name in ("B", "N", "L"))
    rows, columns = (torch.export.Dim(name, min=1, max=64) for name in ("h", "w"))
    shapes = {
        "image": {0: batch, 2: SIZE_MULTIPLE * rows, 3: SIZE_MULTIPLE * columns},
        "tokens": {0: prompts, 1: words},
        "token_mask": {0: prompts, 1: words},
    }
    example = (
        torch.zeros(2, 3, 224, 256),
        torch.zeros(3, 12, model.config.text_width),
        torch.ones(3, 12, dtype=torch.bool),
    )
    program = _quietly(
        Deployed(model).eval(),
        example,
        dynamic_shapes=shapes,
        opset_version=18,
        input_names=list(shapes),
        output_names=["margin", "presence"],
    )
    made_folder(path.parent)
    program.save(str(path), external_data=False)
    network = onnx.load(path)
    forget_where_it_was_made(network)
    onnx.checker.check_model(network)
    onnx.save(network, path)


def forget_where_it_was_made(network: onnx.ModelProto) -> None:
    """Take out what the exporter notes for its own developers: stack traces, with this machine's
    paths. The same network then has the same checksum wherever it was exported."""
    graph = network.graph
    for noted in (network, graph, *graph.node, *graph.input, *graph.output, *graph.value_info):
        del noted.metadata_props[:]
        noted.doc_string = ""
    for weight in graph.initializer:
        weight.doc_string = ""
        del weight.metadata_props[:]


def agreement(model: DQFormer, path: Path, seed: int = 0) -> float:
    """Smallest mask IoU between torch and ONNX Runtime over random pictures and prompts.

    The masks of random pictures may be all background: two empty masks agree (1.0).
    """
    rng, smallest = np.random.default_rng(seed), 1.0
    in_torch, exported = TorchPredictor(model), OnnxPredictor(path)
    for height, width in CHECK_SIZES_HW:
        for count in CHECK_PROMPTS:
            image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
            prompts = _random_prompts(count, model.config.text_width, rng)
            first, second = (p.predict(image, prompts) for p in (in_torch, exported))
            np.testing.assert_allclose(first.margin, second.margin, rtol=1e-2, atol=1e-2)
            np.testing.assert_allclose(first.presence, second.presence, rtol=1e-2, atol=1e-2)
            smallest = min(smallest, mask_iou(first.margin, second.margin))
    return smallest


def _random_prompts(count: int, width: int, rng: np.random.Generator) -> PromptTokens:
    states = rng.standard_normal((count, 32, width)).astype(np.float32)
    mask = np.arange(32)[None] < rng.integers(3, 33, count)[:, None]
    return PromptTokens(states * mask[:, :, None], mask)


def mask_iou(first: np.ndarray, second: np.ndarray) -> float:
    """Return the IoU of the masks of two margins; 1 if both are empty."""
    first, second = margin_to_mask(first), margin_to_mask(second)
    union = int((first | second).sum())
    return float((first & second).sum() / union) if union else 1.0


def describe(state: dict[str, Any], path: Path, val: dict[str, Any]) -> dict[str, Any]:
    """The content of model.json."""
    recipe = state["recipe"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    model = model_settings(recipe)
    return {
        "model_version": digest[:12],
        "onnx_sha256": digest,
        "trained_on": sorted(recipe["lines"]),
        "recipe": recipe["name"],
        "seed": recipe["seed"],
        "steps": state["step"],
        "steps_planned": recipe["optimiser"]["steps"],
        "changed_on_the_way": state.get("changes", []),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "val": val,
        "max_side_px": recipe["max_side_px"],
        "stride": STRIDE,
        "size_multiple": SIZE_MULTIPLE,
        "backbone": model["backbone"],
        "width": model["width"],
        "text_encoder": "all-MiniLM-L6-v2",
        "text_encoder_sha256": text_encoder.SHA256,
    }


def model_settings(recipe: dict[str, Any]) -> dict[str, Any]:
    """All numbers of the model, defaults included."""
    from inference.dqformer.config import DQFormerConfig

    return DQFormerConfig.from_dict(recipe["model"]).to_dict()


def export(
    checkpoint: Path,
    folder: Path,
    val: dict[str, Any],
    encoder: TextEncoder,
    weights: Path | None = None,
) -> Path:
    """Write model.onnx, model.json and words.safetensors, and the weights file if one is named; the
    files in place change only if the check passes.

    Raises:
        UserError: the checkpoint cannot be read.
        FatalError: ONNX Runtime and torch disagree.
    """
    model, state = model_of(checkpoint)
    words = words_of(state, encoder)
    # The exporter bakes the layout in; ONNX Runtime chooses its own.
    model = round_to_half(model).to(memory_format=torch.contiguous_format)
    candidate = folder / "model.onnx.new"
    write_onnx(model, candidate)
    reached = agreement(model, candidate)
    if reached < SMALLEST_AGREEMENT:
        candidate.unlink()
        raise FatalError(f"torch and ONNX Runtime disagree: mask IoU {reached:.4f}")
    path = candidate.replace(folder / "model.onnx")
    described = describe(state, path, val)
    (folder / "model.json").write_text(json.dumps(described, indent=2) + "\n")
    words.save(folder / WORDS)
    log.info("wrote %s, %.1f MB, agreement %.4f", path, path.stat().st_size / 1e6, reached)
    if weights is not None:
        save_weights(weights, model, notes_on(state, described), half=True)
        log.info("wrote %s, %.1f MB", weights, weights.stat().st_size / 1e6)
    return path


def notes_on(state: dict[str, Any], described: dict[str, Any]) -> dict[str, str]:
    """Return the notes for the weights file."""
    noted = ("model_version", "recipe", "seed", "steps", "date")
    return {name: str(described[name]) for name in noted} | {
        "full_recipe": json.dumps(state["recipe"], sort_keys=True)
    }


def weights_file(checkpoint: Path) -> Path:
    """Where a checkpoint's weights go by default: checkpoints/NAME.safetensors."""
    return DEFAULT_WEIGHTS / f"{read_checkpoint(checkpoint)['recipe']['name']}{SUFFIX}"


def export_command(
    checkpoint: Path,
    out: Path | None,
    weights: Path | None,
    figures: Path | None,
    text_encoder_folder: Path,
) -> None:
    """Run the command.

    Raises:
        RefereeError: the message is for the user.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    log.setLevel(logging.INFO)
    val = read_json(figures) if figures else {}
    encoder = encoder_at(text_encoder_folder)
    folder = made_folder(out or DEFAULT_OUT)
    with writing(folder):
        export(checkpoint, folder, val, encoder, weights or weights_file(checkpoint))
