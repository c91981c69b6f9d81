"""What every page shares: its style, the viewer's zone, and clear words where data is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from pathlib import Path

import streamlit as st
from sqlalchemy import make_url

from contracts.errors import Unavailable, UserError
from dashboard.components.html import notice, variables
from dashboard.data.reading import NoDatabase, settings
from dashboard.local_time import zone_name, zone_of
from dashboard.palette import Palette, palette_for

STYLE = Path(__file__).parent / "style.css"
PATIENCE = "This page looks again by itself."


def apply_style() -> None:
    """The style sheet, with the colours of the viewer's theme."""
    st.html(variables(palette()))
    st.html(STYLE)


def palette() -> Palette:
    """Colours for the viewer's theme."""
    return palette_for(st.context.theme.type)


def zone() -> tzinfo:
    """The viewer's own time zone."""
    return zone_of(st.context.timezone)


def zone_in_words() -> str:
    """Its name, such as ``Europe/Berlin, CET``."""
    return zone_name(zone(), datetime.now().astimezone())


def line_name() -> str:
    """Site and line, as far as they are set."""
    known = settings()
    return " / ".join(filter(None, [known.site, known.line])) or "Line"


@contextmanager
def showing_errors() -> Iterator[None]:
    """Say in words what is missing, instead of a traceback."""
    try:
        yield
    except NoDatabase:
        where = make_url(settings().run_folder.database_url).render_as_string(hide_password=True)
        say(
            "No database yet",
            f"Storage creates it at {where} when the line starts for the first time. {PATIENCE}",
        )
    except Unavailable as error:
        say("The database cannot be reached right now", f"{error.reason}. {PATIENCE}")
    except UserError as error:
        say("The dashboard's settings are wrong", f"{error}. Correct them and start it again.")


def say(title: str, text: str) -> None:
    """A calm message."""
    st.html(notice(title, text))
