"""`referee bench`: which benchmark a command line means."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from referee.cli import app


def answer(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["bench", *arguments], env={"COLUMNS": "200"})
    return result.output


@pytest.mark.parametrize("arguments", [("--parts", "3"), ("line", "--parts", "3")])
def test_the_line_is_meant_if_no_benchmark_is_named(arguments: tuple[str, ...]) -> None:
    text = answer(*arguments)
    assert "bench line [OPTIONS]" in text
    assert "20" in text


def test_help_lists_every_benchmark() -> None:
    text = answer("--help")
    for name in ("line", "page", "plc", "engines", "peers"):
        assert f" {name} " in text


def test_an_unknown_benchmark_is_refused() -> None:
    assert "No such command 'nothing'" in answer("nothing")
