"""Where a run keeps its files: the only module that writes their names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

RUNS = Path(".run")
"""Run folders of the lines that were started in the current folder."""


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run of a line. The same value serves processes, commands and dashboard.

    Attributes:
        path: the folder; it need not exist yet.
        other_database: URL of a database elsewhere; None for the SQLite file in the folder.
    """

    path: Path
    other_database: str | None = None

    def resolved(self) -> RunFolder:
        """Return the same folder with an absolute path."""
        return replace(self, path=self.path.resolve())

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of verdicts, dispositions and releases."""
        return self.other_database or f"sqlite:///{self.path.resolve()}/referee.sqlite"

    @property
    def archive(self) -> Path:
        """Folder of the pictures; the database holds their paths below it."""
        return self.path / "archive"

    @property
    def bridge_journal(self) -> Path:
        """The bridge's own SQLite file: what it presented, and the part numbers it resumes from."""
        return self.path / "bridge.sqlite"

    @property
    def redis_frames(self) -> Path:
        """Folder of the Redis server that holds pictures in memory."""
        return self.path / "redis-frames"

    @property
    def redis_journal(self) -> Path:
        """Folder of the Redis server that holds verdicts until storage confirms them."""
        return self.path / "redis-journal"

    @property
    def mosquitto(self) -> Path:
        """Folder of the MQTT broker."""
        return self.path / "mosquitto"

    @property
    def lock(self) -> Path:
        """File that is locked while a line runs in this folder."""
        return self.path / "lock"

    @property
    def endpoints(self) -> Path:
        """Ports of the newest start."""
        return self.path / "endpoints.json"

    @property
    def start(self) -> Path:
        """The line file in force, its processes, and the options of the newest start."""
        return self.path / "start.json"

    @property
    def soft_plc_report(self) -> Path:
        """What the simulated PLC counted."""
        return self.path / "soft-plc.json"

    @property
    def supervisor_config(self) -> Path:
        """Configuration of `supervisord`."""
        return self.path / "supervisord.conf"

    @property
    def supervisor_pid(self) -> Path:
        """Process id of `supervisord`."""
        return self.path / "supervisord.pid"

    @property
    def logs(self) -> Path:
        """Folder of the logs."""
        return self.path / "logs"

    def log(self, process: str) -> Path:
        """Log of one process."""
        return self.logs / f"{process}.log"
