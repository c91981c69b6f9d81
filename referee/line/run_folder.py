"""What is where in a line's run folder."""

from __future__ import annotations

import os
from pathlib import Path


def database_url(run_dir: Path) -> str:
    """The run folder's database, unless the environment names another."""
    given = os.environ.get("REFEREE_DATABASE_URL")
    return given or f"sqlite:///{run_dir.resolve()}/referee.sqlite"
