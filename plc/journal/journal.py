"""The bridge's journal: each operation, and what a restart finds. SQLite, flushed at each commit.

The rule of one disposition a part is kept here too, whatever the station may ask for: a part can be
settled only while its trigger is in the journal, and settling takes the trigger out.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from contracts.causes import Gate
from contracts.errors import FatalError
from contracts.identity import PartKey
from contracts.messages import Disposition
from plc.core.effects import (
    AddStation,
    CloseStation,
    ForgetRelease,
    JournalOp,
    KeepRecipe,
    KeepRelease,
    KeepRoster,
    LogIntent,
    LogMissed,
    LogTrigger,
    MarkStored,
    NoteGate,
    NoteLate,
    OpenEpoch,
    Receipt,
    Settle,
)
from plc.core.numbering import Numbering, column
from plc.journal.kept_releases import forget, keep, keep_recipe
from plc.journal.ranges import mark_stored
from plc.journal.recovery import leftovers
from plc.journal.schema import create_tables, open_database
from plc.journal.stations import close_station, keep_boot_id, keep_roster, numbering_of

KEPT_DISPOSITIONS = 50_000
LARGEST_BOOT_ID = 0xFFFF
_PRUNE_EVERY = 1000
_THIS_PART = "station = ? AND epoch = ? AND trigger_seq = ?"
_UNSEEN = (Gate.PENDING, Gate.NOT_ASKED, Gate.NOT_SEEN)


class Applied(NamedTuple):
    """An operation that was carried out.

    Attributes:
        news: dispositions that are new or revised, to be published.
    """

    op: JournalOp
    news: tuple[Disposition, ...]


class Journal:
    """The file of one bridge. Raises FatalError if another bridge has it open."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(path.with_suffix(".lock"))
        self.path = path
        self.database = open_database(path)
        create_tables(self.database, path)
        self._settled = 0
        self._handlers: dict[type, Callable[[Any], Iterable[Disposition]]] = {
            OpenEpoch: self._open_epoch,
            LogTrigger: self._log_trigger,
            LogMissed: self._log_missed,
            LogIntent: self._log_intent,
            Settle: self._settle_now,
            NoteGate: self._note_gate,
            NoteLate: self._note_late,
            KeepRelease: self._keep_release,
            ForgetRelease: self._forget_release,
            KeepRecipe: self._keep_recipe,
            KeepRoster: self._keep_roster,
            AddStation: self._add_station,
            CloseStation: self._close_station,
            MarkStored: self._mark_stored,
            Receipt: lambda op: (),
        }

    def close(self) -> None:
        """Close the file, so that another bridge can open it."""
        self.database.close()
        os.close(self._lock)

    def apply(self, ops: Sequence[JournalOp]) -> list[Applied]:
        """Carry out operations in order, in one commit: all of them or, on an exception, nothing.

        Raises:
            sqlite3.OperationalError: disk full, input or output error: nothing was done.
        """
        self.database.execute("BEGIN IMMEDIATE")
        try:
            applied = [Applied(op, tuple(self._handlers[type(op)](op))) for op in ops]
            self.database.execute("COMMIT")
        except BaseException:
            if self.database.in_transaction:
                self.database.execute("ROLLBACK")
            raise
        return applied

    def next_boot_id(self) -> int:
        """Return the boot id of this start, 1 to 65535, once it is on disk.

        It counts up by one with each start, and begins again at 1 after 65535. A new journal begins
        anywhere: a PLC that knows the bridge may have seen the first ids of a journal before it.
        """
        last = self.database.execute("SELECT boot_id FROM starts").fetchone()
        boot_id = last[0] % LARGEST_BOOT_ID + 1 if last else secrets.randbelow(LARGEST_BOOT_ID) + 1
        keep_boot_id(self.database, boot_id)
        return int(boot_id)

    def numbering(self, station: str) -> Numbering:
        """Return how far the station's newest epoch is."""
        return numbering_of(self.database, station)

    def close_leftovers(self) -> int:
        """Dispose of the parts that a restart finds open. Return how many."""
        left = leftovers(self.database)
        self.database.execute("BEGIN IMMEDIATE")
        for disposition in left:
            self._settle(disposition)
        self.database.execute("COMMIT")
        return len(left)

    def _open_epoch(self, op: OpenEpoch) -> Iterable[Disposition]:
        self.database.execute(
            "INSERT INTO epochs (station, epoch, plc_boot_id, first_seq, last_seq, after_jump)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (op.station, op.epoch, op.plc_boot_id, op.first_seq, op.first_seq - 1, op.after_jump),
        )
        return ()

    def _log_trigger(self, op: LogTrigger) -> Iterable[Disposition]:
        key = op.trigger.part
        if self._advance(key):
            self.database.execute(
                "INSERT INTO triggers VALUES (?, ?, ?, ?, ?, ?)",
                (*_id(key), op.mode, op.release_id, op.trigger.model_dump_json()),
            )
        return ()

    def _log_missed(self, op: LogMissed) -> Iterable[Disposition]:
        new = [each for each in op.dispositions if self._advance(each.part)]
        for disposition in new:
            self._insert(disposition)
        return new

    def _log_intent(self, op: LogIntent) -> Iterable[Disposition]:
        self.database.execute(
            "INSERT INTO intents VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (*_id(op.key), op.decision, op.cause, op.verdict_id, op.release_id),
        )
        return ()

    def _settle_now(self, op: Settle) -> Iterable[Disposition]:
        settled = self._settle(op.disposition)
        if not settled:
            part = op.disposition.part
            raise FatalError(f"{part} is not open in the journal: its disposition stands")
        return settled

    def _settle(self, disposition: Disposition) -> Iterable[Disposition]:
        identity = _id(disposition.part)
        was_open = self.database.execute(f"DELETE FROM triggers WHERE {_THIS_PART}", identity)
        if was_open.rowcount != 1:
            return ()
        self.database.execute(f"DELETE FROM intents WHERE {_THIS_PART}", identity)
        self.database.execute(f"DELETE FROM late_verdicts WHERE {_THIS_PART}", identity)
        self._insert(disposition)
        return (disposition,)

    def _insert(self, disposition: Disposition) -> None:
        part, counter = disposition.part, column(disposition.decision, disposition.cause)
        self.database.execute(
            "INSERT INTO dispositions (station, epoch, trigger_seq, revision, body)"
            " VALUES (?, ?, ?, ?, ?)",
            (*_id(part), disposition.revision, disposition.model_dump_json()),
        )
        self.database.execute(
            f"UPDATE epochs SET {counter} = {counter} + 1 WHERE station = ? AND epoch = ?",
            (part.station, part.epoch),
        )
        self._settled += 1
        if self._settled % _PRUNE_EVERY == 0:
            self._prune()

    def _note_gate(self, op: NoteGate) -> Iterable[Disposition]:
        def revised(known: Disposition) -> dict[str, Any] | None:
            if known.gate not in _UNSEEN or known.gate is op.gate:
                return None
            return {"gate": op.gate, "acknowledged_at": known.acknowledged_at or op.acknowledged_at}

        return self._revise(op.key, revised)

    def _note_late(self, op: NoteLate) -> Iterable[Disposition]:
        def revised(known: Disposition) -> dict[str, Any] | None:
            if op.verdict_id == known.verdict_id or known.late_verdict_id is not None:
                return None
            return {"late_verdict_id": op.verdict_id, "late_decision": op.decision}

        self.database.execute(
            "INSERT INTO late_verdicts SELECT station, epoch, trigger_seq, ?, ?"
            f" FROM triggers WHERE {_THIS_PART} ON CONFLICT DO NOTHING",
            (op.verdict_id, op.decision, *_id(op.key)),
        )
        return self._revise(op.key, revised)

    def _keep_release(self, op: KeepRelease) -> Iterable[Disposition]:
        keep(self.database, op.release)
        return ()

    def _forget_release(self, op: ForgetRelease) -> Iterable[Disposition]:
        forget(self.database, op.station)
        return ()

    def _keep_recipe(self, op: KeepRecipe) -> Iterable[Disposition]:
        keep_recipe(self.database, op.station, op.recipe)
        return ()

    def _keep_roster(self, op: KeepRoster) -> Iterable[Disposition]:
        keep_roster(self.database, op.roster)
        return ()

    def _add_station(self, op: AddStation) -> Iterable[Disposition]:
        keep_boot_id(self.database, op.boot_id)
        return ()

    def _close_station(self, op: CloseStation) -> Iterable[Disposition]:
        close_station(self.database, op.station)
        return ()

    def _mark_stored(self, op: MarkStored) -> Iterable[Disposition]:
        self.database.executemany(
            f"UPDATE dispositions SET stored = max(stored, ?) WHERE {_THIS_PART}",
            [(item.revision, *_id(item.part)) for item in op.items if item.kind == "disposition"],
        )
        mark_stored(self.database, op.items)
        return ()

    def _revise(
        self, key: PartKey, change: Callable[[Disposition], dict[str, Any] | None]
    ) -> Iterable[Disposition]:
        row = self.database.execute(
            f"SELECT body FROM dispositions WHERE {_THIS_PART}", _id(key)
        ).fetchone()
        known = Disposition.model_validate_json(row[0]) if row else None
        fields = change(known) if known else None
        if known is None or fields is None:
            return ()
        newer = known.model_copy(update={**fields, "revision": known.revision + 1})
        self.database.execute(
            f"UPDATE dispositions SET revision = ?, body = ? WHERE {_THIS_PART}",
            (newer.revision, newer.model_dump_json(), *_id(key)),
        )
        return (newer,)

    def _advance(self, key: PartKey) -> bool:
        """Make the part its epoch's newest. Return False if the epoch already has it."""
        moved = self.database.execute(
            "UPDATE epochs SET last_seq = ? WHERE station = ? AND epoch = ? AND last_seq < ?",
            (key.trigger_seq, key.station, key.epoch, key.trigger_seq),
        )
        return moved.rowcount == 1

    def _prune(self) -> None:
        """Delete the oldest that storage has. What is not stored stays, however old."""
        self.database.execute(
            "DELETE FROM dispositions WHERE stored >= revision"
            " AND id <= (SELECT max(id) FROM dispositions) - ?",
            (KEPT_DISPOSITIONS,),
        )


def _id(key: PartKey) -> tuple[str, int, int]:
    return key.station, key.epoch, key.trigger_seq


def _locked(path: Path) -> int:
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise FatalError(f"{path}: another bridge has this journal open; stop it first") from error
    return handle
