"""The bridge's journal: one disposition a part, and what a restart finds."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from contracts.causes import Cause, Decision, Gate, Mode
from contracts.errors import FatalError
from contracts.identity import PartKey
from contracts.messages import Disposition, StoredItem, Trigger
from plc.core.effects import (
    LogIntent,
    LogMissed,
    LogTrigger,
    MarkStored,
    NoteGate,
    NoteLate,
    OpenEpoch,
    Settle,
)
from plc.core.part import Part
from plc.journal.journal import Journal
from runtime.process.clock import ManualClock

CLOCK = ManualClock()


@pytest.fixture
def journal(tmp_path: Path):
    opened = Journal(tmp_path / "bridge.sqlite")
    opened.apply([OpenEpoch("top", 5, 77, 1)])
    yield opened
    opened.close()


def part(seq: int, *, challenge: bool = False) -> Part:
    key = PartKey(station="top", epoch=5, trigger_seq=seq)
    trigger = Trigger(
        part=key, part_id=seq, started_at=CLOCK.now(), deadline_ms=100, challenge=challenge
    )
    return Part(trigger, Mode.GUARD, "release")


def announced(part: Part) -> LogTrigger:
    return LogTrigger(part.trigger, part.mode, part.release_id)


def disposed(seq: int, decision: Decision = Decision.REJECT, cause: Cause | None = None):
    return Disposition(
        part=part(seq).key,
        part_id=seq,
        decision=decision,
        cause=cause,
        mode=Mode.GUARD,
        verdict_id="v",
        started_at=CLOCK.now(),
    )


def missed(seq: int, epoch: int = 5) -> Disposition:
    key = PartKey(station="top", epoch=epoch, trigger_seq=seq)
    alone = disposed(seq, Decision.NO_VERDICT, Cause.MISSED_TRIGGER)
    return alone.model_copy(update={"part": key})


def rows(journal: Journal) -> list[Disposition]:
    found = journal.database.execute("SELECT body FROM dispositions ORDER BY id")
    return [Disposition.model_validate_json(body) for (body,) in found]


def test_a_second_disposition_of_a_part_is_refused_and_nothing_of_its_group_is_kept(journal):
    first = part(1)
    journal.apply([announced(first), Settle(disposed(1), 0)])
    with pytest.raises(FatalError):
        journal.apply([announced(part(2)), Settle(disposed(1, Decision.PASS), 0)])
    assert [each.decision for each in rows(journal)] == [Decision.REJECT]
    assert journal.numbering("top").last_seq == 1


def test_the_first_intent_stands(journal):
    first = part(1)
    journal.apply([announced(first)])
    journal.apply([LogIntent(first.key, Decision.REJECT, None, "a", "judged")])
    journal.apply([LogIntent(first.key, Decision.PASS, None, "b", "judged")])
    assert journal.close_leftovers() == 1
    [row] = rows(journal)
    assert (row.decision, row.verdict_id, row.release_id) == (Decision.REJECT, "a", "judged")


def test_a_restart_closes_open_parts_and_a_pass_without_acknowledgement_is_none(journal):
    parts = [part(1), part(2), part(3)]
    journal.apply([announced(each) for each in parts])
    journal.apply(
        [
            LogIntent(parts[0].key, Decision.PASS, None, "v1", "judged"),
            LogIntent(parts[1].key, Decision.NO_VERDICT, Cause.BAD_IMAGE, "v2", "judged"),
        ]
    )
    assert journal.close_leftovers() == 3
    assert [(each.decision, each.cause) for each in rows(journal)] == [
        (Decision.NO_VERDICT, Cause.BRIDGE_RESTART),
        (Decision.NO_VERDICT, Cause.BAD_IMAGE),
        (Decision.NO_VERDICT, Cause.BRIDGE_RESTART),
    ]
    assert [each.release_id for each in rows(journal)] == ["judged", "judged", "release"]
    assert [each.verdict_id for each in rows(journal)] == ["v1", "v2", None]
    assert journal.close_leftovers() == 0


def test_a_late_verdict_of_an_open_part_outlives_a_restart(journal):
    first, second = part(1), part(2)
    late = NoteLate(first.key, "v", Decision.PASS)
    journal.apply([late])  # of a part that nobody knows: nothing is kept
    journal.apply([announced(first), announced(second)])
    journal.apply([LogIntent(first.key, Decision.NO_VERDICT, Cause.EXPIRED, None, "release"), late])
    journal.apply([NoteLate(first.key, "another", Decision.REJECT)])
    journal.apply([NoteLate(second.key, "settled", Decision.PASS), Settle(disposed(2), 0)])
    assert journal.close_leftovers() == 1
    [_, row] = rows(journal)
    assert (row.cause, row.late_verdict_id, row.late_decision) == (
        Cause.EXPIRED,
        "v",
        Decision.PASS,
    )
    assert journal.database.execute("SELECT count(*) FROM late_verdicts").fetchone() == (0,)


def test_a_restart_knows_which_parts_were_a_challenge(journal):
    journal.apply([announced(part(1)), announced(part(2, challenge=True))])
    journal.close_leftovers()
    assert [each.challenge for each in rows(journal)] == [False, True]


def test_numbering_and_counts_come_back(journal):
    first = part(1)
    missed = tuple(disposed(seq, Decision.NO_VERDICT, Cause.MISSED_TRIGGER) for seq in (2, 3))
    journal.apply([announced(first), Settle(disposed(1), 0), LogMissed(missed)])
    journal.apply([LogMissed(missed)])  # known already: nothing happens
    numbering = journal.numbering("top")
    assert (numbering.epoch, numbering.plc_boot_id) == (5, 77)
    assert (numbering.first_seq, numbering.last_seq) == (1, 3)
    assert (numbering.counts.rejected, numbering.counts.missed) == (1, 2)
    assert numbering.counts.inspected == len(rows(journal)) == 3


def test_later_words_are_revisions_and_the_decision_stays(journal):
    first = part(1)
    journal.apply([announced(first), Settle(disposed(1), 0)])
    (gate,) = journal.apply([NoteGate(first.key, Gate.EJECTED)])
    (late,) = journal.apply([NoteLate(first.key, "late", Decision.PASS)])
    (again,) = journal.apply([NoteLate(first.key, "later", Decision.PASS)])
    (own,) = journal.apply([NoteLate(first.key, "v", Decision.REJECT)])
    assert [each.revision for each in (*gate.news, *late.news)] == [2, 3]
    assert again.news == own.news == ()
    (row,) = rows(journal)
    assert (row.decision, row.gate, row.late_verdict_id) == (
        Decision.REJECT,
        Gate.EJECTED,
        "late",
    )


def test_an_old_revision_that_is_stored_leaves_the_new_one_to_be_told(journal):
    first = part(1)
    journal.apply([announced(first), Settle(disposed(1), 0)])
    journal.apply([NoteGate(first.key, Gate.EJECTED)])
    untold = "SELECT count(*) FROM dispositions WHERE stored < revision"
    for revision, left in ((1, 1), (2, 0), (1, 0)):
        item = StoredItem(kind="disposition", part=first.key, revision=revision)
        journal.apply([MarkStored((item,))])
        assert journal.database.execute(untold).fetchone() == (left,)


def test_only_what_storage_has_is_pruned(journal, monkeypatch):
    monkeypatch.setattr("plc.journal.journal.KEPT_DISPOSITIONS", 100)
    for seq in range(1, 2001):
        each = part(seq)
        journal.apply([announced(each), Settle(disposed(seq), 0)])
        if seq % 2:
            item = StoredItem(kind="disposition", part=each.key, revision=1)
            journal.apply([MarkStored((item,))])
    kept = {each.part.trigger_seq for each in rows(journal)}
    assert set(range(2, 2001, 2)) <= kept  # not stored
    assert not any(seq % 2 for seq in kept if seq <= 1900)
    first = part(1)  # forgotten, and closed all the same
    journal.apply([announced(first)])
    assert journal.close_leftovers() == 0


def test_a_journal_of_another_version_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "old.sqlite"
    old = sqlite3.connect(path)
    old.execute("CREATE TABLE epochs (station TEXT)")
    old.close()
    with pytest.raises(FatalError, match="move the file away"):
        Journal(path)
    for _ in range(2):
        Journal(tmp_path / "new.sqlite").close()


def test_one_file_one_bridge(journal, tmp_path):
    with pytest.raises(FatalError, match="another bridge"):
        Journal(tmp_path / "bridge.sqlite")


def test_each_start_has_another_boot_id_than_the_one_before_it(tmp_path: Path):
    boot_ids = []
    for _ in range(4):
        opened = Journal(tmp_path / "bridge.sqlite")
        boot_ids.append(opened.next_boot_id())
        opened.close()
    assert len(set(boot_ids)) == 4


def test_a_boot_id_is_never_0_and_fits_16_bits(journal):
    journal.database.execute("INSERT INTO starts VALUES (1, 65534)")
    assert [journal.next_boot_id() for _ in range(3)] == [65535, 1, 2]


def test_a_boot_id_is_on_disk_before_it_is_used(journal):
    boot_id = journal.next_boot_id()
    other = sqlite3.connect(journal.path)
    assert other.execute("SELECT boot_id FROM starts").fetchall() == [(boot_id,)]
    other.close()
