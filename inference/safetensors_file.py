"""Read a .safetensors file with numpy alone (format: eight bytes of length, JSON, raw values)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

DTYPES = {"F32": np.float32, "F16": np.float16, "F64": np.float64, "I64": np.int64, "I32": np.int32}


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """All tensors of a file, by name; read-only views into one buffer.

    Raises:
        ValueError: not a safetensors file, cut short, or a value type that is not known here.
    """
    raw = path.read_bytes()
    header_end = 8 + int.from_bytes(raw[:8], "little")
    if len(raw) < 8 or header_end > len(raw):
        raise ValueError(f"{path}: not a complete safetensors file ({len(raw)} bytes)")
    header = json.loads(raw[8:header_end])
    header.pop("__metadata__", None)
    return {name: _tensor(path, raw, header_end, name, entry) for name, entry in header.items()}


def _tensor(path: Path, raw: bytes, base: int, name: str, entry: dict) -> np.ndarray:
    if entry["dtype"] not in DTYPES:
        raise ValueError(f"{path}: tensor {name} has type {entry['dtype']}, known: {list(DTYPES)}")
    begin, end = entry["data_offsets"]
    if base + end > len(raw):
        raise ValueError(f"{path}: cut short inside tensor {name}")
    values = np.frombuffer(raw, DTYPES[entry["dtype"]], int(np.prod(entry["shape"])), base + begin)
    return values.reshape(entry["shape"])
