"""What the dashboard needs to know: where the database and the pictures are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.process.settings import PREFIX


class DashboardSettings(BaseSettings):
    """A few of the line's variables; the dashboard talks to no broker, no Redis, no model."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    site: Annotated[str, Field(title="Site, for the headline")] = ""
    line: Annotated[str, Field(title="Line, for the headline")] = ""
    run_dir: Annotated[Path, Field(title="Folder of database and archive")] = Path(".run")
    database_url: Annotated[
        str | None, Field(title="SQLAlchemy URL; a SQLite file in run_dir if none")
    ] = None

    @property
    def database(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{self.run_dir.resolve()}/referee.sqlite"

    @property
    def archive(self) -> Path:
        """The folder that archived pictures are named from."""
        return self.run_dir / "archive"
