"""The systemd unit that starts a line with the machine, and starts it again if it fails. Pure.

Source of the directives: systemd.service(5), systemd.exec(5), systemd.kill(5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

STOP_TIMEOUT_S = 90
"""Longer than a line takes to stop in order; after it, systemd kills what is left."""


class UnitOptions(NamedTuple):
    """What a unit is made from. All paths are absolute.

    Attributes:
        user: login name that the line runs as; empty in a unit of the user's own systemd.
        environment: settings that the line was installed with, such as REFEREE_DATABASE_URL.
    """

    site: str
    line: str
    argv: Sequence[str]
    working_folder: Path
    user: str = ""
    environment: Mapping[str, str] = MappingProxyType({})

    @property
    def name(self) -> str:
        """Return the unit's file name. Site and line have no dot, so no two lines share it."""
        return f"referee-{self.site}.{self.line}.service"


def unit_text(options: UnitOptions) -> str:
    """Return the unit file."""
    lines = [
        "[Unit]",
        f"Description=Referee, line {options.line} at site {options.site}",
        "Documentation=man:systemd.service(5)",
        "After=network-online.target time-sync.target",
        "Wants=network-online.target",
        "# A line that cannot start is tried again for ever: nobody may be there to do it.",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=exec",
        *([f"User={options.user}"] if options.user else []),
        f"WorkingDirectory={_path(options.working_folder)}",
        *(f"Environment={_quoted(f'{n}={v}')}" for n, v in sorted(options.environment.items())),
        f"ExecStart={' '.join(map(_quoted, options.argv))}",
        "# A line that `referee down` stopped ends with 0 and stays stopped.",
        "Restart=on-failure",
        "RestartSec=5",
        "# The command stops its processes in order; what is left after that is killed.",
        "KillMode=mixed",
        f"TimeoutStopSec={STOP_TIMEOUT_S}",
        "# The kernel may have killed one process: the line's own supervisor starts it again.",
        "OOMPolicy=continue",
        "NoNewPrivileges=yes",
        "UMask=0027",
        "",
        "[Install]",
        f"WantedBy={'multi-user.target' if options.user else 'default.target'}",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return the text as one word of a unit file: ``%`` and ``$`` would be expanded."""
    if re.fullmatch(r"[\w@+=:,./-]+", text, re.ASCII):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped.replace("$", "$$")}"'


def _path(path: Path) -> str:
    """Return a path as systemd reads it where words are not split: it takes no quotes."""
    return str(path).replace("%", "%%")
