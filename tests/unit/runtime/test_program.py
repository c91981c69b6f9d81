"""A program's exit code says how it ended, and what it says of an error is one line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from contracts.errors import BadYaml, CameraFailed, FatalError, Unavailable, UserError
from contracts.exit_codes import ExitCode
from runtime.process.program import exit_code


def raises(error: BaseException) -> Callable[[], int]:
    def main() -> int:
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UserError("x"), ExitCode.USER),
        (BadYaml("line.yaml", 3, "site", "is missing"), ExitCode.USER),
        (Unavailable("the broker", "refused"), ExitCode.RETRY),
        (CameraFailed("x"), ExitCode.RETRY),
        (FatalError("another bridge has this journal open"), ExitCode.NO),
        (KeyboardInterrupt(), ExitCode.CTRL_C),
    ],
)
def test_each_error_has_its_exit_code_and_one_line(error, code, capsys) -> None:
    assert exit_code("referee", raises(error)) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (f"referee: {error}\n" if str(error) else "")


def test_a_mistake_of_ours_is_told_with_its_traceback_and_where_to_report_it(capsys) -> None:
    assert exit_code("referee", raises(KeyError("x"))) == ExitCode.BUG
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "KeyError: 'x'" in said
    assert said.splitlines()[-1].startswith("referee: this is a mistake in Referee. Please report")


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (1, 1)])
def test_what_main_returns_is_the_exit_code(returned, code) -> None:
    assert exit_code("referee", lambda: returned) == code
