"""`referee service`: have systemd start a line with the machine."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import UserError
from contracts.line import LineFile
from referee.commands.command import add
from referee.commands.options import LineOption, RunDirOption, run_folder_of
from referee.line.programs import camera_variables
from referee.line.systemd_unit import UnitOptions, unit_text
from referee.project import DEMO_LINE, python_path
from runtime.linefile.line_file import load_line_file
from runtime.process.console import Console
from runtime.process.files import made_folder, write_text

SYSTEM_UNITS = Path("/etc/systemd/system")
USER_UNITS = Path("~/.config/systemd/user")

service = typer.Typer(name="service", help="Have systemd start a line with the machine.")


def register(app: typer.Typer) -> None:
    add(
        service,
        install,
        "sudo referee service install --line line.yaml",
        "referee service install --line line.yaml --own",
    )
    app.add_typer(service, name="service")


def install(
    line: LineOption = DEMO_LINE,
    run_dir: RunDirOption = None,
    user: Annotated[
        str | None,
        typer.Option(help="Login name that the line runs as. Default: who calls, or sudo's user."),
    ] = None,
    own: Annotated[
        bool,
        typer.Option("--own", help="Write a unit of your own systemd (`systemctl --user`)."),
    ] = False,
    to: Annotated[
        Path | None, typer.Option(help="Write the unit into this folder instead, to look at.")
    ] = None,
    dashboard: Annotated[bool, typer.Option(help="Start the dashboard too.")] = True,
) -> None:
    """Write the systemd unit of a line, check it, and print how to switch it on.

    systemd then starts the line with the machine, and again if it fails. Variables named REFEREE_
    of the environment are kept in the unit, and those that the cameras need. Nothing is started.
    """
    file = load_line_file(line)
    folder = run_folder_of(file, run_dir).path.resolve()
    argv = [sys.executable, "-m", "referee", "up", "--line", str(line.resolve())]
    argv += ["--run-dir", str(folder), "--dashboard" if dashboard else "--no-dashboard"]
    options = UnitOptions(
        site=file.site,
        line=file.line,
        argv=argv,
        working_folder=Path.cwd(),
        user="" if own else _user(user),
        environment=python_path() | _settings(file),
    )
    text = unit_text(options)
    _check(options.name, text)
    units = to or (USER_UNITS.expanduser() if own else SYSTEM_UNITS)
    unit = made_folder(units) / options.name
    write_text(unit, text)
    unit.chmod(0o600)  # a setting may hold a password
    _say_how(unit, own=own)


def _user(given: str | None) -> str:
    name = given or os.environ.get("SUDO_USER") or _login_name()
    try:
        return pwd.getpwnam(name).pw_name
    except KeyError:
        raise UserError(f"--user {name}: this machine has no such user") from None


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise UserError("your user has no login name here; give one with --user") from None


def _settings(line: LineFile) -> dict[str, str]:
    """Return what the environment says now of the line: its settings, and its cameras' secrets."""
    named = set(camera_variables(line))
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith("REFEREE_") or name in named
    }


def _check(name: str, text: str) -> None:
    """Have systemd read the unit. Raises UserError if it finds something wrong."""
    if shutil.which("systemd-analyze") is None:
        Console(stderr=True).print("systemd-analyze is not installed: the unit was not checked.")
        return
    with tempfile.TemporaryDirectory(prefix="referee-unit-") as folder:
        unit = Path(folder) / name
        unit.write_text(text, encoding="utf-8")
        found = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(unit)],
            capture_output=True,
            text=True,
            check=False,
        )
    said = [line.partition(f"{name}:")[2] for line in found.stderr.splitlines() if name in line]
    if said:
        raise UserError(f"systemd does not take the unit: {'; '.join(said)}")


def _say_how(unit: Path, *, own: bool) -> None:
    call = "systemctl --user" if own else "systemctl"
    console = Console()
    console.print(f"Wrote {unit}. Switch it on with:")
    console.print(f"    {call} daemon-reload && {call} enable --now {unit.name}")
    if own:
        console.print("    loginctl enable-linger    # so that it runs while you are logged out")
    console.print(
        "`referee status` shows the line. `referee down` stops it until the next start of"
    )
    console.print(f"the machine or `{call} start {unit.name}`.")
