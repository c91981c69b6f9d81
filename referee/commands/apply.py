"""`referee apply`: change prompts and rules of a running line, between parts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import UserError
from contracts.names import Topics
from referee.commands.options import ByOption, RunDirOption, WhyOption, run_folder_of
from referee.line.endpoints import LOOPBACK, Endpoints
from referee.line.signing import signed, this_user
from referee.line.watch import watch_line
from runtime.linefile.line_file import load_line_file
from runtime.messaging.broker import Broker
from runtime.process.console import Console, styled
from runtime.process.run_folder import RunFolder


def register(app: typer.Typer) -> None:
    app.command("apply")(apply)


def apply(
    file: Annotated[Path, typer.Argument(help="Line file with the new prompts and rules.")],
    run_dir: RunDirOption = None,
    mqtt: Annotated[
        str | None,
        typer.Option(help="host:port of the MQTT broker, for a line on another machine."),
    ] = None,
    by: ByOption = None,
    why: WhyOption = "",
) -> None:
    """Put a line file's prompts and rules in force on the running line.

    Each station gets a new release. Parts already inspected keep the release they were inspected
    with. Who made the change, and why, is stored with the release.
    """
    line = load_line_file(file)
    activations = signed(line.releases(), by or this_user(), why)
    broker = _broker(mqtt) if mqtt else _broker_of(run_folder_of(line, run_dir))
    with watch_line(Topics(line.site, line.line), broker) as watch:
        watch.publish(activations)
    for each in activations:
        release, mode = styled(each.release_id, "bold"), each.config.mode
        Console().print(f"{each.station}: release", release, f"is active, mode {mode}")


def _broker_of(folder: RunFolder) -> Broker:
    return Broker(LOOPBACK, Endpoints.load(folder).mqtt)


def _broker(address: str) -> Broker:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise UserError(f"--mqtt {address}: expected host:port, such as mosquitto:1883")
    return Broker(host, int(port))
