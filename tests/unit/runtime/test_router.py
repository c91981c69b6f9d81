"""A topic says which class a message is of and what it is about; both must agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from contracts.errors import MalformedMessage
from contracts.identity import Message as AnyMessage
from contracts.messages import CaptureNotice, Disposition, Stored, Verdict
from contracts.names import Address, Topics
from contracts.process_state import ProcessState
from contracts.release import Activation
from contracts.roster import Roster
from runtime.messaging.router import Cleared, read

TOPICS = Topics("site", "line")
FIXTURES = Path(__file__).parents[2] / "fixtures/v1"


class Received(NamedTuple):
    topic: str
    payload: bytes


def raw(fixture: str) -> bytes:
    return (FIXTURES / f"{fixture}.json").read_bytes()


@pytest.mark.parametrize(
    ("topic", "address"),
    [
        (TOPICS.verdict("top"), Address("verdict", "top")),
        (TOPICS.capture("top"), Address("capture", "top")),
        (TOPICS.disposition("top"), Address("disposition", "top")),
        (TOPICS.config("top"), Address("config", "top")),
        (TOPICS.state("inference-2"), Address("state", "inference-2")),
        (TOPICS.echo("command-7"), Address("echo", "command-7")),
        (TOPICS.stored, Address("stored", "")),
        (TOPICS.stations, Address("stations", "")),
        (Topics("site", "line2").verdict("top"), None),
        (f"{TOPICS.root}/top", None),
        (f"{TOPICS.root}/top/", None),
        (f"{TOPICS.root}//verdict", None),
        (f"{TOPICS.root}/top/verdict/more", None),
        (f"x/{TOPICS.verdict('top')}", None),
        ("verdict", None),
    ],
)
def test_a_topic_says_what_it_is_about(topic: str, address: Address | None) -> None:
    assert TOPICS.parse(topic) == address


@pytest.mark.parametrize(
    ("topic", "fixture", "expected"),
    [
        (TOPICS.verdict("tile-top_2"), "verdict_reject", Verdict),
        (TOPICS.capture("tile-top_2"), "capture_notice", CaptureNotice),
        (TOPICS.disposition("tile-top_2"), "disposition", Disposition),
        (TOPICS.config("plates"), "activation_recipes", Activation),
        (TOPICS.stored, "stored", Stored),
        (TOPICS.stations, "roster", Roster),
        (TOPICS.state("inference-1"), "state_inference", ProcessState),
    ],
)
def test_a_message_is_of_its_topics_class(
    topic: str, fixture: str, expected: type[AnyMessage]
) -> None:
    message = read(TOPICS, Received(topic, raw(fixture)))
    assert type(message) is expected
    with pytest.raises(MalformedMessage):
        read(TOPICS, Received(topic, b"{}"))


def test_an_empty_configuration_clears_the_station() -> None:
    assert read(TOPICS, Received(TOPICS.config("top"), b"")) == Cleared("top")


@pytest.mark.parametrize(
    ("topic", "fixture"),
    [
        (TOPICS.verdict("top"), "verdict_reject"),
        (TOPICS.capture("top"), "capture_notice"),
        (TOPICS.disposition("top"), "disposition"),
        (TOPICS.config("top"), "activation_recipes"),
        (TOPICS.state("bridge"), "state_inference"),
    ],
)
def test_a_message_about_another_station_or_process_is_refused(topic: str, fixture: str) -> None:
    with pytest.raises(MalformedMessage, match="it is about") as refused:
        read(TOPICS, Received(topic, raw(fixture)))
    assert refused.value.source == topic


@pytest.mark.parametrize("topic", [TOPICS.echo("x"), f"{TOPICS.root}/top/picture", "elsewhere"])
def test_a_topic_without_messages_is_refused(topic: str) -> None:
    with pytest.raises(MalformedMessage, match="not a topic of this line"):
        read(TOPICS, Received(topic, json.dumps({}).encode()))
