"""Settings of the dashboard."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from runtime.process.settings import RunSettings


class DashboardSettings(RunSettings):
    """Where the database and the pictures are. The dashboard uses no broker, Redis or model."""

    site: Annotated[str, Field(title="Site, shown in the headline")] = ""
    line: Annotated[str, Field(title="Line, shown in the headline")] = ""
