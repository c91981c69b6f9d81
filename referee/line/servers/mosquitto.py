"""The MQTT broker of a line on one machine."""

from __future__ import annotations

import getpass
from pathlib import Path

SETTINGS = Path(__file__).with_name("mosquitto.conf")


def mosquitto_argv(host: str, port: int, folder: Path) -> list[str]:
    """Command line of the broker; its state and the configuration it reads go to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / SETTINGS.name
    config.write_text(
        f"{SETTINGS.read_text()}\n"
        "# Of this machine:\n"
        f"listener {port} {host}\n"
        f"persistence_location {folder}/\n"
        # Started by root it would become another user, who may not write this folder.
        f"user {getpass.getuser()}\n"
    )
    return ["mosquitto", "-c", str(config)]
