"""The health of the line, as its processes say it over MQTT: it needs no database."""

from __future__ import annotations

import os

import streamlit as st

from contracts.health import LineHealth
from contracts.names import Topics
from dashboard.data.reading import settings
from runtime.messaging.broker import Broker
from runtime.messaging.health_watch import HealthWatch


def health() -> LineHealth | None:
    """Return how the line is right now; None if the settings name no broker.

    Raises:
        UserError: a setting is not valid.
    """
    known = settings()
    return _watch(known.broker, known.topics).health() if known.topics else None


@st.cache_resource(show_spinner=False, on_release=HealthWatch.stop)
def _watch(broker: Broker, topics: Topics) -> HealthWatch:
    watch = HealthWatch(broker, topics, f"dashboard-{os.getpid()}")
    watch.start()
    return watch
