"""Units and releases in the bridge's journal: a restart without a broker knows them."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

import structlog

from contracts.errors import MalformedMessage
from contracts.parsing import parse
from contracts.release import Activation

log = structlog.get_logger()


class KeptRelease(NamedTuple):
    """A station's unit id, its release and its recipe.

    Attributes:
        release: None where it was taken away or is not understood.
    """

    station: str
    unit: int
    release: Activation | None
    recipe: int


def keep(database: sqlite3.Connection, release: Activation) -> None:
    """The station's release from now on. Another unit id goes behind those that are taken."""
    station, unit = release.station, release.config.plc_unit
    database.execute("DELETE FROM releases WHERE station = ? AND unit <> ?", (station, unit))
    database.execute(
        "INSERT INTO releases (station, unit, body) VALUES (?, ?, ?)"
        " ON CONFLICT (station) DO UPDATE SET body = excluded.body",
        (station, unit, release.model_dump_json()),
    )


def forget(database: sqlite3.Connection, station: str) -> None:
    """The station has no release any more. Its unit id stays."""
    database.execute("UPDATE releases SET body = NULL WHERE station = ?", (station,))


def keep_recipe(database: sqlite3.Connection, station: str, recipe: int) -> None:
    """The recipe that the station's PLC selected."""
    database.execute(
        "INSERT INTO recipes (station, recipe) VALUES (?, ?)"
        " ON CONFLICT (station) DO UPDATE SET recipe = excluded.recipe",
        (station, recipe),
    )


def kept(database: sqlite3.Connection) -> list[KeptRelease]:
    """What was kept, in the order in which stations took their unit ids."""
    rows = database.execute(
        "SELECT station, unit, body, coalesce(recipe, 0)"
        " FROM releases LEFT JOIN recipes USING (station) ORDER BY id"
    )
    return [
        KeptRelease(name, unit, _release(name, body), recipe) for name, unit, body, recipe in rows
    ]


def _release(station: str, body: str | None) -> Activation | None:
    """Return None if this version cannot read the kept release: a newer one wrote it."""
    try:
        return parse(Activation, body, f"journal: {station}") if body is not None else None
    except MalformedMessage as error:
        log.warning("release_not_understood", station=station, reason=error.reason)
        return None
