"""What a stream is made of."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One entry of a stream; ``fields`` are bytes as they were appended."""

    stream: str
    id: str
    fields: dict[bytes, bytes]
