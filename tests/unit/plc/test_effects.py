"""What a station wants done is a value: the journal's thread reads it while the station goes on."""

from __future__ import annotations

from contracts.causes import Decision
from plc.core.effects import JournalOp, Settle
from tests.unit.plc.rig import Rig


class Recorder(Rig):
    """Keeps each effect with what it was when the station made it."""

    def __init__(self) -> None:
        self.made: list[tuple[object, str]] = []
        super().__init__()

    def _note(self, effect: object) -> None:
        self.made.append((effect, repr(effect)))
        super()._note(effect)


def test_an_effect_stays_as_it_was_made() -> None:
    rig = Recorder()
    rig.meet()
    for seq, decision in ((1, Decision.PASS), (2, Decision.REJECT)):
        rig.trigger(seq)
        rig.say(seq, decision)
        rig.write(ack_seq=seq)
    rig.trigger(3)
    rig.wait(400)  # its verdict never comes
    assert len(rig.made) > 10
    assert [effect for effect, was in rig.made if repr(effect) != was] == []


class SlowJournal(Rig):
    """While ``holds`` is set, nothing is committed: ``pending`` has what waits, in order."""

    holds = False

    def __init__(self) -> None:
        self.pending: list[JournalOp] = []
        super().__init__()

    def commit(self) -> None:
        if not self.holds:
            super().commit()
            return
        self.pending += [op for op in self.station.take_effects() if isinstance(op, JournalOp)]

    def commit_next(self) -> JournalOp:
        op = self.pending.pop(0)
        self.station.committed(op, self.clock.now())
        self.commit()
        return op


def test_a_pass_is_answered_by_its_own_disposition_and_by_no_other() -> None:
    rig = SlowJournal()
    rig.meet()
    for seq in (1, 2):
        rig.trigger(seq)
    rig.holds = True
    rig.say(2, Decision.REJECT)
    rig.say(1, Decision.PASS)
    rig.commit_next()  # the reject's intent: it is shown, and its disposition waits
    rig.commit_next()  # the pass's intent
    rig.wait(60)
    assert (rig.read()["seq_head"], rig.read()["verdict"]) == (1, 1)
    rig.write(ack_seq=1)
    settled = []
    while rig.pending:
        op = rig.commit_next()
        settled += [op.disposition.part.trigger_seq] if isinstance(op, Settle) else []
        answered = (rig.read()["ack_echo"], rig.read()["ack_state"]) == (1, 1)
        assert answered == (1 in settled)
    assert settled == [2, 1]
