"""The two Redis servers of a line: `frames` (perishable) and `journal` (durable)."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent


def redis_argv(role: str, host: str, port: int, folder: Path) -> list[str]:
    """Command line of one. ``role`` is ``frames`` or ``journal``; data goes to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    config = HERE / f"redis-{role}.conf"
    where = ["--bind", host, "--port", str(port), "--dir", str(folder)]
    return ["redis-server", str(config), *where]
