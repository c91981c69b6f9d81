"""Which model of Triton's repository inspects the parts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

DEFAULT_MODEL = "dqformer"


class ModelName(NamedTuple):
    """A model of Triton's repository.

    Attributes:
        name: its folder in the repository.
        version: the folder below that; empty for the newest.
    """

    name: str = DEFAULT_MODEL
    version: str = ""

    @classmethod
    def from_environment(cls) -> ModelName:
        """Return what ``REFEREE_MODEL`` and ``REFEREE_MODEL_VERSION`` name, by default DQFormer."""
        name = os.environ.get("REFEREE_MODEL") or DEFAULT_MODEL
        return cls(name, os.environ.get("REFEREE_MODEL_VERSION") or "")

    def folder(self, repository: Path) -> Path:
        """Return where its ``model.onnx`` and ``model.json`` are in a repository."""
        versions = (repository / self.name).glob("[0-9]*")
        newest = max((int(path.name) for path in versions if path.name.isdecimal()), default=1)
        return repository / self.name / (self.version or str(newest))
