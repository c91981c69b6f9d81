"""Structured logs on standard error: one line an event, JSON or for a console."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any, Protocol

import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger


class LogSettings(Protocol):
    """The part of the settings that logs need."""

    @property
    def log_level(self) -> str: ...

    @property
    def log_format(self) -> str: ...


def configure(
    process: str, settings: LogSettings, hide: Callable[[str], str] | None = None
) -> None:
    """Send what structlog and the standard library's loggers say to standard error.

    Every line carries ``process`` and a UTC time, and goes through ``hide``, which leaves out what
    nobody may read. Called once, in ``__main__``.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _naming(process),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelName(settings.log_level)
        ),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(settings.log_format),
                *([_hiding(hide)] if hide else []),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)


def _naming(process: str) -> Processor:
    def name(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return name


def _hiding(hide: Callable[[str], str]) -> Callable[[WrappedLogger, str, Any], Any]:
    def hidden(logger: WrappedLogger, method: str, line: Any) -> Any:
        return hide(line)

    return hidden


def _rendering(log_format: str) -> list[Processor]:
    if log_format == "console":
        return [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    # Not the values of local variables: passwords are among them.
    tracebacks = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    return [tracebacks, structlog.processors.JSONRenderer()]
