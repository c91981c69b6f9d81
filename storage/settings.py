"""Settings of the sink."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from contracts.identity import Slug
from contracts.names import SINK
from runtime.process.settings import ProcessSettings


class StorageSettings(ProcessSettings):
    """What ``python -m storage`` needs to know beside what every process does."""

    storage_name: Annotated[
        Slug, Field(title="Name of this storage process; `REFEREE_SINKS` lists those of a line")
    ] = SINK
    storage_largest_batch: Annotated[
        int, Field(ge=1, le=2000, title="Messages in one transaction")
    ] = 500
    storage_gather_ms: Annotated[
        int,
        Field(ge=0, le=2000, title="Messages of so long a time are one transaction: nobody waits"),
    ] = 250
    storage_dead_letters_kept: Annotated[
        int, Field(ge=1, title="Different malformed messages that are kept")
    ] = 10_000
    storage_session_expiry_s: Annotated[
        int, Field(ge=60, title="How long the broker keeps messages for a sink that is away")
    ] = 86_400
