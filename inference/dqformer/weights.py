"""Pretrained weights by hub name or folder: all of them, or an error that says what is missing.

transformers fills what a checkpoint lacks with random numbers and a log line; here that is an
error, for a backbone that is random in part trains all the same, only worse.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import AutoConfig

from contracts.errors import UserError

# What a backbone adds to a classifier's checkpoint: layer norms of its outputs.
NEW_IN_A_BACKBONE = "hidden_states_norms."
REMEDY = "name a folder that has them, or set `pretrained: null` for random weights"


def pretrained_settings(what: str, name: str, model_type: str, options: dict[str, Any]) -> Any:
    """The configuration beside pretrained weights, with ``options`` laid over it.

    Raises:
        UserError: it is not here and the hub did not give it, or it is of another type.
    """
    if name.startswith(("/", ".", "~")) and not Path(name).is_dir():
        raise UserError(f"{what}: there is no folder {name}; {REMEDY}")
    try:
        settings = AutoConfig.from_pretrained(name, **options)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{what}: the weights {name!r} are no folder here, are not in the local cache of the "
            f"Hugging Face hub, and the hub did not give them; {REMEDY}"
        ) from error
    if settings.model_type != model_type:
        raise UserError(f"{what}: {name} is of type {settings.model_type}, not {model_type}")
    return settings


def pretrained_model(what: str, name: str, model_class: Any, settings: Any, **options: Any) -> Any:
    """A model with every one of its weights from ``name``.

    Raises:
        UserError: the weights are not there, have other shapes, or are only some of them.
    """
    try:
        model, report = model_class.from_pretrained(
            name, config=settings, output_loading_info=True, **options
        )
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"{what}: {name} cannot be loaded ({reason}); {REMEDY}") from error
    missing = sorted(k for k in report["missing_keys"] if not k.startswith(NEW_IN_A_BACKBONE))
    if missing:
        raise UserError(f"{what}: {name} lacks {len(missing)} weights, such as {missing[0]}")
    return model
