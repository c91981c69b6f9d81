"""Ports of a line's servers: those of the line file, and free ones for the rest."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from contracts.errors import UserError
from contracts.line import LineFile
from runtime.process.run_folder import RunFolder

LOOPBACK = "127.0.0.1"
"""Redis, the broker and Triton have no passwords on one machine: nobody else may reach them."""
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
LEAST_PORT, MOST_PORT = 10_000, 65_535
STAGES = ("ingest", "inference", "bridge", "storage", "archive")


class Endpoints(BaseModel):
    """Ports of one running line, kept in its run folder for the other commands.

    Attributes:
        host: address that the dashboard and the fieldbuses bind.
        fieldbuses: port of each fieldbus, by its protocol.
        database: URL without password, if it is not the SQLite file of the run folder.
    """

    model_config = ConfigDict(frozen=True)

    site: str
    line: str
    host: str
    dashboard: int
    fieldbuses: dict[str, int] = {}
    redis_frames: int
    redis_journal: int
    mqtt: int
    triton_grpc: int
    triton_http: int
    triton_metrics: int
    stage_metrics: dict[str, int]
    database: str | None = None

    @property
    def reachable_host(self) -> str:
        """``host`` as a client on this machine dials it."""
        return LOOPBACK if self.host == "0.0.0.0" else self.host

    def save(self, folder: RunFolder) -> None:
        """Write the ports, whole or not at all."""
        new = folder.endpoints.with_suffix(".new")
        known = self.model_copy(update={"database": shown_url(folder.other_database)})
        new.write_text(known.model_dump_json(indent=2))
        new.replace(folder.endpoints)

    @classmethod
    def load(cls, folder: RunFolder) -> Endpoints:
        """Read the ports of the newest start in this folder.

        Raises:
            UserError: no line was started there, or the file is damaged.
        """
        try:
            return cls.model_validate_json(folder.endpoints.read_text())
        except FileNotFoundError:
            raise UserError(
                f"no line has been started in {folder.path}; start one with `referee up`, "
                "or name its folder with --run-dir"
            ) from None
        except (OSError, ValueError) as error:
            raise UserError(
                f"{folder.endpoints} cannot be read; stop the line with `referee down`, move the "
                "file away and start the line again"
            ) from error


def shown_url(database: str | None) -> str | None:
    """Return a database's URL without its password. Raises UserError if it is not valid."""
    if database is None:
        return None
    try:
        return make_url(database).render_as_string(hide_password=True)
    except ArgumentError as error:
        raise UserError(f"REFEREE_DATABASE_URL is not valid: {error}") from error


def choose(line: LineFile, *, outward: bool = True) -> Endpoints:
    """Fix every port. One that the line file gives must be free, the others are chosen free.

    ``outward=False`` chooses free ports for the dashboard and the fieldbuses as well, so that a
    measuring run can stand beside a running line.
    """
    inner = line.sockets.model_dump(exclude={"host", "dashboard", "fieldbuses"})
    outer = {"dashboard": line.sockets.dashboard, **line.fieldbus_ports}
    if not outward:
        outer = dict.fromkeys(outer)
    for host, ports in ((line.sockets.host, outer), (LOOPBACK, inner)):
        for name, port in ports.items():
            if port is not None:
                _refuse_taken(host, port, f"sockets.{name}")
    given: dict[str, int | None] = outer | inner
    wanted = [name for name, port in given.items() if port is None]
    free = free_ports(LOOPBACK, len(wanted) + len(STAGES))
    ports = given | dict(zip(wanted, free, strict=False))
    return Endpoints(
        site=line.site,
        line=line.line,
        host=line.sockets.host,
        fieldbuses={name: ports.pop(name) for name in line.fieldbus_ports},
        stage_metrics=dict(zip(STAGES, free[len(wanted) :], strict=True)),
        **ports,
    )


def with_changed_ports(endpoints: Endpoints, before: LineFile, after: LineFile) -> Endpoints:
    """Return where a running line's dashboard and fieldbuses are to listen after a change.

    Only what the files say differently changes; what none gives keeps its port.

    Raises:
        UserError: a port that the new file gives is taken.
    """
    host = after.sockets.host if after.sockets.host != before.sockets.host else endpoints.host
    dashboard = endpoints.dashboard
    if after.sockets.dashboard != before.sockets.dashboard:
        dashboard = after.sockets.dashboard
        _refuse_taken(host, dashboard, "sockets.dashboard")
    fieldbuses = {}
    for name, port in after.fieldbus_ports.items():
        if name in endpoints.fieldbuses and port == before.fieldbus_ports.get(name):
            fieldbuses[name] = endpoints.fieldbuses[name]
            continue
        if port is not None:
            _refuse_taken(host, port, f"sockets.{name}")
        fieldbuses[name] = port or free_ports(LOOPBACK, 1)[0]
    changed = {"host": host, "dashboard": dashboard, "fieldbuses": fieldbuses}
    return endpoints.model_copy(update=changed)


def _refuse_taken(host: str, port: int, setting: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UserError(
                f"port {port} of {host} cannot be used: {error.strerror}; stop the program "
                f"that uses it, or set {setting} in the line file"
            ) from error


def free_ports(host: str, count: int) -> list[int]:
    """Distinct free ports, all held open until the last is found.

    Those that the kernel gives to outgoing connections come last: one of them could be given away
    before the server that it is meant for has started.
    """
    low, high = map(int, OUTGOING.read_text().split())
    safe = [*range(LEAST_PORT, low), *range(high + 1, MOST_PORT + 1)]
    shared = list(range(max(LEAST_PORT, low), min(high, MOST_PORT) + 1))
    random.shuffle(safe)
    random.shuffle(shared)
    with ExitStack() as probes:
        found: list[int] = []
        for port in [*safe, *shared]:
            probe = probes.enter_context(socket.socket())
            with suppress(OSError):
                probe.bind((host, port))
                found.append(port)
            if len(found) == count:
                return found
    raise UserError(
        f"{host} has only {len(found)} free ports of {count}; stop programs that use some, or "
        "give ports in the line file under sockets"
    )
