"""A network with DQFormer's inputs and outputs whose answer anyone can compute: bright is a defect.

margin = (mean brightness of a 4 x 4 block - 128) / 32 + a little of the words; presence = its peak.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

STRIDE = 4


def write_tiny_network(folder: Path) -> None:
    """``model.onnx`` and ``model.json``, as an export leaves them."""
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels", "channel_axis"], ["grey"], keepdims=1),
        helper.make_node(
            "AveragePool", ["grey"], ["blocks"], kernel_shape=[STRIDE] * 2, strides=[STRIDE] * 2
        ),
        helper.make_node("Sub", ["blocks", "middle"], ["centred"]),
        helper.make_node("Div", ["centred", "spread"], ["brightness"]),  # (B, 1, h, w)
        helper.make_node("Cast", ["token_mask"], ["present"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["present", "last_axis"], ["present_wide"]),
        helper.make_node("Mul", ["tokens", "present_wide"], ["real_tokens"]),
        helper.make_node("ReduceMean", ["real_tokens", "token_axes"], ["word"], keepdims=0),
        helper.make_node("Mul", ["word", "word_weight"], ["weighted_word"]),
        helper.make_node("Reshape", ["weighted_word", "word_shape"], ["word_map"]),  # (1, N, 1, 1)
        helper.make_node("Add", ["brightness", "word_map"], ["margin"]),  # (B, N, h, w)
        helper.make_node("ReduceMax", ["margin", "grid_axes"], ["presence"], keepdims=0),
    ]
    constants = {
        "channel_axis": np.array([1]),
        "middle": np.float32(128),
        "spread": np.float32(32),
        "last_axis": np.array([2]),
        "token_axes": np.array([1, 2]),
        "word_weight": np.float32(100),
        "word_shape": np.array([1, -1, 1, 1]),
        "grid_axes": np.array([2, 3]),
    }
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("image", TensorProto.UINT8, ["B", 3, "H", "W"]),
            helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["N", "L", 384]),
            helper.make_tensor_value_info("token_mask", TensorProto.BOOL, ["N", "L"]),
        ],
        [
            helper.make_tensor_value_info("margin", TensorProto.FLOAT, ["B", "N", "h", "w"]),
            helper.make_tensor_value_info("presence", TensorProto.FLOAT, ["B", "N"]),
        ],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    checker.check_model(model)
    save(model, str(folder / "model.onnx"))
    card = {"max_side_px": 640, "size_multiple": 32, "model_version": "tiny"}
    (folder / "model.json").write_text(json.dumps(card))
