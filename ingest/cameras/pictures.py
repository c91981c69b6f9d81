"""Which pictures a folder holds, and what its ``index.json`` says of them.

An index is a JSON list with one entry an image: ``image`` (path inside the folder), ``kind``
(``good`` or the kind of its defect), ``split``, and ``mask`` where there is one.
"""

from __future__ import annotations

from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from contracts.errors import CameraFailed
from contracts.picture_folder import INDEX

log = structlog.get_logger()

SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})
"""What the model takes: formats that show whether they are whole."""
TRUTH_FOLDER = "ground_truth"
"""Masks in the layout of MVTec AD: pictures, but not of parts."""


class Indexed(BaseModel):
    """One image of an index. Other fields are other people's."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    image: str
    kind: str
    split: str | None = None


def read_index(folder: Path) -> list[Indexed] | None:
    """The folder's index, None where it has none.

    Raises:
        CameraFailed: it is there and cannot be read.
    """
    path = folder / INDEX
    try:
        return TypeAdapter(list[Indexed]).validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CameraFailed(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise CameraFailed(f"{path}: {where}: {first['msg']}") from error


def list_pictures(folder: Path, split: str | None) -> list[str]:
    """Paths of the folder's pictures, relative to it, in order of name.

    Without ``split``, every file at any depth that is named like a picture, masks left out: what is
    in it is not judged here. With it, those that the index puts there. A name that is no UTF-8 is
    left out and logged: no message could carry it.

    Raises:
        CameraFailed: no such folder, no pictures, or no index to know the split from.
    """
    if not folder.is_dir():
        raise CameraFailed(f"there is no folder {folder}")
    found = _of_split(folder, split) if split is not None else _on_disk(folder)
    if not found:
        raise CameraFailed(
            f"{folder} holds no pictures"
            + (f" of the split {split!r}" if split is not None else "")
            + f" ({', '.join(sorted(SUFFIXES))})"
        )
    return found


def _on_disk(folder: Path) -> list[str]:
    inside = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(
        path.as_posix()
        for path in inside
        if path.suffix.lower() in SUFFIXES
        and _can_be_told(path)
        and TRUTH_FOLDER not in path.parts
        and not any(part.startswith(".") for part in path.parts)
    )


def _can_be_told(path: Path) -> bool:
    try:
        path.as_posix().encode()
    except UnicodeEncodeError:
        log.warning("picture_left_out", name=ascii(path.as_posix()), reason="its name is no UTF-8")
        return False
    return True


def _of_split(folder: Path, split: str) -> list[str]:
    index = read_index(folder)
    if index is None:
        raise CameraFailed(f"{folder} has no {INDEX}: it has no split {split!r}")
    return sorted(entry.image for entry in index if entry.split == split)
