"""The newest release of each station, and nothing else, is active."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from contracts.errors import MalformedMessage
from contracts.names import Topics
from contracts.release import Activation, Prompt, Release, SimulatedCamera, StationConfig
from runtime.messaging.release_book import ReleaseBook

TOPICS = Topics("site", "line")


class Message(NamedTuple):
    topic: str
    payload: bytes


def release(station: str, words: str) -> Activation:
    camera, prompts = SimulatedCamera(kind="simulated"), (Prompt(words=words),)
    of = Release.of(station, StationConfig(camera=camera, prompts=prompts))
    return Activation.by("anna", "a trial", of)


def config_of(sent: Activation, station: str | None = None) -> Message:
    return Message(TOPICS.config(station or sent.station), sent.model_dump_json().encode())


def test_the_newest_is_active_and_an_empty_message_clears_it():
    book = ReleaseBook()
    assert book.active("top") is None
    old, new, other = release("top", "a dent"), release("top", "a crack"), release("side", "rust")
    for sent in (old, new, other):
        assert book.take(config_of(sent)) == sent
    assert (book.active("top"), book.active("side")) == (new, other)
    assert book.ids() == {"top": new.release_id, "side": other.release_id}
    assert book.take(Message(TOPICS.config("top"), b"")) is None
    assert book.active("top") is None


@pytest.mark.parametrize(
    "message",
    [
        Message(TOPICS.config("top"), b"{}"),
        Message(TOPICS.config("top"), b"\xff"),
        config_of(release("side", "rust"), "top"),
        Message(
            TOPICS.config("top"), release("top", "a").model_dump_json().replace("a", "b").encode()
        ),
    ],
)
def test_what_is_no_release_of_the_station_changes_nothing(message):
    book, good = ReleaseBook(), release("top", "a dent")
    book.take(config_of(good))
    with pytest.raises(MalformedMessage):
        book.take(message)
    assert book.active("top") == good
