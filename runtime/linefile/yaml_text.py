"""The text of a YAML file, as long as it is one that can be read."""

from __future__ import annotations

from pathlib import Path

from contracts.errors import BadYaml

LARGEST_FILE_BYTES = 1024 * 1024
HIDDEN_BREAKS = "\x85\u2028\u2029"
"""Old YAML ends a line at these characters, new YAML does not, and no editor shows them."""


def read_text(path: Path) -> str:
    """Return the text of a file, without a byte order mark.

    Raises:
        BadYaml: it cannot be read, is too large, is not UTF-8, or holds a hidden line break.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise BadYaml(str(path), None, "", error.strerror or str(error)) from error
    if len(raw) > LARGEST_FILE_BYTES:
        raise BadYaml(str(path), None, "", f"is larger than {LARGEST_FILE_BYTES} bytes")
    text = _decoded(path, raw)
    for index, character in enumerate(text):
        if character in HIDDEN_BREAKS:
            says = f"holds the invisible character {named(character)}"
            raise _bad(path, text[:index], says, "remove it")
    return text


def named(character: str) -> str:
    """Return a character as people look it up, such as ``U+2028``."""
    return f"U+{ord(character):04X}"


def _decoded(path: Path, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", errors="replace")
        raise _bad(path, before, "is not UTF-8 text", "save the file as UTF-8") from error


def _bad(path: Path, before: str, reason: str, remedy: str) -> BadYaml:
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return BadYaml(str(path), line, "", reason, remedy, column)
