"""Settings of the archive."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from runtime.process.settings import ProcessSettings

MB = 10**6


class ArchiveSettings(ProcessSettings):
    """Settings of ``python -m storage.archive``, in addition to those of every process."""

    archive_largest_mb: Annotated[
        int, Field(ge=16, title="Largest size of the archive, millions of bytes")
    ] = 2048
    archive_near_miss_logit: Annotated[
        float,
        Field(
            ge=0,
            title="A pass with a presence logit above minus this is kept longer than other passes",
        ),
    ] = 1.0
    archive_least_free_mb: Annotated[
        int,
        Field(ge=0, title="Disk kept free for the database and the journals, millions of bytes"),
    ] = 512
    archive_gather_ms: Annotated[
        int,
        Field(
            ge=0, le=2000, title="Batch window: pictures that arrive within it are one transaction"
        ),
    ] = 250
