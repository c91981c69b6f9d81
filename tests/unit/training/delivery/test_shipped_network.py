"""The network in the model repository is the one model.json describes, and it works."""

from __future__ import annotations

import hashlib
import json

import onnx
import pytest

from contracts.prompt import UNIVERSAL_PROMPT
from inference.dqformer.model import STRIDE
from inference.imaging import MAX_SIDE_PX, SIZE_MULTIPLE
from inference.text_encoder import SHA256, TextEncoder
from inference.training.data.dataset import Part
from inference.training.evaluation.engines import OnnxPredictor
from inference.training.evaluation.figures import image_figures, measure, universal_cases
from simulation.plates.render import render
from tests.tiny import ROOT

FOLDER = ROOT / "triton_models" / "dqformer" / "1"
LARGEST_FILE_MB = 12.5
UNSEEN_SEED = 987_654
PARTS = 40


@pytest.fixture(scope="module")
def described() -> dict:
    return json.loads((FOLDER / "model.json").read_text())


def test_the_description_is_of_this_file(described: dict) -> None:
    digest = hashlib.sha256((FOLDER / "model.onnx").read_bytes()).hexdigest()
    assert described["onnx_sha256"] == digest
    assert described["model_version"] == digest[:12]
    assert described["text_encoder_sha256"] == SHA256
    assert (described["max_side_px"], described["size_multiple"]) == (MAX_SIDE_PX, SIZE_MULTIPLE)
    assert described["stride"] == STRIDE


def test_it_is_small_and_has_the_agreed_interface() -> None:
    path = FOLDER / "model.onnx"
    assert path.stat().st_size <= LARGEST_FILE_MB * 1e6
    graph = onnx.load(path).graph
    types = {put.name: put.type.tensor_type.elem_type for put in (*graph.input, *graph.output)}
    assert types == {
        "image": onnx.TensorProto.FLOAT,
        "tokens": onnx.TensorProto.FLOAT,
        "token_mask": onnx.TensorProto.BOOL,
        "margin": onnx.TensorProto.FLOAT,
        "presence": onnx.TensorProto.FLOAT,
    }


@pytest.mark.parametrize("trace", [b"site-packages", b"/training/export", b".py:"])
def test_it_does_not_say_where_it_was_made(trace: bytes) -> None:
    assert trace not in (FOLDER / "model.onnx").read_bytes()


def test_it_calls_unseen_demo_parts_right(encoder: TextEncoder) -> None:
    parts = []
    for index in range(PARTS):
        rendered = render(UNSEEN_SEED, index, 384, 384, defect_share=0.5)
        part = Part("demo", str(index), rendered.image)
        if rendered.mask.any():
            part.masks[rendered.kind] = rendered.mask.astype("uint8") * 255
        parts.append(part)
    outcomes = measure(
        OnnxPredictor(FOLDER / "model.onnx"),
        universal_cases({"demo": parts}, encoder, UNIVERSAL_PROMPT),
    )
    figures = image_figures(outcomes)
    assert figures["defective"] >= 10
    assert figures["escapes"] <= 2
    assert figures["false_rejects"] <= 2
