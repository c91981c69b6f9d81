"""Settings of the ingest process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode, SettingsConfigDict

from runtime.process.settings import ProcessSettings, comma_list

VariableNames = Annotated[tuple[str, ...], NoDecode, BeforeValidator(comma_list)]


class IngestSettings(ProcessSettings):
    """Settings of ingest, in addition to those of every process."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    images: Annotated[
        Path | None,
        Field(title="Folder that every replay camera shows instead of its own"),
    ] = None
    camera_variables: Annotated[
        VariableNames,
        Field(title="Variables that a camera's options may name as ${NAME}, separated by commas"),
    ] = ()
    trigger_greatest_age_ms: Annotated[
        int, Field(ge=1, title="Oldest trigger for which a picture is taken, ms")
    ] = 500
    camera_patience_ms: Annotated[
        int, Field(ge=1, title="Longest wait for a live camera's picture after a trigger, ms")
    ] = 400
    frames_greatest_backlog: Annotated[
        int, Field(ge=1, title="Most uninspected frames of a station; above: no_verdict(overload)")
    ] = 64
    frames_kept: Annotated[
        int, Field(ge=1, title="Most frames of a station kept in Redis, inspected or not")
    ] = 256
