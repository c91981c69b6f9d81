"""Files that a person names: what the system says of one is told with its path, in one line."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    """Return the folder after making it. Raises UserError if it cannot be made."""
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


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
        where = error.filename if isinstance(error.filename, str) else path
        raise UserError(f"{where} cannot be {done}: {in_words(error)}") from error
