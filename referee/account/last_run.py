"""Answer times of a station in the line's last run, from the run folder's database."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf
from typing import NamedTuple

from contracts.percentiles import percentile
from referee.account.stored import is_there, reading_stored, refuse_other_database
from runtime.process.run_folder import RunFolder
from storage.queries import Answer, last_answers


class LastRun(NamedTuple):
    """Times from trigger (or from capture, if the camera triggers) to the registers.

    Attributes:
        p99_ms: nearest rank; None if more than one part in a hundred had no answer in time.
        too_late: parts without an answer in time.
    """

    parts: int
    too_late: int
    p99_ms: float | None
    until: datetime

    @classmethod
    def of(cls, answers: list[Answer]) -> LastRun | None:
        """Return the figures; None if there is no answer."""
        if not answers:
            return None
        p99 = percentile([inf if each.ms is None else each.ms for each in answers], 99)
        return cls(
            parts=len(answers),
            too_late=sum(each.ms is None for each in answers),
            p99_ms=None if p99 is None or p99 == inf else round(p99, 1),
            until=datetime.fromtimestamp(answers[0].started_at_utc_ns / 1e9, UTC),
        )


def last_run(folder: RunFolder, station: str) -> LastRun | None:
    """Return the last run of a station; None if the line has not run in this folder yet.

    Raises:
        UserError: the database cannot be read, or is another one that is not named.
        Unavailable: it cannot be reached right now.
    """
    if not is_there(folder):
        refuse_other_database(folder)
        return None
    with reading_stored(folder) as session:
        return LastRun.of(last_answers(session, station))
