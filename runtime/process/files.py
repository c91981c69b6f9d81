"""Files that a person names: what the system says of one is told with its path, in one line."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contracts.errors import UserError

IN_WORDS = {
    errno.EEXIST: "it is a file, not a folder",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EISDIR: "it is a folder, not a file",
    errno.ENOENT: "it does not exist",
    errno.EACCES: "you have no permission",
    errno.EPERM: "you have no permission",
    errno.ENOSPC: "the disk is full",
    errno.EROFS: "the disk can only be read",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "its symbolic links lead to each other",
}


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Wrap what reads ``path``. Raises UserError if the system does not let it."""
    with _told(path, "read"):
        yield


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Wrap what writes to ``path``. Raises UserError if the system does not let it."""
    with _told(path, "written"):
        yield


def made_folder(path: Path) -> Path:
    """Return the folder after making it. Raises UserError if it cannot be made or written."""
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
    if not os.access(path, os.W_OK | os.X_OK):
        raise UserError(f"{path} cannot be written: {IN_WORDS[errno.EACCES]}")
    return path


def read_text(path: Path) -> str:
    """Return a file's text. Raises UserError if it cannot be read, or is not UTF-8."""
    try:
        with reading(path):
            return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} cannot be read: it is not UTF-8 text") from error


def read_bytes(path: Path) -> bytes:
    """Return what is in a file. Raises UserError if it cannot be read."""
    with reading(path):
        return path.read_bytes()


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file. Raises UserError if it cannot be read, or holds none."""
    try:
        found = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise UserError(f"{path} is not a JSON object")
    return found


def write_text(path: Path, text: str) -> None:
    """Write a file as UTF-8. Raises UserError if it cannot be written."""
    with writing(path):
        path.write_text(text, encoding="utf-8")


def in_words(error: OSError) -> str:
    """Return what the system said, in plain words."""
    return IN_WORDS.get(error.errno or 0) or error.strerror or str(error)


@contextmanager
def _told(path: Path, done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        named = isinstance(error.filename, str) and error.filename not in ("", ".")
        where = error.filename if named else path
        where = "the current folder" if where == Path() else where
        raise UserError(f"{where} cannot be {done}: {in_words(error)}") from error
