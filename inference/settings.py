"""Settings of the inference process."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from inference.model_name import DEFAULT_MODEL, ModelName
from runtime.process.settings import ProcessSettings


class InferenceSettings(ProcessSettings):
    """What inference needs to know beside what every process does."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    model: Annotated[str, Field(title="Model of Triton's repository that inspects the parts")] = (
        DEFAULT_MODEL
    )
    model_version: Annotated[
        str, Field(title="Version of the model, as its folder is named; empty: the newest")
    ] = ""
    instance: Annotated[
        int, Field(ge=0, title="Number of this worker where a line has several; 0: the only one")
    ] = 0
    inference_workers: Annotated[
        int,
        Field(
            ge=1,
            le=16,
            title="Parts under way at once: one is read and recorded while the other is looked at",
        ),
    ] = 2
    handover_ms: Annotated[
        int, Field(ge=0, title="Kept of the deadline for the way from the verdict to the registers")
    ] = 20
    reclaim_idle_ms: Annotated[
        int,
        Field(
            ge=50, title="A frame whose worker gave no sign for so long is taken over by another"
        ),
    ] = 500
    greatest_deliveries: Annotated[
        int, Field(ge=1, title="A frame that was given out so often in vain goes to dead letters")
    ] = 3
    greatest_skew_ms: Annotated[
        int, Field(ge=0, title="A part that began so far in the future: clocks disagree, no pass")
    ] = 500

    @property
    def model_name(self) -> ModelName:
        """Return which model of Triton's repository inspects the parts."""
        return ModelName(self.model, self.model_version)

    @property
    def process(self) -> str:
        """Name of this process: ``inference``, or ``inference-2``."""
        return f"inference-{self.instance}" if self.instance else "inference"
