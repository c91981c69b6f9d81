"""What every page shares: style, time zone, and notices in place of missing data."""

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
REFRESHES = "This page refreshes itself."


def apply_style() -> None:
    """Add the style sheet, with the colours of the viewer's theme."""
    st.html(variables(palette()))
    st.html(STYLE)


def palette() -> Palette:
    """Return the colours of the viewer's theme."""
    return palette_for(st.context.theme.type)


def zone() -> tzinfo:
    """Return the viewer's time zone."""
    return zone_of(st.context.timezone)


def zone_label() -> str:
    """Return the name of the viewer's time zone, such as ``Europe/Berlin, CET``."""
    return zone_name(zone(), datetime.now().astimezone())


def line_name() -> str:
    """Return site and line, or "Line" if neither is set."""
    known = settings()
    return " / ".join(filter(None, [known.site, known.line])) or "Line"


@contextmanager
def showing_errors() -> Iterator[None]:
    """Show a notice instead of a traceback if the database or a setting is missing."""
    try:
        yield
    except NoDatabase:
        where = make_url(settings().run_folder.database_url).render_as_string(hide_password=True)
        show_notice(
            "No database yet",
            f"Storage creates it at {where} when the line starts for the first time. {REFRESHES}",
        )
    except Unavailable as error:
        show_notice("The database cannot be reached right now", f"{error.reason}. {REFRESHES}")
    except UserError as error:
        show_notice(
            "The dashboard's settings are not valid", f"{error}. Correct them and restart it."
        )


def show_notice(title: str, text: str) -> None:
    """Show a notice in place of content."""
    st.html(notice(title, text))
