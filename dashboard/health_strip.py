"""Shows what is wrong above every page, once a second, with or without a database."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from contracts.errors import UserError
from dashboard.components.health_block import health_block
from dashboard.data.health_data import health


@st.fragment(run_every="1s")
def health_strip() -> None:
    """Show the conditions of the line; nothing if nothing is wrong."""
    with st.container(key="health"), suppress(UserError):  # the page names the wrong setting
        known = health()
        block = health_block(known) if known else ""
        if block:
            st.html(block)
