"""Pretrained backbones by hub name or folder: all of the weights, or an error that names a gap.

transformers fills what a checkpoint lacks with random numbers and a log line. Here that is an
error, because a backbone that is partly random trains all the same, only worse.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import AutoConfig

from contracts.errors import UserError

# What a backbone adds to a classifier's checkpoint: layer norms of its outputs.
NEW_IN_A_BACKBONE = "hidden_states_norms."
REMEDY = "name a folder that has them, or set `pretrained: null` for random weights"


def pretrained_settings(name: str, model_type: str, options: dict[str, Any]) -> Any:
    """Return the configuration of pretrained weights, overridden by ``options``.

    Raises:
        UserError: it is neither here nor on the hub, or it is of another type.
    """
    if name.startswith(("/", ".", "~")) and not Path(name).is_dir():
        raise UserError(f"backbone: there is no folder {name}; {REMEDY}")
    try:
        settings = AutoConfig.from_pretrained(name, **options)
    except (OSError, ValueError) as error:
        raise UserError(
            f"backbone: the weights {name!r} are not a folder here, are not in the local cache of "
            f"the Hugging Face hub, and the hub did not give them; {REMEDY}"
        ) from error
    if settings.model_type != model_type:
        raise UserError(f"backbone: {name} is of type {settings.model_type}, not {model_type}")
    return settings


def pretrained_model(name: str, model_class: Any, settings: Any) -> Any:
    """Return a model that has all of its weights from ``name``.

    Raises:
        UserError: the weights are missing, incomplete or of other shapes.
    """
    try:
        model, report = model_class.from_pretrained(name, config=settings, output_loading_info=True)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"backbone: {name} cannot be loaded ({reason}); {REMEDY}") from error
    missing = sorted(k for k in report["missing_keys"] if not k.startswith(NEW_IN_A_BACKBONE))
    if missing:
        raise UserError(f"backbone: {name} lacks {len(missing)} weights, such as {missing[0]}")
    return model
