"""What a model repository says of its network: which file, how many threads, which sizes."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import NamedTuple

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from contracts.errors import UserError
from inference.model_name import ModelName
from referee.project import served_models


class ServedNetwork(NamedTuple):
    """As Triton's model reads it.

    Attributes:
        folder: of the model's version, with ``model.onnx`` and ``model.json``.
        name: of the model.
        providers: ONNX Runtime's execution providers, by preference.
        max_side_px, multiple: what pictures are brought to; see ``to_network``.
    """

    folder: Path
    name: str
    threads: int
    providers: tuple[str, ...]
    max_side_px: int
    multiple: int

    @property
    def repository(self) -> Path:
        """Return the model repository."""
        return self.folder.parents[1]

    @property
    def file(self) -> Path:
        """``model.onnx``."""
        return self.folder / "model.onnx"

    @property
    def digest(self) -> str:
        """First 12 characters of the file's SHA-256: the same for the same network."""
        return hashlib.sha256(self.file.read_bytes()).hexdigest()[:12]


def served_network(repository: Path | None = None) -> ServedNetwork:
    """Read DQFormer of a repository; without one, the model that the line serves.

    REFEREE_MODEL_THREADS and REFEREE_MODEL_PROVIDERS come before what the repository says, as
    they do in Triton.

    Raises:
            UserError: the repository holds no network.
    """
    model = ModelName.from_environment() if repository is None else ModelName()
    folder = model.folder(repository or served_models())
    try:
        config = text_format.Parse(
            (folder.parent / "config.pbtxt").read_text(), model_config_pb2.ModelConfig()
        )
        card = json.loads((folder / "model.json").read_text())
    except FileNotFoundError as error:
        raise UserError(
            f"there is no network: {error.filename} is missing; see REFEREE_MODELS"
        ) from error
    setting = {name: value.string_value for name, value in config.parameters.items()}
    return ServedNetwork(
        folder.resolve(),
        model.name,
        int(os.environ.get("REFEREE_MODEL_THREADS") or setting["threads"]),
        tuple((os.environ.get("REFEREE_MODEL_PROVIDERS") or setting["providers"]).split(",")),
        card["max_side_px"],
        card["size_multiple"],
    )
