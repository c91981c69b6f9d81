"""The `Inspection` nodes as data: each is one register or one bit of map v1, under a name.

``python -m plc.opcua.nodes`` prints the tables of docs/plc.md.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from plc.core.registers import (
    COILS,
    DISCRETE_INPUTS,
    HOLDING_REGISTERS,
    HOLDING_SIZE,
    INPUT_REGISTERS,
    Bit,
    Register,
    bits_to_word,
    decode,
    encode,
    word_to_bits,
)

NAMESPACE = "urn:referee:inspection"
EVENT_TYPE = "ResultReadyType"
ACK_METHOD = "AckResult"
_TYPES = {"u16": "UInt16", "u32": "UInt32", "f32": "Float"}
_NAMES = {"seq_head": "ResultSeq", "class": "DefectClass", "queued": "QueueDepth"}
_MEANINGS = {
    "trigger_seq": "a change triggers; write it last, or in one Write request with the others",
    "seq_head": "sequence of the shown result",
    "ack_seq": "a change to a shown part's sequence acknowledges it; AckResult does so too",
}
_LEFT_OUT = {
    *("control", "status"),  # their bits are nodes
    *("canary", "seq_tail"),  # OPC UA has no word order, and one Read request sees one moment
    "result_ack",  # AckResult is the edge
}


class UaNode(NamedTuple):
    """One variable of a station.

    Attributes:
        source: register or bit that it carries.
        type: OPC UA data type, ``Boolean`` for a bit.
    """

    name: str
    source: str
    type: str
    meaning: str


def _nodes(
    bits: Sequence[Bit], registers: Sequence[Register], names: Mapping[str, str]
) -> tuple[UaNode, ...]:
    typed: list[tuple[Bit | Register, str]] = [(bit, "Boolean") for bit in bits]
    typed += [(register, _TYPES[register.kind]) for register in registers]
    return tuple(
        UaNode(
            names.get(each.name) or each.name.title().replace("_", ""),
            each.name,
            kind,
            _MEANINGS.get(each.name, each.meaning),
        )
        for each, kind in typed
        if each.name not in _LEFT_OUT and "reserved" not in (each.name[:8], each.meaning[:8])
    )


_NOT_TWICE = [bit for bit in DISCRETE_INPUTS if bit.name != "heartbeat"]
WRITTEN = _nodes(COILS, HOLDING_REGISTERS, {"heartbeat": "PlcHeartbeat"})
SHOWN = _nodes(_NOT_TWICE, INPUT_REGISTERS, _NAMES)

EVENT_FIELDS = tuple(
    node
    for node in SHOWN
    if node.source
    in (
        *("seq_head", "part_id_echo", "encoder_echo", "verdict", "cause", "class", "count"),
        *("largest_area", "latency_ms", "mode", "bridge_boot_id"),
    )
)
"""What a ResultReady event says of the result that is shown from now on."""


def shown_values(inputs: Sequence[int], holding: Sequence[int]) -> dict[str, float | bool]:
    """Every node's value, by its name, from the two blocks of registers."""
    # Two have the name heartbeat: the register wins.
    read = {**word_to_bits(DISCRETE_INPUTS, inputs[0]), **decode(INPUT_REGISTERS, inputs)}
    wrote = {**word_to_bits(COILS, holding[0]), **decode(HOLDING_REGISTERS, holding)}
    return {node.name: read[node.source] for node in SHOWN} | {
        node.name: wrote[node.source] for node in WRITTEN
    }


def written(holding: Sequence[int], values: Mapping[str, float | bool]) -> list[int]:
    """The holding registers after a write of ``values``, by register or coil.

    Raises:
        KeyError: a name that is neither.
    """
    coils = word_to_bits(COILS, holding[0])
    coils |= {name: bool(value) for name, value in values.items() if name in coils}
    registers = {name: value for name, value in values.items() if name not in coils}
    control = {"control": bits_to_word(COILS, coils)}
    old = decode(HOLDING_REGISTERS, holding)
    return encode(HOLDING_REGISTERS, HOLDING_SIZE, {**old, **registers, **control})


def markdown() -> str:
    """The nodes as the tables of docs/plc.md."""
    event = ", ".join(f"`{node.name}`" for node in EVENT_FIELDS)
    return "\n".join(
        [
            *_rows("Variables (PLC writes)", WRITTEN),
            *_rows("Variables (PLC reads)", SHOWN),
            "### Method and event",
            "",
            f"`{ACK_METHOD}(Seq: UInt16) -> AckState: UInt16` acknowledges the part.",
            f"`{EVENT_TYPE}` is raised when another result is shown, with {event}.",
            "",
        ]
    )


def _rows(title: str, nodes: Sequence[UaNode]) -> list[str]:
    rows = [f"| {node.name} | {node.type} | {node.source} | {node.meaning} |" for node in nodes]
    head = ["| name | type | register or bit | meaning |", "|---|---|---|---|"]
    return [f"### {title}", "", *head, *rows, ""]


if __name__ == "__main__":
    sys.stdout.write(markdown())
