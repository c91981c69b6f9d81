"""Settings of the ingest process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from runtime.process.settings import ProcessSettings


class IngestSettings(ProcessSettings):
    """What ingest needs to know beside what every process does."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    images: Annotated[
        Path | None, Field(title="Folder that every replay camera shows instead of its own")
    ] = None
    trigger_greatest_age_ms: Annotated[
        int, Field(ge=1, title="An older trigger is not captured, also where it is the newest")
    ] = 500
    camera_patience_ms: Annotated[
        int, Field(ge=1, title="Longest wait of a live camera for a picture after a trigger")
    ] = 400
    frames_greatest_backlog: Annotated[
        int, Field(ge=1, title="Uninspected frames of a station; beyond it: no_verdict(overload)")
    ] = 64
    frames_kept: Annotated[
        int, Field(ge=1, title="Frames of a station that may stay in Redis, inspected or not")
    ] = 256
