"""Settings of the inference process."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from inference.model_name import DEFAULT_MODEL, ModelName
from runtime.process.settings import ProcessSettings


class InferenceSettings(ProcessSettings):
    """Settings of inference, in addition to those of every process."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    model: Annotated[str, Field(title="Model of Triton's repository that inspects the parts")] = (
        DEFAULT_MODEL
    )
    model_version: Annotated[
        str, Field(title="Version of the model, as its folder is named; empty: the newest")
    ] = ""
    instance: Annotated[
        int, Field(ge=0, title="Number of this process if a line has several; 0: the only one")
    ] = 0
    inference_workers: Annotated[
        int,
        Field(
            ge=1,
            le=16,
            title="Parts in progress at once: one is read or recorded while another is inspected",
        ),
    ] = 2
    handover_ms: Annotated[
        int, Field(ge=0, title="Time reserved for bringing the verdict to the PLC registers, ms")
    ] = 20
    reclaim_idle_ms: Annotated[
        int,
        Field(
            ge=50,
            title="Frames of a process that is silent for this long are taken over, ms",
        ),
    ] = 500
    greatest_deliveries: Annotated[
        int,
        Field(
            ge=1,
            title="Deliveries without a verdict after which a frame becomes a dead letter",
        ),
    ] = 3
    greatest_skew_ms: Annotated[
        int,
        Field(
            ge=0,
            title="Largest clock difference, ms: no pass for a part that starts later",
        ),
    ] = 500

    @property
    def model_name(self) -> ModelName:
        """Return which model of Triton's repository inspects the parts."""
        return ModelName(self.model, self.model_version)

    @property
    def process(self) -> str:
        """Return the name of this process: ``inference``, or ``inference-2``."""
        return f"inference-{self.instance}" if self.instance else "inference"
