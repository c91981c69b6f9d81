"""Messages are parsed at the edge: what is not ours is refused with the reason."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import MalformedMessage
from contracts.identity import PartKey, Stamp
from contracts.messages import Disposition, Trigger, Verdict
from contracts.parsing import parse
from tests.verdicts import verdict

NOW = Stamp(utc_ns=2_000_000_000, monotonic_ns=1_000_000, boot_id="a")
PART = PartKey(station="tiles", epoch=3, trigger_seq=7)


def trigger() -> Trigger:
    return Trigger(part=PART, part_id=9, started_at=NOW, deadline_ms=500)


def test_a_message_survives_the_wire() -> None:
    assert parse(Trigger, trigger().model_dump_json(), "triggers:tiles") == trigger()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"part_id": -1}, "part_id"),
        ({"part_id": 2**32}, "part_id"),
        ({"colour": "red"}, "colour"),
        ({"schema_version": 2}, "schema_version"),
        ({"part": {"station": "tiles", "epoch": 2**63, "trigger_seq": 0}}, "epoch"),
        ({"part": {"station": "Tiles!", "epoch": 0, "trigger_seq": 0}}, "station"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, object], named: str) -> None:
    raw = json.dumps(json.loads(trigger().model_dump_json()) | change)
    with pytest.raises(MalformedMessage, match=named) as refused:
        parse(Trigger, raw, "triggers:tiles")
    assert refused.value.source == "triggers:tiles"


@given(st.binary(max_size=200))
def test_noise_is_refused_and_never_raises_anything_else(noise: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse(Verdict, noise, "a topic")


@pytest.mark.parametrize("message", [Verdict, Disposition])
def test_no_verdict_without_a_cause_is_refused(message: type) -> None:
    fields = {
        "part": PART.model_dump(),
        "part_id": 1,
        "decision": "no_verdict",
        "started_at": NOW.model_dump(),
    }
    fields |= (
        {"verdict_id": "x", "decided_at": NOW.model_dump(), "deadline_ms": 1}
        if message is Verdict
        else {"mode": "guard"}
    )
    with pytest.raises(MalformedMessage, match="cause"):
        parse(message, json.dumps(fields), "a topic")
    parse(message, json.dumps(fields | {"cause": "expired"}), "a topic")
    with pytest.raises(MalformedMessage, match="cause"):
        parse(message, json.dumps(fields | {"decision": "pass", "cause": "expired"}), "a topic")


@given(epoch=st.integers(0, 2**60), seq=st.integers(0, 2**40))
def test_an_identity_is_its_text(epoch: int, seq: int) -> None:
    part = PartKey(station="tile-top_2", epoch=epoch, trigger_seq=seq)
    assert PartKey.from_text(str(part)) == part


@pytest.mark.parametrize("text", ["", "tiles", "tiles/1", "tiles/a/b", "tiles/1/2/3", "../1/2"])
def test_other_text_is_no_identity(text: str) -> None:
    with pytest.raises(ValueError):
        PartKey.from_text(text)


def test_time_is_monotonic_on_one_boot_and_utc_between_two() -> None:
    later = Stamp(utc_ns=NOW.utc_ns - 10_000_000, monotonic_ns=6_000_000, boot_id="a")
    assert later.ms_since(NOW) == 5.0  # the wall clock was set back meanwhile
    elsewhere = Stamp(utc_ns=NOW.utc_ns + 7_000_000, monotonic_ns=1, boot_id="b")
    assert elsewhere.ms_since(NOW) == 7.0


def test_what_a_message_said_is_not_remembered() -> None:
    """Each part's names are new: kept, they would grow every process by a few bytes a part."""
    raw = [verdict(seq).model_dump_json() for seq in range(3000)]
    parse(Verdict, raw[0], "verdicts")
    tracemalloc.start()
    try:
        for each in raw:
            parse(Verdict, each, "verdicts")
        assert tracemalloc.get_traced_memory()[0] < 20_000
    finally:
        tracemalloc.stop()
