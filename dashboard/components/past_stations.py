"""Stations that the line had once: shown only if somebody asks for them."""

from __future__ import annotations

import streamlit as st

from dashboard.wording import counted
from storage.queries import LineTile


def with_past(now: list[LineTile], past: list[LineTile]) -> list[LineTile]:
    """Return the stations of now, and those of the past if the viewer switched them on."""
    if not past:
        return now
    asked = st.toggle(
        f"Show {counted(len(past), 'station')} of the past",
        key="past",
        help="The line file does not have them any more; their parts are still in the database.",
    )
    return [*now, *past] if asked else now
