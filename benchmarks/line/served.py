"""The network that the line's Triton serves: which file, on how many threads, at which sizes."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import NamedTuple

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from contracts.errors import UserError
from referee.line.servers.triton import MODELS


class ServedNetwork(NamedTuple):
    """As Triton's model reads it.

    Attributes:
        repository: the model repository.
        providers: ONNX Runtime's execution providers, by preference.
        max_side_px, multiple: what pictures are brought to; see ``to_network``.
    """

    repository: Path
    threads: int
    providers: tuple[str, ...]
    max_side_px: int
    multiple: int

    @property
    def file(self) -> Path:
        """``model.onnx``."""
        return self.repository / "dqformer" / "1" / "model.onnx"

    @property
    def digest(self) -> str:
        """Of the file: the same network has the same one."""
        return hashlib.sha256(self.file.read_bytes()).hexdigest()[:12]


def served_network() -> ServedNetwork:
    """Of the repository that ``REFEREE_MODELS`` names, else of the one that ships.

    Raises:
        UserError: there is no network in it.
    """
    repository = Path(os.environ.get("REFEREE_MODELS") or MODELS)
    folder = repository / "dqformer"
    try:
        config = text_format.Parse(
            (folder / "config.pbtxt").read_text(), model_config_pb2.ModelConfig()
        )
        card = json.loads((folder / "1" / "model.json").read_text())
    except FileNotFoundError as error:
        raise UserError(f"no network to measure: {error.filename}; see REFEREE_MODELS") from error
    setting = {name: value.string_value for name, value in config.parameters.items()}
    return ServedNetwork(
        repository.resolve(),
        int(os.environ.get("REFEREE_MODEL_THREADS") or setting["threads"]),
        tuple((os.environ.get("REFEREE_MODEL_PROVIDERS") or setting["providers"]).split(",")),
        card["max_side_px"],
        card["size_multiple"],
    )
