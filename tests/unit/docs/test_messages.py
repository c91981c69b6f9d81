"""docs/messages.md says what Referee says: what is quick is done again here."""

from __future__ import annotations

from tests.message_rows import CHECK, DEVELOPER, PEOPLE, Row
from tests.messages import PAGE, line_of, place, said_in

ROWS = [row for rows in PEOPLE.values() for row in rows]
LOOK = "run `python -m tests.messages`"


def test_every_row_is_on_the_page() -> None:
    page = PAGE.read_text()
    assert len(ROWS) >= 40
    assert [row.done for row in ROWS if f"| {row.done}: " not in page] == [], LOOK
    assert "Traceback" not in page
    assert "| 70 |" not in page


def is_quick(row: Row) -> bool:
    return row.command == CHECK or row in DEVELOPER[:7]


def test_what_is_said_is_what_the_page_says() -> None:
    page = PAGE.read_text().splitlines()
    with place() as (folder, port):
        told = [line_of(row, said_in(row, folder, port)) for row in filter(is_quick, ROWS)]
    assert [line for line in told if line not in page] == [], LOOK
