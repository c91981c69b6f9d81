"""What a command or a process ends with, for scripts and service managers."""

from __future__ import annotations

from enum import IntEnum

from contracts.errors import FatalError, RefereeError, TransientError, UserError


class ExitCode(IntEnum):
    """An exit code, and what it means: ``ExitCode.USER.meaning``."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> ExitCode:
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    DONE = 0, "Done. If the command asks a question: the answer is yes."
    NO = 1, "Done, but the answer is no, or a person should look at what was printed."
    USER = 2, "You can correct it: an option, a file, a folder or a setting cannot be used."
    RETRY = 3, "Something needed does not answer, such as a server or a camera. Try again."
    BUG = 70, "A mistake in Referee. Please report what was printed."
    CTRL_C = 130, "Stopped by Ctrl-C."
    READER_GONE = 141, "The program that read the output has ended, such as `head`."


def exit_code_of(error: RefereeError) -> ExitCode:
    """Return how a command ends that raised this error."""
    if isinstance(error, TransientError):
        return ExitCode.RETRY
    if isinstance(error, FatalError) and not isinstance(error, UserError):
        return ExitCode.NO
    return ExitCode.USER
