"""A bank in one file: references, operating point, and which features they are of.

An .npz with float16 references (their directions are then off by less than a thousandth) and no
pickled objects. The SHA-256 of the file is the bank's version: a release that names it names the
references, the point and the network.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from contracts.errors import BadSettings
from inference.references.bank import Bank, Level, unit
from inference.references.operating_point import OperatingPoint

SCHEMA = 1
LARGEST_BYTES = 1_000_000
"""A station's bank is served from memory: it is bounded."""


@dataclass(frozen=True)
class LearnedBank:
    """What a station has learned from its good parts.

    Attributes:
        features: version of the network whose features these are; others cannot be compared.
        side_px: pictures with a longer side are reduced to it first.
    """

    bank: Bank
    point: OperatingPoint
    features: str
    side_px: int


def save_bank(path: Path, learned: LearnedBank) -> str:
    """Write a bank, and return its version: the first 12 digits of the file's SHA-256.

    Raises:
        BadSettings: it is larger than a station may have.
    """
    arrays: dict[str, Any] = {}
    for number, level in enumerate(learned.bank.levels):
        arrays[f"references_{number}"] = level.references.astype(np.float16)
        arrays[f"owners_{number}"] = level.owners
    arrays["card"] = np.array(json.dumps(_card(learned), sort_keys=True))
    content = io.BytesIO()
    np.savez(content, **arrays)
    raw = content.getvalue()
    if len(raw) > LARGEST_BYTES:
        raise BadSettings(f"{path}: a bank of {len(raw)} bytes; {LARGEST_BYTES} are the limit")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return version_of(raw)


def load_bank(path: Path) -> tuple[LearnedBank, str]:
    """Read a bank, and its version.

    Raises:
        BadSettings: there is no such file, or it is damaged, or of another schema.
    """
    try:
        raw = path.read_bytes()
        with np.load(io.BytesIO(raw), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return _learned(arrays), version_of(raw)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise BadSettings(f"{path}: no bank of references ({error}); learn it again") from error


def version_of(raw: bytes) -> str:
    """Return the first 12 digits of the SHA-256 of a bank's file."""
    return hashlib.sha256(raw).hexdigest()[:12]


def _card(learned: LearnedBank) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "features": learned.features,
        "side_px": learned.side_px,
        "parts": learned.bank.parts,
        "typical": [level.typical for level in learned.bank.levels],
        "point": learned.point._asdict(),
    }


def _learned(arrays: dict[str, np.ndarray]) -> LearnedBank:
    card = json.loads(str(arrays["card"]))
    if card["schema"] != SCHEMA:
        raise ValueError(f"schema {card['schema']}, not {SCHEMA}")
    levels = tuple(
        Level(unit(arrays[f"references_{n}"].astype(np.float32)), arrays[f"owners_{n}"], typical)
        for n, typical in enumerate(card["typical"])
    )
    bank = Bank(levels, card["parts"])
    return LearnedBank(bank, OperatingPoint(**card["point"]), card["features"], card["side_px"])
