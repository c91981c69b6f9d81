"""A run on disk: everything it needs to go on as if it had never stopped."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from contracts.errors import FatalError, UserError

NAME = "last.pt"
LEVEL = "level.pt"


def save(folder: Path, state: dict[str, Any], name: str = NAME) -> None:
    """Write a checkpoint; a run killed in the middle leaves the one before it whole.

    Raises:
        FatalError: it cannot be written, such as on a full disk; the one before it is whole.
    """
    partial = folder / f"{name}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(folder / name)
    except (OSError, RuntimeError) as error:  # torch tells of a file's errors in its own words
        partial.unlink(missing_ok=True)
        reason = str(error).splitlines()[0]
        raise FatalError(f"{folder / name} cannot be written: {reason}") from error


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint.

    Raises:
        UserError: the file does not exist, or is damaged; the message names it.
    """
    if not path.is_file():
        raise UserError(f"no checkpoint at {path}: train first, or name another run")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, pickle.UnpicklingError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise UserError(f"{path} is not a checkpoint, or it is damaged: {reason}") from error
