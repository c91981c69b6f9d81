"""A journal that version 0.1 wrote is opened by the code of today, which goes on from it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.causes import Cause, Decision, Gate, Mode
from contracts.messages import Disposition
from plc.core.numbering import LedgerCount
from plc.journal.journal import Journal
from plc.journal.kept_releases import kept
from plc.journal.ranges import Ranges, read_ranges

WRITTEN_BY_0_1 = Path(__file__).parents[2] / "fixtures" / "v1" / "bridge_journal.sqlite"
TOP, SIDE = 1700000001200, 1700000001670


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    copy = shutil.copy(WRITTEN_BY_0_1, tmp_path / "bridge.sqlite")
    opened = Journal(Path(copy))
    yield opened
    opened.close()


def disposed(journal: Journal, epoch: int) -> dict[int, Disposition]:
    rows = journal.database.execute("SELECT body FROM dispositions WHERE epoch = ?", (epoch,))
    found = [Disposition.model_validate_json(body) for (body,) in rows]
    return {each.part.trigger_seq: each for each in found}


def test_its_open_parts_are_closed_and_none_of_them_is_a_pass(journal: Journal) -> None:
    assert journal.close_leftovers() == 6
    top = disposed(journal, TOP)
    assert {seq: (each.decision, each.cause) for seq, each in top.items()} == {
        1: (Decision.NO_VERDICT, Cause.MODEL_ERROR),
        2: (Decision.NO_VERDICT, Cause.EXPIRED),
        3: (Decision.NO_VERDICT, Cause.MISSED_TRIGGER),
        4: (Decision.REJECT, None),
        5: (Decision.NO_VERDICT, Cause.EXPIRED),
        6: (Decision.NO_VERDICT, Cause.BRIDGE_RESTART),
        7: (Decision.REJECT, None),
        8: (Decision.NO_VERDICT, Cause.BRIDGE_RESTART),
    }
    assert disposed(journal, SIDE)[2].cause is Cause.BRIDGE_RESTART
    assert journal.close_leftovers() == 0


def test_what_it_knows_of_an_open_part_is_in_its_disposition(journal: Journal) -> None:
    journal.close_leftovers()
    late, shown, challenge = (disposed(journal, TOP)[seq] for seq in (5, 6, 8))
    assert (late.late_verdict_id, late.late_decision) == ("v5", Decision.PASS)
    assert (shown.verdict_id, shown.part_id, shown.encoder) == ("v6", 206, 60_000)
    assert (shown.mode, shown.gate, shown.release_id) == (Mode.GUARD, Gate.PENDING, "a9be1b40e540")
    assert (challenge.challenge, challenge.part_id) == (True, 208)
    side = disposed(journal, SIDE)[2]
    assert (side.mode, side.gate, side.part_id) == (Mode.OBSERVE, Gate.NOT_ASKED, 302)


def test_its_counters_and_sequences_go_on(journal: Journal) -> None:
    journal.close_leftovers()
    top, side = journal.numbering("top"), journal.numbering("side")
    assert (top.epoch, top.plc_boot_id, top.first_seq, top.last_seq) == (TOP, 8, 1, 8)
    assert top.counts == LedgerCount(passed=0, rejected=2, timeouts=5, missed=1)
    assert (side.epoch, side.plc_boot_id, side.last_seq) == (SIDE, 9, 2)
    assert side.counts == LedgerCount(passed=1, rejected=0, timeouts=1, missed=0)


def test_what_storage_has_of_it_is_published_no_more(journal: Journal) -> None:
    published = Ranges(read_ranges(journal.database, ["top", "side"]), ["top", "side"]).published()
    spans = {
        name: [(each.epoch, each.first_seq, each.last_seq) for each in epochs]
        for name, epochs in published.items()
    }
    assert spans == {"top": [(TOP, 1, 8)], "side": [(SIDE, 1, 2)]}
    unstored = journal.database.execute("SELECT epoch FROM dispositions WHERE stored < revision")
    assert [epoch for (epoch,) in unstored] == [TOP, TOP, TOP, SIDE]


def test_its_units_and_recipes_are_kept(journal: Journal) -> None:
    assert [(each.station, each.unit, each.recipe) for each in kept(journal.database)] == [
        ("top", 1, 3),
        ("side", 7, 0),
    ]


def test_its_starts_have_boot_ids_of_their_own(journal: Journal) -> None:
    first, second = journal.next_boot_id(), journal.next_boot_id()
    assert 1 <= first <= 0xFFFF
    assert second == first % 0xFFFF + 1
