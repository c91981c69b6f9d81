"""ImageNet weights for ``efficientnet_lite``: every one of them put where it belongs, or an error.

The file names layers as ``_blocks.3._expand_conv.weight`` and numbers batch norms in the order of
a block's convolutions; see ``own_names``.
"""

from __future__ import annotations

import importlib.util
import os
import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from contracts.errors import BadSettings
from inference.dqformer.efficientnet_lite import EfficientNetLite

PATTERN = "efficientnet-lite*.pth"
CLASSIFIER = ("_conv_head.", "_bn1.", "_fc.")
"""What the file has beyond the feature maps."""
NORM = {"weight": "gain", "bias": "shift", "running_mean": "mean", "running_var": "variance"}
COUNTER = "num_batches_tracked"
REMEDY = "run `make setup-dev` and name .runtime/backbone, or set `pretrained: null`"


def build(options: dict[str, Any], pretrained: str | None) -> EfficientNetLite:
    """Return the backbone, with weights from ``pretrained`` if it is given.

    Args:
        options: arguments of ``EfficientNetLite``.
        pretrained: a weights file, a folder that holds one, or an installed package's name;
            may hold ${VARIABLES}.

    Raises:
        BadSettings: no weights there, or those of another network.
    """
    model = EfficientNetLite(**options)
    if pretrained:
        load_into(model, find_weights(pretrained))
    return model


def find_weights(name: str) -> Path:
    """Return the weights file that a path or a package's name stands for.

    Raises:
        BadSettings: there is none, or there are several.
    """
    expanded = os.path.expandvars(name)
    where = Path(expanded).expanduser()
    if where.is_file():
        return where
    if not where.is_dir() and expanded.isidentifier():
        found = importlib.util.find_spec(expanded)
        where = Path(found.origin).parent if found and found.origin else where
    files = sorted(where.rglob(PATTERN)) if where.is_dir() else []
    if len(files) != 1:
        raise BadSettings(f"backbone: {len(files)} files {PATTERN} in {name!r}; {REMEDY}")
    return files[0]


def load_into(model: EfficientNetLite, path: Path) -> None:
    """Fill all weights of a backbone.

    Raises:
        BadSettings: the file is damaged, lacks a weight, or holds one that is not asked for.
    """
    try:
        given = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict(own_names(given))
    except (pickle.UnpicklingError, EOFError, RuntimeError, OSError, AttributeError) as error:
        reason = " ".join(str(error).split())[:160]
        raise BadSettings(f"backbone: {path} cannot be loaded ({reason}); {REMEDY}") from error


def own_names(given: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the file's weights under our names, without classifier and counters."""
    return {
        own_name(name): value
        for name, value in given.items()
        if not name.startswith(CLASSIFIER) and not name.endswith(COUNTER)
    }


def own_name(name: str) -> str:
    """Return our name of one weight: ``_blocks.3._bn0.bias`` is ``blocks.3.expand.shift``.

    A block without expansion has a norm less, but keeps the numbers of the others.
    """
    *block, layer, leaf = name.split(".")
    prefix = "".join(f"{part.lstrip('_')}." for part in block)
    if layer.startswith("_bn"):
        parts = ("expand", "depthwise", "project") if block else ("stem",)
        return f"{prefix}{parts[int(layer.removeprefix('_bn'))]}.{NORM[leaf]}"
    part = layer.removeprefix("_conv_") if not block else layer.strip("_").removesuffix("_conv")
    return f"{prefix}{part}.{leaf}"
