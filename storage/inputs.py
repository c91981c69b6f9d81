"""Parse at the edge: what came in on which topic."""

from __future__ import annotations

from typing import NamedTuple

from contracts.errors import MalformedMessage
from contracts.messages import Disposition, Verdict
from contracts.names import Topics
from contracts.parsing import parse
from contracts.process_state import ProcessState
from contracts.release import Activation
from storage.ports import Incoming


class Cleared(NamedTuple):
    """A ``config`` message without content: the station has no release any more."""

    station: str


OF_PARTS: dict[str, type[Verdict] | type[Disposition]] = {
    "verdict": Verdict,
    "disposition": Disposition,
}
Input = Verdict | Disposition | Activation | Cleared | ProcessState


def subscriptions(topics: Topics) -> dict[str, int]:
    """Topic filters of the sink and their QoS."""
    filters = (topics.verdict(), topics.disposition(), topics.config(), topics.state())
    return dict.fromkeys(filters, 1)


def parse_incoming(topics: Topics, incoming: Incoming) -> Input:
    """The message.

    Raises:
        MalformedMessage: not ours, or about another station than its topic says.
    """
    first, what = incoming.topic.removeprefix(topics.root + "/").split("/")
    if incoming.topic == topics.state(what):
        return parse(ProcessState, incoming.payload, incoming.topic)
    if what == "config":
        return _config(first, incoming)
    message = parse(OF_PARTS[what], incoming.payload, incoming.topic)
    _same_station(incoming.topic, first, message.part.station)
    return message


def _config(station: str, incoming: Incoming) -> Activation | Cleared:
    if not incoming.payload:
        return Cleared(station)
    release = parse(Activation, incoming.payload, incoming.topic)
    _same_station(incoming.topic, station, release.station)
    return release


def _same_station(topic: str, named: str, meant: str) -> None:
    if named != meant:
        raise MalformedMessage(topic, f"it is about station {meant}")
