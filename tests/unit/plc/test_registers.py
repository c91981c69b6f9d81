"""The register map: as data, on the wire, and in docs/plc.md."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.causes import Cause
from plc.core.registers import (
    CAUSE_CODES,
    COILS,
    DISCRETE_INPUTS,
    HOLDING_REGISTERS,
    HOLDING_SIZE,
    INPUT_REGISTERS,
    INPUT_SIZE,
    bits_to_word,
    decode,
    encode,
    markdown,
    word_to_bits,
)
from plc.settings import BridgeSettings, FieldbusSettings
from runtime.process.settings import ProcessSettings

DOCS = Path(__file__).parents[3] / "docs" / "plc.md"


@pytest.mark.parametrize(
    ("table", "size"), [(INPUT_REGISTERS, INPUT_SIZE), (HOLDING_REGISTERS, HOLDING_SIZE)]
)
def test_tables_leave_no_hole_and_overlap_nowhere(table, size):
    assert table[0].address == 0
    assert all(a.address + a.words == b.address for a, b in pairwise(table))
    assert table[-1].address + table[-1].words == size


@given(part_id=st.integers(0, 2**32 - 1), seq=st.integers(0, 2**16 - 1))
def test_what_is_encoded_is_decoded(part_id, seq):
    words = encode(HOLDING_REGISTERS, HOLDING_SIZE, {"part_id": part_id, "trigger_seq": seq})
    assert words[2] == part_id >> 16  # high word first
    values = decode(HOLDING_REGISTERS, words)
    assert (values["part_id"], values["trigger_seq"]) == (part_id, seq)


@given(st.integers(0, 2**16 - 1))
def test_bits_are_the_word(word):
    assert bits_to_word(DISCRETE_INPUTS, word_to_bits(DISCRETE_INPUTS, word)) == word


def test_unknown_names_are_errors():
    with pytest.raises(KeyError):
        encode(INPUT_REGISTERS, INPUT_SIZE, {"nonsense": 1})
    with pytest.raises(KeyError):
        bits_to_word(COILS, {"nonsense": True})


def test_every_cause_has_a_code_of_its_own():
    assert set(CAUSE_CODES) == set(Cause)
    assert len(set(CAUSE_CODES.values())) == len(Cause)


def test_docs_show_this_map():
    assert markdown().strip() in DOCS.read_text(), "run: python -m plc.core.registers"


def test_docs_name_every_setting_of_the_bridge():
    own = set(BridgeSettings.model_fields) - set(ProcessSettings.model_fields)
    own |= {f"<fieldbus>_{name}" for name in FieldbusSettings.model_fields}
    missing = {name for name in own if f"`REFEREE_{name.upper()}`" not in DOCS.read_text()}
    assert own
    assert not missing
