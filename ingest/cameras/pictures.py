"""Which pictures a folder holds, and what its ``index.json`` says about them."""

from __future__ import annotations

from pathlib import Path

import structlog

from contracts.errors import CameraFailed, UserError
from contracts.picture_folder import INDEX, IndexRow, parse_index

log = structlog.get_logger()

SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})
"""Formats that the model reads: a cut-off file can be recognised in both."""
TRUTH_FOLDER = "ground_truth"
"""Holds the masks in the layout of MVTec AD."""


def read_index(folder: Path) -> list[IndexRow] | None:
    """Return the rows of the folder's index, or None if it has no index.

    Raises:
        CameraFailed: the index cannot be read or is not valid.
    """
    path = folder / INDEX
    try:
        return parse_index(path.read_bytes(), str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CameraFailed(f"{path} cannot be read: {error.strerror}") from error
    except UserError as error:
        raise CameraFailed(str(error)) from error


def list_pictures(folder: Path, split: str | None) -> list[str]:
    """Return the paths of the folder's pictures, relative to it, sorted by name.

    Without ``split``, these are all files at any depth with the suffix of a picture, except masks;
    they are not opened. With it, the pictures that the index puts into the split. A name that is
    not UTF-8 is left out and logged: no message could carry it.

    Raises:
        CameraFailed: the folder does not exist or holds no picture, or a split is asked for and
            there is no index.
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
        and _has_utf8_name(path)
        and TRUTH_FOLDER not in path.parts
        and not any(part.startswith(".") for part in path.parts)
    )


def _has_utf8_name(path: Path) -> bool:
    try:
        path.as_posix().encode()
    except UnicodeEncodeError:
        log.warning("picture_left_out", name=ascii(path.as_posix()), reason="its name is not UTF-8")
        return False
    return True


def _of_split(folder: Path, split: str) -> list[str]:
    index = read_index(folder)
    if index is None:
        raise CameraFailed(f"{folder} has no {INDEX}: split {split!r} is not known")
    return sorted(entry.image for entry in index if entry.split == split)
