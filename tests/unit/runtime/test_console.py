"""Whatever a text holds, it is printed, and the terminal obeys none of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runtime.process.console import Console, Table, styled
from runtime.process.visible_text import visible

ROOT = Path(__file__).resolve().parents[3]
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
ANY_TEXT = st.text(st.characters(codec=None), max_size=40).map(lambda text: text.strip())


def printed(*what: object, columns: int = 300) -> str:
    console = Console()
    console.width = columns
    with console.capture() as capture:
        console.print(*what, soft_wrap=True)
    return capture.get()


@given(ANY_TEXT)
@example("[x]")
@example("[/x]")
@example("a [bold]label[/] :smile:")
@example("\x1b[31mred\x1b]0;title\x07\rover")
@example("\udcff.yaml")
def test_a_text_is_printed_whole_and_none_of_it_is_obeyed(text: str) -> None:
    shown = printed(text, styled(text, "bold"))
    assert CONTROL.search(shown) is None
    if "\t" not in text and "\n" not in text:
        assert shown == f"{visible(text)} {visible(text)}\n"


def test_what_was_done_to_a_text_can_be_read() -> None:
    assert visible("a\x1b[31m\x07\x9b\u202e\udcffé日本") == r"a\x1b[31m\x07\x9b\u202e\xffé日本"


@pytest.mark.parametrize("text", ["[x]", "[/x]", "[red]a[/red]", "\x1b[2Ja"])
def test_cells_headings_and_titles_are_text_too(text: str) -> None:
    table = Table(text, title=text)
    table.add_row(text)
    assert printed(table).count(visible(text)) == 3


def test_a_spinner_shows_its_text_as_it_is() -> None:
    with Console().status("waiting [/x]") as status:
        status.update("waiting for [/y]")
        assert str(status.renderable.text) == "waiting for [/y]"


@pytest.mark.parametrize("columns", [8, 20, 80])
def test_a_narrow_terminal_loses_nothing_of_a_table(columns: int) -> None:
    words = "/a/very/long/path/to/one/picture-that-nobody-can-shorten.png"
    table = Table(show_header=False, box=None)
    table.add_column()
    table.add_row(words)
    with (console := Console()).capture() as capture:
        console.width = columns
        console.print(table)
    assert re.sub(r"\s", "", capture.get()) == words


def test_without_a_terminal_a_line_is_as_long_as_it_needs(monkeypatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert Console().width == 1000
    monkeypatch.setenv("COLUMNS", "33")
    assert Console().width == 33


def test_nobody_prints_by_another_console() -> None:
    """Rich's own would read ``[x]`` in a label as a style."""
    taken = re.compile(r"from rich\S* import .*\b(Console|Table|track|print)\b")
    own = ROOT / "runtime" / "process" / "console.py"
    files = [file for room in ROOT.glob("[a-z]*/__init__.py") for file in room.parent.rglob("*.py")]
    found = [file for file in files if file != own and taken.search(file.read_text())]
    assert [str(file.relative_to(ROOT)) for file in found] == []
