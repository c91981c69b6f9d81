"""Settings of the dashboard."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from contracts.names import Topics
from runtime.process.settings import BrokerSettings


class DashboardSettings(BrokerSettings):
    """Where the database and the pictures are, and the broker on which the line says how it is.

    The dashboard uses no Redis and no model. Without a broker it shows what is in the database.
    """

    site: Annotated[str, Field(title="Site, shown in the headline")] = ""
    line: Annotated[str, Field(title="Line, shown in the headline")] = ""

    @property
    def topics(self) -> Topics | None:
        """The line's topics; None if the settings name no broker or no line."""
        return Topics(self.site, self.line) if self.mqtt_port and self.site and self.line else None
