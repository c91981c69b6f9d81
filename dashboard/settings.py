"""What the dashboard needs to know: where the database and the pictures are."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from runtime.process.settings import RunSettings


class DashboardSettings(RunSettings):
    """A few of the line's variables; the dashboard talks to no broker, no Redis, no model."""

    site: Annotated[str, Field(title="Site, for the headline")] = ""
    line: Annotated[str, Field(title="Line, for the headline")] = ""
