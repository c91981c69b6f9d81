"""What inference says is wrong, on real servers: a full journal, pictures it cannot inspect."""

from __future__ import annotations

import pytest

from contracts.causes import Cause, Decision
from tests.contract.inference.line import STATION, Line, until
from tests.contract.inference.pictures import dark, png

pytestmark = pytest.mark.xdist_group("triton")
NO_PICTURE = b"a text file called .jpg"


def test_a_full_journal_is_said_and_no_station_is_served_until_there_is_room(line: Line) -> None:
    line.apply()
    worker = line.start_worker()
    line.until_ready()
    bound = line.journal.config_get("maxmemory")["maxmemory"]
    line.journal.config_set("maxmemory", line.journal.info("memory")["used_memory"] // 2)
    try:
        part = line.put(1, png(dark()))
        unready = line.until_ready(ready=False)
        until(lambda: "journal_full" in line.conditions(), "the full journal to be said")
        assert unready.stations == ()
        assert line.verdicts() == []
    finally:
        line.journal.config_set("maxmemory", bound)
    assert line.verdict_of(part).decision is Decision.PASS
    until(lambda: not line.conditions(), "all to be well")
    assert line.until_ready().stations == (STATION,)
    assert worker.poll() is None


def test_pictures_that_cannot_be_inspected_are_said_until_one_can(line: Line) -> None:
    line.apply()
    line.start_worker()
    line.until_ready()
    for seq in range(3):
        assert line.verdict_of(line.put(seq, NO_PICTURE)).cause is Cause.BAD_IMAGE
    until(lambda: line.conditions() == {"pictures_refused"}, "refused pictures to be said")
    line.put(9, png(dark()))
    until(lambda: not line.conditions(), "all to be well")
