"""The error tree.

    RefereeError
    |-- TransientError            try again with backoff
    |   |-- Unavailable           a server cannot be reached right now
    |   |-- ServerFull            a server is at its bound: an alarm, and nothing was taken
    |   |-- ModelUnavailable      Triton is not there or not ready
    |   |   `-- ModelTooSlow      it did not answer in the time that the part had left
    |   `-- CameraFailed          a camera gave no picture
    |-- PoisonError               this one input can never work: dead letter, go on
    |   |-- MalformedMessage      a message that is not ours
    |   |-- BadImage              bytes that are no picture we can inspect
    |   `-- ModelRejected         the model refused this request
    `-- FatalError                stop the process, say why, exit non-zero
        `-- UserError             a setting, an argument or a file that cannot be used
            `-- BadYaml           file, line, column, field and what would be right

Errors of foreign libraries are translated into these once, at the adapter that meets them. An error
that one module raises and another of the same room catches derives from RefereeError directly.
"""

from __future__ import annotations


class RefereeError(Exception):
    """Root of everything Referee raises on purpose."""


class TransientError(RefereeError):
    """May work later: retry with backoff.

    Attributes:
        condition: what is wrong while it goes on, a code of ``contracts.conditions``; empty if
            another part of the process says it.
    """

    condition = "retrying"


class Unavailable(TransientError):
    """A server cannot be reached right now."""

    condition = "server_away"

    def __init__(self, server: object, reason: str, condition: str = "") -> None:
        super().__init__(f"{server} cannot be reached: {reason}")
        self.server = str(server)
        self.reason = reason
        self.condition = condition or self.condition


class ServerFull(TransientError):
    """A server is at its memory bound and took nothing. An alarm, not a loss."""

    condition = "server_full"

    def __init__(self, server: object, reason: str, condition: str = "") -> None:
        super().__init__(f"{server} is full: {reason}")
        self.server = str(server)
        self.reason = reason
        self.condition = condition or self.condition


class ModelUnavailable(TransientError):
    """Triton is not there or the model is not ready."""

    condition = ""


class ModelTooSlow(ModelUnavailable):
    """Triton did not answer in the time that the part had left."""


class CameraFailed(TransientError):
    """A camera is not there, not readable, or gave no picture in time."""

    condition = ""


class PoisonError(RefereeError):
    """This one input can never work: dead letter, and the line goes on."""


class MalformedMessage(PoisonError):
    """A message that does not follow contracts/messages.py."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"malformed message on {source}: {reason}")
        self.source = source
        self.reason = reason


class BadImage(PoisonError):
    """Bytes that are no picture we can inspect."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ModelRejected(PoisonError):
    """The model refused this request; the same request will be refused again."""


class FatalError(RefereeError):
    """Nothing to be done here: stop the process, say why, exit non-zero."""


class UserError(FatalError):
    """What a person gave cannot be used: a setting, an argument, a file."""


class BadYaml(UserError):
    """A YAML file that cannot be used, such as a line file.

    Attributes:
        path: the file as the user named it.
        line: 1-based line in it, None for the whole file.
        column: 1-based column in that line, None for the whole line.
        field: dotted path of the field, such as ``stations.tiles.deadline_ms``.
        remedy: what would be right.
    """

    def __init__(
        self,
        path: str,
        line: int | None,
        field: str,
        reason: str,
        remedy: str = "",
        column: int | None = None,
    ) -> None:
        where = ":".join(str(each) for each in (path, line, column) if each)
        parts = [f"{where}: {field}: {reason}" if field else f"{where}: {reason}"]
        if remedy:
            parts.append(remedy)
        super().__init__("; ".join(parts))
        self.path = path
        self.line = line
        self.column = column
        self.field = field
        self.reason = reason
        self.remedy = remedy
