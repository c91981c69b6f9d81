"""What a line has stored about its parts, for commands that only read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from contracts.errors import Unavailable, UserError
from referee.line.endpoints import Endpoints
from runtime.process.run_folder import RunFolder
from storage.queries import open_sessions


@contextmanager
def reading_stored(folder: RunFolder) -> Iterator[Session]:
    """Open the database of a line.

    Raises:
        UserError: there is none, or what is there is none of this version.
        Unavailable: it cannot be reached right now.
    """
    refuse_other_database(folder)
    url = _url_of(folder)
    if not is_there(folder):
        raise UserError(f"nothing is stored in {folder.path}: {url.database} does not exist")
    where = url.render_as_string(hide_password=True)
    try:
        with open_sessions(folder.database_url)() as session:
            yield session
    except (OperationalError, InterfaceError) as error:
        raise Unavailable(where, str(error.orig)) from error
    except DBAPIError as error:
        raise UserError(f"{where} cannot be read: {error.orig}") from error


def is_there(folder: RunFolder) -> bool:
    """Return whether the folder's SQLite file exists. Another database is asked when it is used."""
    url = _url_of(folder)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").is_file()


def _url_of(folder: RunFolder) -> URL:
    try:
        return make_url(folder.database_url)
    except ArgumentError as error:
        raise UserError(f"REFEREE_DATABASE_URL is not valid: {error}") from error


def refuse_other_database(folder: RunFolder) -> None:
    """Raise UserError if the line stores its parts elsewhere, and we were not told where."""
    if folder.other_database is not None or not folder.endpoints.is_file():
        return
    elsewhere = Endpoints.load(folder).database
    if elsewhere:
        raise UserError(
            f"the line of {folder.path} was started with another database: set "
            f"REFEREE_DATABASE_URL as it was then ({elsewhere})"
        )
