"""The truth about a part, if it is known: from a frame's source and the index of a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from contracts.picture_folder import GOOD
from ingest.cameras.pictures import read_index
from ingest.cameras.replay import PREFIX

SIMULATED = re.compile(r"simulated:seed=(?P<seed>-?\d+),index=(?P<index>\d+),kind=(?P<kind>\w+)")


def simulated_source(seed: int, index: int, kind: str) -> str:
    """Return the source of a simulated part: what is needed to render it again, and its kind."""
    return f"simulated:seed={seed},index={index},kind={kind}"


def kinds_of_folder(folder: Path) -> dict[str, str]:
    """Return the kind of each picture of a replayed folder, by source; empty without an index.

    Raises:
        CameraFailed: the index cannot be read.
    """
    return {PREFIX + entry.image: entry.kind for entry in read_index(folder) or []}


def truth_of(source: str, kinds: Mapping[str, str] | None = None) -> str | None:
    """Return ``good``, the kind of the part's defect, or None if it is not known.

    Args:
        source: of a frame or a verdict.
        kinds: from ``kinds_of_folder``, for replayed pictures.
    """
    if simulated := SIMULATED.fullmatch(source):
        return simulated["kind"]
    return (kinds or {}).get(source)


def is_defective(kind: str) -> bool:
    """Return whether a part of this kind must be rejected."""
    return kind != GOOD
