"""What is really on a part, where that is known: from a frame's source and a folder's index."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from contracts.picture_folder import GOOD
from ingest.cameras.pictures import read_index
from ingest.cameras.replay import PREFIX

SIMULATED = re.compile(r"simulated:seed=(?P<seed>-?\d+),index=(?P<index>\d+),kind=(?P<kind>\w+)")


def simulated_source(seed: int, index: int, kind: str) -> str:
    """The source of a simulated part: enough to render it again, and what it is."""
    return f"simulated:seed={seed},index={index},kind={kind}"


def kinds_of_folder(folder: Path) -> dict[str, str]:
    """The kind of each picture of a replayed folder, by source; empty where it has no index.

    Raises:
        CameraFailed: the index cannot be read.
    """
    return {PREFIX + entry.image: entry.kind for entry in read_index(folder) or []}


def truth_of(source: str, kinds: Mapping[str, str] | None = None) -> str | None:
    """``good``, the kind of the part's defect, or None where nobody knows.

    Args:
        source: of a frame or a verdict.
        kinds: what ``kinds_of_folder`` said, for replayed pictures.
    """
    if simulated := SIMULATED.fullmatch(source):
        return simulated["kind"]
    return (kinds or {}).get(source)


def is_defective(kind: str) -> bool:
    """Whether a part of this kind is to be rejected."""
    return kind != GOOD
