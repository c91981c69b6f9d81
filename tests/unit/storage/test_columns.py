"""Every field of a message reaches a column, or is listed as left out."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect
from sqlalchemy.orm import Session, sessionmaker

from contracts.causes import Decision
from contracts.identity import Message
from contracts.messages import Disposition, Finding, Verdict
from storage.base import Base
from storage.columns import LEFT_OUT, disposition_columns, finding_columns, verdict_columns
from storage.models import DispositionRow, FindingRow, VerdictRow
from storage.part_rows import record_verdict
from storage.queries import part_story
from tests.unit.storage.part_messages import disposition, finding, verdict

IN_SEVERAL_COLUMNS = {
    "part": ("station", "epoch", "trigger_seq"),
    "image_size_px": ("image_width_px", "image_height_px"),
    **{
        moment: tuple(f"{moment}_{clock}" for clock in ("utc_ns", "monotonic_ns", "boot"))
        for moment in (
            *("started_at", "captured_at", "decided_at"),
            *("verdict_arrived_at", "presented_at", "acknowledged_at"),
        )
    },
}
IN_A_TABLE_OF_THEIR_OWN = {"findings"}
MADE_BY_STORAGE = {"id", "stored_at_utc_ns"}


@pytest.mark.parametrize(
    ("message", "table", "columns"),
    [
        (Verdict, VerdictRow, verdict_columns(verdict(1, Decision.REJECT))),
        (Disposition, DispositionRow, disposition_columns(disposition(1))),
        (Finding, FindingRow, finding_columns(finding(), 1, 0)),
    ],
)
def test_a_field_is_stored_or_listed_as_left_out(
    message: type[Message], table: type[Base], columns: dict[str, object]
) -> None:
    fields = set(message.model_fields) - LEFT_OUT[message] - IN_A_TABLE_OF_THEIR_OWN
    wanted = {name for field in fields for name in IN_SEVERAL_COLUMNS.get(field, (field,))}
    names = {column.key for column in inspect(table).columns}
    assert wanted - names == set(), "a field has no column: add it, or list it in LEFT_OUT"
    assert names - MADE_BY_STORAGE == set(columns), "a column is not filled, or has no place"


def test_what_is_left_out_is_a_field() -> None:
    for message, names in LEFT_OUT.items():
        assert names <= set(message.model_fields)


def test_a_finding_is_read_back_as_it_was(sessions: sessionmaker[Session]) -> None:
    first = finding(length=7.5, aspect_ratio=3.0)
    with sessions.begin() as session:
        record_verdict(session, verdict(1, Decision.REJECT, findings=(first,)), 0)
        [story] = part_story(session, "tiles/1/1")
    assert story.verdict is not None
    assert story.verdict.findings == (first,)
