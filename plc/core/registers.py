"""Register map v1 as data: what the bridge serves and docs/plc.md shows.

Addresses count from 0, 32-bit values have their high word first. Coils 0-15 are the bits of holding
register 0, discrete inputs 0-15 those of input register 0.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from contracts.causes import Cause
from plc.core.phases import ErrorCode

MAP_VERSION = 1
CANARY = 0x12345678
HOLDING_SIZE = 13
INPUT_SIZE = 46

Kind = Literal["u16", "u32", "f32"]
_FORMATS: dict[Kind, str] = {"u16": ">H", "u32": ">I", "f32": ">f"}


class Register(NamedTuple):
    """One value of the map."""

    address: int
    name: str
    kind: Kind
    meaning: str

    @property
    def words(self) -> int:
        """How many registers it takes."""
        return 1 if self.kind == "u16" else 2


class Bit(NamedTuple):
    """One coil or discrete input."""

    address: int
    name: str
    meaning: str


COILS: tuple[Bit, ...] = (
    Bit(0, "line_running", "the belt moves"),
    Bit(1, "trigger_enable", "1: a change of TriggerSeq is a part; 0: it is a missed trigger"),
    Bit(2, "buffer_enable", "keep each result until it is acknowledged or its time is up"),
    Bit(3, "result_ack", "a rising edge acknowledges the part in AckSeq; so does a change of it"),
    Bit(4, "clear_error", "a rising edge clears MissedTrigger, BufferOverrun and a latched fault"),
    Bit(5, "set_offline", "1 takes the station offline"),
    Bit(6, "recipe_exec", "while 1, RecipeId is the recipe from the next trigger on"),
    Bit(7, "challenge_mode", "parts triggered while it is 1 are challenge parts"),
    Bit(8, "clear_line_stop", "a rising edge clears LineStopReq and ConsecutiveRejects"),
)

DISCRETE_INPUTS: tuple[Bit, ...] = (
    Bit(0, "online", "the station is not OFFLINE"),
    Bit(1, "trigger_ready", "parts can be inspected now"),
    Bit(2, "trigger_ack", "the last TriggerSeq is in the journal (see TriggerEcho)"),
    Bit(3, "result_valid", "a result is shown"),
    Bit(4, "pass", "the shown result is a pass"),
    Bit(5, "reject", "the shown result is a reject"),
    Bit(6, "no_verdict", "the part of the shown result has no verdict: reject it"),
    Bit(7, "busy", "at least one part awaits its verdict"),
    Bit(8, "missed_trigger", "TriggerSeq has skipped a number since ClearError"),
    Bit(9, "buffer_overrun", "a result was replaced unacknowledged since ClearError"),
    Bit(10, "error", "error code is not 0"),
    Bit(11, "line_stop_req", "stop the line; latched until ClearLineStop"),
    Bit(12, "recipe_ready", "Recipe is known, and bridge and inference have the same release"),
    Bit(13, "challenge_active", "echo of ChallengeMode: the next trigger is a challenge part"),
    Bit(14, "degraded", "no part can pass: broker, camera or inference is not available"),
    Bit(15, "heartbeat", "changes every 500 ms"),
)

HOLDING_REGISTERS: tuple[Register, ...] = (
    Register(0, "control", "u16", "the coils"),
    Register(1, "heartbeat", "u16", "PLC heartbeat: change it at least every 500 ms"),
    Register(2, "part_id", "u32", "the PLC's own number of the part"),
    Register(4, "encoder", "u32", "belt position in counts"),
    Register(6, "trigger_seq", "u16", "a change triggers; write it last, or with 2-5 in one write"),
    Register(7, "ack_seq", "u16", "a change to a shown part's sequence acknowledges it"),
    Register(8, "recipe_id", "u16", "number in the line file; 0: the station's own prompts"),
    Register(9, "command", "u16", "1: resync, TriggerSeq is where the counter stands; no trigger"),
    Register(10, "reject_confirm_seq", "u16", "sequence of the part that the gate's sensor saw"),
    Register(11, "confirm_status", "u16", "0 none, 1 ejected, 2 not seen, 3 bin full, 4 low air"),
    Register(12, "plc_boot_id", "u16", "never 0, another after each power-up; starts a new epoch"),
)

INPUT_REGISTERS: tuple[Register, ...] = (
    Register(0, "status", "u16", "the discrete inputs"),
    Register(1, "heartbeat", "u16", "rises every 500 ms"),
    Register(2, "map_version", "u16", "1"),
    Register(3, "error_code", "u16", "why the station is not ready or in FAULT, 0 if it is ready"),
    Register(4, "canary", "u32", "always 0x12345678: shows the word order"),
    Register(6, "reserved_6", "u16", "0"),
    Register(7, "reserved_7", "u16", "0"),
    Register(8, "seq_head", "u16", "sequence of the shown result; valid only if equal to SeqTail"),
    Register(9, "part_id_echo", "u32", "PartId of the shown result"),
    Register(11, "encoder_echo", "u32", "encoder of the shown result"),
    Register(13, "verdict", "u16", "0 none, 1 pass, 2 reject, 3 timeout, 4 error"),
    Register(14, "class", "u16", "prompt that decided, its number from 1 in the recipe; 0 none"),
    Register(15, "count", "u16", "findings that counted"),
    Register(16, "largest_area", "f32", "largest finding in the station's unit (mm2, or px2)"),
    Register(18, "latency_ms", "u16", "from the trigger to this result"),
    Register(19, "queued", "u16", "results that wait to be shown"),
    Register(20, "recipe", "u16", "the selected recipe; valid only with RecipeReady"),
    Register(21, "recipe_version", "u16", "first 4 hex digits of the recipe's release, 0 if none"),
    Register(22, "consecutive_rejects", "u16", "parts in a row that were not a pass"),
    Register(23, "seq_tail", "u16", "equal to SeqHead if the result between them is complete"),
    Register(24, "ack_echo", "u16", "sequence of the last acknowledgement that was answered"),
    Register(
        25,
        "ack_state",
        "u16",
        "0 none, 1 pass is in the journal: clear the slot, 2 refused, 3 noted, not a pass",
    ),
    Register(26, "mode", "u16", "0 observe, 1 guard, 2 bypass"),
    Register(27, "bridge_boot_id", "u16", "1 to 65535, another after each start of the bridge"),
    Register(28, "phase", "u16", "0 OFFLINE, 1 INIT, 2 READY, 3 RUNNING, 4 DEGRADED, 5 FAULT"),
    Register(29, "trigger_echo", "u16", "last TriggerSeq that is in the journal"),
    Register(30, "cause", "u16", "why the shown result has no verdict, 0 if it has one"),
    Register(31, "reserved_31", "u16", "0"),
    Register(32, "inspected", "u32", "parts of this epoch: the sum of the next four"),
    Register(34, "passed", "u32", "parts whose pass was acknowledged in time"),
    Register(36, "rejected", "u32", "parts that were rejected by a rule"),
    Register(38, "timeouts", "u32", "parts without a verdict, other than missed triggers"),
    Register(40, "missed", "u32", "parts whose trigger did not come"),
    Register(42, "overruns", "u32", "results replaced unacknowledged since the bridge started"),
    Register(
        44, "unconfirmed", "u32", "ejections not confirmed by the gate since the bridge started"
    ),
)

CAUSE_CODES: dict[Cause, int] = {
    Cause.OVERLOAD: 1,
    Cause.EXPIRED: 2,
    Cause.MISSED_TRIGGER: 3,
    Cause.MISSED_CAPTURE: 4,
    Cause.FRAME_LOST: 5,
    Cause.BAD_IMAGE: 6,
    Cause.MODEL_ERROR: 7,
    Cause.WORKER_LOST: 8,
    Cause.CAMERA_LOST: 9,
    Cause.BROKER_LOST: 10,
    Cause.NO_RELEASE: 11,
    Cause.UNACKNOWLEDGED: 12,
    Cause.BRIDGE_RESTART: 13,
    Cause.PLC_RESTART: 14,
    Cause.CLOCK: 15,
    Cause.STALE_RELEASE: 16,
    Cause.STATION_REMOVED: 17,
}
"""Values of the ``cause`` register. A number is never used for another cause."""


def encode(table: Sequence[Register], size: int, values: Mapping[str, float]) -> list[int]:
    """Return a block's words, zero for what ``values`` lacks. Raises KeyError for unknown names."""
    known = {register.name: register for register in table}
    words = [0] * size
    for name, value in values.items():
        register = known[name]
        raw = struct.pack(_FORMATS[register.kind], value)
        words[register.address : register.address + register.words] = struct.unpack(
            f">{register.words}H", raw
        )
    return words


def decode(table: Sequence[Register], words: Sequence[int]) -> dict[str, float]:
    """Return the values of a block that starts at address 0 and covers ``table``."""
    values: dict[str, float] = {}
    for register in table:
        part = words[register.address : register.address + register.words]
        raw = struct.pack(f">{register.words}H", *part)
        (values[register.name],) = struct.unpack(_FORMATS[register.kind], raw)
    return values


def bits_to_word(table: Sequence[Bit], on: Mapping[str, bool]) -> int:
    """Return register 0 from its bits. Raises KeyError for unknown names."""
    known = {bit.name: bit.address for bit in table}
    return sum(1 << known[name] for name, value in on.items() if value)


def word_to_bits(table: Sequence[Bit], word: int) -> dict[str, bool]:
    """Return the bits of register 0."""
    return {bit.name: bool(word >> bit.address & 1) for bit in table}


def markdown() -> str:
    """Return the map as the tables of docs/plc.md."""
    return "\n".join(
        [
            *_bit_rows("Coils (PLC writes; the bits of holding register 0)", COILS),
            *_bit_rows("Discrete inputs (PLC reads; bits of input register 0)", DISCRETE_INPUTS),
            *_register_rows("Holding registers (PLC writes)", HOLDING_REGISTERS),
            *_register_rows("Input registers (PLC reads)", INPUT_REGISTERS),
            *_code_rows("Values of `error_code`", {code.name.lower(): code for code in ErrorCode}),
            *_code_rows("Values of `cause`", {str(key): code for key, code in CAUSE_CODES.items()}),
        ]
    )


def _bit_rows(title: str, table: Sequence[Bit]) -> list[str]:
    rows = [f"| {bit.address} | {bit.name} | {bit.meaning} |" for bit in table]
    return [f"### {title}", "", "| address | name | meaning |", "|---|---|---|", *rows, ""]


def _register_rows(title: str, table: Sequence[Register]) -> list[str]:
    rows = [
        f"| {_span(register)} | {register.name} | {register.kind} | {register.meaning} |"
        for register in table
    ]
    head = ["| address | name | type | meaning |", "|---|---|---|---|"]
    return [f"### {title}", "", *head, *rows, ""]


def _code_rows(title: str, codes: Mapping[str, int]) -> list[str]:
    rows = [f"| {int(code)} | {name} |" for name, code in codes.items()]
    return [f"### {title}", "", "| value | name |", "|---|---|", *rows, ""]


def _span(register: Register) -> str:
    last = register.address + register.words - 1
    return str(register.address) if register.words == 1 else f"{register.address}-{last}"


if __name__ == "__main__":
    sys.stdout.write(markdown())
