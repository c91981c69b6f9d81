"""Settings of the archive."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from runtime.process.settings import ProcessSettings

MB = 10**6


class ArchiveSettings(ProcessSettings):
    """What ``python -m storage.archive`` needs to know beside what every process does."""

    archive_largest_mb: Annotated[
        int, Field(ge=16, title="Disk the pictures may take, millions of bytes")
    ] = 2048
    archive_near_miss_logit: Annotated[
        float, Field(ge=0, title="A pass whose logits came this near to 0 is kept like a reject")
    ] = 1.0
    archive_least_free_mb: Annotated[
        int, Field(ge=0, title="Disk that stays free for the database and the journals")
    ] = 512
    archive_gather_ms: Annotated[
        int, Field(ge=0, le=2000, title="Pictures of so long a time are one transaction")
    ] = 250
