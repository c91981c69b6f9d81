"""Prometheus metrics that every process has, and the port they are read from."""

from __future__ import annotations

from typing import Protocol

from prometheus_client import Counter, Gauge, start_http_server

LINK_UP = Gauge("referee_mqtt_link_up", "1 while the process is connected to the MQTT broker")
LINK_LOSSES = Counter("referee_mqtt_link_losses", "Connections to the broker that ended", ["why"])
INBOX_DROPPED = Counter("referee_mqtt_inbox_dropped", "Messages dropped: the inbox was full")
ENTRIES_LOST = Counter(
    "referee_stream_entries_lost", "Entries deleted before a group was done", ["stream", "group"]
)
DEAD_LETTERS = Counter("referee_dead_letters", "Entries that can never work", ["stream"])
VERDICTS_RECORDED = Counter("referee_verdicts_recorded", "Verdicts taken into the outbox")
VERDICTS_PUBLISHED = Counter("referee_verdicts_published", "Publications of verdicts", ["kind"])
JOURNAL_USED_SHARE = Gauge(
    "referee_journal_used_share", "Memory the journal Redis uses, of what it may; 0: no bound"
)
CONDITION = Gauge(
    "referee_condition",
    "1 while this process has the condition; docs/operating.md lists the codes",
    ["code", "severity", "station"],
)
PROCESS_ONLINE = Gauge(
    "referee_process_online",
    "Bridge only: 1 while a process of the line is online, 0 if it is gone",
    ["process"],
)
STEP_RETRIES = Counter("referee_step_retries", "Steps repeated after a transient error", ["loop"])


class MetricsSettings(Protocol):
    """The part of the settings that metrics need."""

    @property
    def metrics_port(self) -> int: ...

    @property
    def metrics_host(self) -> str: ...


def serve(settings: MetricsSettings) -> None:
    """Serve ``/metrics`` on the settings' port, from a thread of its own; port 0: not at all.

    Raises:
        OSError: the port is taken.
    """
    if settings.metrics_port:
        start_http_server(settings.metrics_port, addr=settings.metrics_host)
