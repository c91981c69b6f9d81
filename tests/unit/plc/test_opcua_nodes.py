"""The OPC UA nodes: as data, in the settings and the line file, and in docs/plc.md."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from plc.core.plc_image import PlcImage
from plc.core.registers import COILS, DISCRETE_INPUTS, HOLDING_SIZE, INPUT_SIZE
from plc.opcua.nodes import EVENT_FIELDS, SHOWN, WRITTEN, markdown, shown_values, written

DOCS = Path(__file__).parents[3] / "docs" / "plc.md"
WORDS = {n.source: st.integers(0, 2 ** int(n.type[4:]) - 1) for n in WRITTEN if n.type != "Boolean"}
BITS = {n.source: st.booleans() for n in WRITTEN if n.type == "Boolean"}


def test_the_field_finds_the_names_it_knows():
    names = [node.name for node in (*WRITTEN, *SHOWN)]
    assert len(set(names)) == len(names)
    known = "Heartbeat PlcHeartbeat TriggerSeq PartId AckSeq ResultSeq Verdict DefectClass"
    known += " LatencyMs QueueDepth LineStopReq ConsecutiveRejects"
    known += " PlcBootId BridgeBootId AckEcho AckState Mode Phase ErrorCode Cause"
    assert set(known.split()) <= set(names)
    assert {"ResultSeq", "PartIdEcho", "Verdict", "BridgeBootId"} <= {n.name for n in EVENT_FIELDS}


@given(st.fixed_dictionaries({}, optional={**WORDS, **BITS}))
def test_a_write_changes_what_it_names_and_nothing_else(values):
    before = list(range(HOLDING_SIZE))
    after, old = written(before, values), PlcImage.of(before)
    image, coils = PlcImage.of(after), {bit.name for bit in COILS}
    for name in PlcImage._fields[1:]:
        assert getattr(image, name) == values.get(name, getattr(old, name))
    for name in coils:
        assert image.coil(name) == values.get(name, old.coil(name))


@given(st.lists(st.integers(0, 0xFFFF), min_size=INPUT_SIZE, max_size=INPUT_SIZE))
def test_bits_are_shown_as_they_are(inputs):
    values = shown_values(inputs, [0] * HOLDING_SIZE)
    assert values["Heartbeat"] == inputs[1]
    for bit in DISCRETE_INPUTS:
        name = bit.name.title().replace("_", "")
        if name != "Heartbeat" and name in values:
            assert values[name] == bool(inputs[0] >> bit.address & 1)


def test_docs_show_these_nodes():
    assert markdown().strip() in DOCS.read_text(), "run: python -m plc.opcua.nodes"
