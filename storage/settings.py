"""Settings of the storage process."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from contracts.identity import Slug
from contracts.names import SINK
from runtime.process.settings import ProcessSettings


class StorageSettings(ProcessSettings):
    """Settings of ``python -m storage``, in addition to those of every process."""

    storage_name: Annotated[
        Slug, Field(title="Name of this storage process; `REFEREE_SINKS` lists those of a line")
    ] = SINK
    storage_largest_batch: Annotated[
        int, Field(ge=1, le=2000, title="Largest number of messages in one transaction")
    ] = 500
    storage_gather_ms: Annotated[
        int,
        Field(
            ge=0,
            le=2000,
            title="Batch window: messages that arrive within it are stored in one transaction",
        ),
    ] = 250
    storage_dead_letters_kept: Annotated[
        int, Field(ge=1, title="Largest number of different malformed messages kept")
    ] = 10_000
    storage_session_expiry_s: Annotated[
        int, Field(ge=60, title="How long the broker keeps messages while storage is not connected")
    ] = 86_400
