"""What a station wants done is a value: the journal's thread reads it while the station goes on."""

from __future__ import annotations

from contracts.causes import Decision
from tests.unit.plc.bench import Bench


class Recorder(Bench):
    """Keeps each effect with what it was when the station made it."""

    def __init__(self) -> None:
        self.made: list[tuple[object, str]] = []
        super().__init__()

    def _note(self, effect: object) -> None:
        self.made.append((effect, repr(effect)))
        super()._note(effect)


def test_an_effect_stays_as_it_was_made() -> None:
    bench = Recorder()
    bench.meet()
    for seq, decision in ((1, Decision.PASS), (2, Decision.REJECT)):
        bench.trigger(seq)
        bench.say(seq, decision)
        bench.write(ack_seq=seq)
    bench.trigger(3)
    bench.wait(400)  # its verdict never comes
    assert len(bench.made) > 10
    assert [effect for effect, was in bench.made if repr(effect) != was] == []
