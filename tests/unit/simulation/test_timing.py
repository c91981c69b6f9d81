"""The timing diagrams of docs/plc.md are what bridge and PLC do now."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.causes import Decision
from simulation.timing.scenes import SCENES, picture
from simulation.timing.trial import Trial

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", SCENES)
def test_the_committed_picture_is_what_happens_now(name):
    drawn = (DOCS / "plc" / f"{name}.svg").read_text(encoding="utf-8")
    assert drawn == picture(SCENES[name]), "run: python -m simulation.timing"
    assert f"](plc/{name}.svg)" in (DOCS / "plc.md").read_text()


@pytest.mark.parametrize(("verdict_ms", "gate"), [(250, "passed"), (700, "ejected")])
def test_a_trial_plays_the_part_to_its_end(tmp_path, verdict_ms, gate):
    seen = Trial(tmp_path / "bridge.sqlite").run(900, {1: (verdict_ms, Decision.PASS)})
    assert seen["trigger_seq"][39:42] == ["0", "1", "1"]  # the trigger is at 0 ms
    assert (seen["slot 1"][-1], len(seen["slot 1"])) == (gate, 941)
