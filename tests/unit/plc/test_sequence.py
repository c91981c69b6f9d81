"""TriggerSeq modulo 2^16, gaps, jumps, epochs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plc.core.numbering import Numbering
from plc.core.sequence import LARGEST_ABSENCE, LARGEST_GAP, Move, advance, mint_epoch

SEQ = st.integers(0, 10**7)


@given(last=SEQ, step=st.integers(1, LARGEST_GAP + 1))
def test_forward_steps_unwrap_and_say_what_was_missed(last, step):
    move = advance(last, (last + step) & 0xFFFF)
    assert move == (Move.FORWARD, last + step, step - 1)


@given(last=SEQ)
def test_the_same_value_is_the_same_part(last):
    assert advance(last, last & 0xFFFF) == (Move.SAME, last, 0)


@given(last=SEQ, step=st.integers(LARGEST_GAP + 2, 0xFFFF))
def test_anything_farther_is_a_jump(last, step):
    assert advance(last, (last + step) & 0xFFFF).move is Move.JUMP


@given(last=SEQ, step=st.integers(1, 0xFFFF))
def test_a_resync_may_tell_of_a_longer_absence(last, step):
    forward = advance(last, (last + step) & 0xFFFF, LARGEST_ABSENCE).move is Move.FORWARD
    assert forward == (step <= 2**15)


@given(last=SEQ, back=st.integers(0, 0xFFFF))
def test_a_wire_value_means_the_newest_sequence_that_looks_like_it(last, back):
    numbering = Numbering("top", last_seq=last)
    assert numbering.back_to((last - back) & 0xFFFF) == last - back


@given(last=st.integers(0, 2**50), utc_ns=st.integers(0, 2**62))
def test_epochs_only_rise(last, utc_ns):
    assert mint_epoch(last, utc_ns) > last


def test_an_epoch_is_the_time_where_the_clock_is_sane():
    assert mint_epoch(5, 1_700_000_000_123_456_789) == 1_700_000_000_123
