"""Reads messages from the line: a topic says which class a message is of and what it is about."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from contracts.errors import MalformedMessage
from contracts.messages import CaptureNotice, Disposition, Stored, Verdict
from contracts.names import Topics
from contracts.parsing import parse
from contracts.process_state import ProcessState
from contracts.release import Activation
from contracts.roster import Roster


class Cleared(NamedTuple):
    """A ``config`` message without content: the station has no release any more."""

    station: str


Parsed = Verdict | CaptureNotice | Disposition | Activation | Stored | Roster | ProcessState
LineMessage = Parsed | Cleared
CLASSES: dict[str, type[Parsed]] = {
    "verdict": Verdict,
    "capture": CaptureNotice,
    "disposition": Disposition,
    "config": Activation,
    "stored": Stored,
    "stations": Roster,
    "state": ProcessState,
}


class Received(Protocol):
    """What came from the broker."""

    @property
    def topic(self) -> str: ...

    @property
    def payload(self) -> bytes: ...


def read(topics: Topics, incoming: Received) -> LineMessage:
    """Return the message. It is not acknowledged here.

    Raises:
        MalformedMessage: it is not valid, or about another station than its topic.
    """
    address = topics.parse(incoming.topic)
    if address is None or address.kind not in CLASSES:
        raise MalformedMessage(incoming.topic, "not a topic of this line")
    if address.kind == "config" and not incoming.payload:
        return Cleared(address.name)
    message = parse(CLASSES[address.kind], incoming.payload, incoming.topic)
    if _subject(message) != address.name:
        raise MalformedMessage(incoming.topic, f"it is about {_subject(message)}")
    return message


def _subject(message: LineMessage) -> str:
    match message:
        case Stored() | Roster():
            return ""
        case ProcessState():
            return message.process
        case Activation() | Cleared():
            return message.station
        case Verdict() | CaptureNotice() | Disposition():
            return message.part.station
