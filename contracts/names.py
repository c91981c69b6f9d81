"""Every name on a wire: Redis streams, consumer groups, keys, MQTT topics."""

from __future__ import annotations

from typing import NamedTuple

from contracts.identity import PartKey

INFERENCE_GROUP = "inference"
ARCHIVE_GROUP = "archive"
INGEST_GROUP = "ingest"
PUBLISH_GROUP = "publish"
VERDICTS = "verdicts"
"""Outbox stream on the journal Redis: verdicts that storage has not confirmed yet."""

SINK = "storage"
"""Name of a line's only sink, unless its settings name others."""

RESERVED = frozenset({"state", "stored", "echo", "stations"})
"""Topics of a line itself, where its stations' topics are."""


def triggers(station: str) -> str:
    """Stream on the frames Redis: parts whose picture is to be taken now."""
    return f"triggers:{station}"


def frames(station: str) -> str:
    """Stream on the frames Redis: pictures to be inspected."""
    return f"frames:{station}"


def dead_letters(stream: str) -> str:
    """Stream on the journal Redis: entries of ``stream`` that can never work, with the reason."""
    return f"dead:{stream}"


def decided(part: PartKey) -> str:
    """Key on the journal Redis: this part has its verdict; the first one stands."""
    return f"decided:{part}"


def numbers(station: str) -> str:
    """Key on the journal Redis: how far the parts are numbered that the camera triggers."""
    return f"numbers:{station}"


class Address(NamedTuple):
    """What a topic is about.

    Attributes:
        kind: ``verdict``, ``config``, ``state``, ...: it decides the message's class.
        name: the station, or the process of a ``state``; empty for ``stored`` and ``stations``.
    """

    kind: str
    name: str


class Topics(NamedTuple):
    """MQTT topics of one line."""

    site: str
    line: str

    @property
    def root(self) -> str:
        return f"referee/v1/{self.site}/{self.line}"

    def of(self, station: str, what: str) -> str:
        """``referee/v1/<site>/<line>/<station>/<what>``; ``+`` for any station."""
        return f"{self.root}/{station}/{what}"

    def parse(self, topic: str) -> Address | None:
        """Return what a topic is about; None if it is not one of this line."""
        if topic in (self.stored, self.stations):
            return Address(topic.removeprefix(f"{self.root}/"), "")
        prefix = f"{self.root}/"
        first, _, last = topic.removeprefix(prefix).partition("/")
        if not topic.startswith(prefix) or not first or not last or "/" in last:
            return None
        return Address(first, last) if first in RESERVED else Address(last, first)

    def capture(self, station: str = "+") -> str:
        return self.of(station, "capture")

    def verdict(self, station: str = "+") -> str:
        return self.of(station, "verdict")

    def disposition(self, station: str = "+") -> str:
        return self.of(station, "disposition")

    def config(self, station: str = "+") -> str:
        """Retained: the station's active release."""
        return self.of(station, "config")

    @property
    def stored(self) -> str:
        return f"{self.root}/stored"

    @property
    def stations(self) -> str:
        """Retained: the line's roster."""
        return f"{self.root}/stations"

    def state(self, process: str = "+") -> str:
        """Retained, with a last will. One will per connection, so a topic per process."""
        return f"{self.root}/state/{process}"

    def echo(self, client: str) -> str:
        """A client's own round trip through the broker: its link's watchdog."""
        return f"{self.root}/echo/{client}"
