"""A run on disk: everything it needs to go on as if it had never stopped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

NAME = "last.pt"
LEVEL = "level.pt"


def save(folder: Path, state: dict[str, Any], name: str = NAME) -> None:
    """Write a checkpoint; a run killed in the middle leaves the one before it whole."""
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{name}.partial"
    with partial.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / name)


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint.

    Raises:
        FileNotFoundError: there is none; says where it was looked for.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}: train first, or name another run")
    return torch.load(path, map_location="cpu", weights_only=True)
