"""Connects to a Redis and translates its errors into ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from contracts.errors import ServerFull, Unavailable, UserError

CANNOT_SAVE = "MISCONF"
"""How a reply begins when the server is there and cannot write to its disk."""


NO_SPACE = "No space left on device"
"""Part of that reply if the disk is full."""


class RedisAddress(NamedTuple):
    """Which server it is. ``name`` is what it is for: frames or journal; empty if nobody said."""

    name: str
    host_port: str

    def __str__(self) -> str:
        return " ".join(filter(None, (self.name, "Redis", self.host_port)))

    def condition(self, what: str) -> str:
        """Return the code of a condition: ``journal_full``."""
        return f"{self.name or 'server'}_{what}"


def connect(url: str, name: str = "", *, timeout_s: float = 1.0) -> redis.Redis:
    """Return a client of the Redis at ``url``; it connects at the first command. Replies are bytes.

    It never repeats a command by itself: an append that timed out may have happened, and only the
    caller knows whether it may be done twice.

    Args:
        url: such as ``redis://127.0.0.1:6401/0``.
        name: what it is for, ``frames`` or ``journal``: for messages, and in ``CLIENT LIST``.
        timeout_s: longest wait for a connection and for a reply.

    Raises:
        UserError: the URL is not valid.
    """
    try:
        return redis.Redis.from_url(
            url,
            protocol=2,
            client_name=name or None,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
            decode_responses=False,
        )
    except ValueError as error:
        raise UserError(f"Redis URL {url!r}: {error}") from error


def address(client: redis.Redis) -> RedisAddress:
    """Return which server it is, for messages."""
    parameters = client.connection_pool.connection_kwargs
    host_port = f"{parameters.get('host', '?')}:{parameters.get('port', '?')}"
    return RedisAddress(parameters.get("client_name") or "", host_port)


@contextmanager
def translate_errors(server: RedisAddress) -> Iterator[None]:
    """Turn redis-py's errors into ours.

    Raises:
        Unavailable: it cannot be reached, does not answer, or does not serve right now.
        ServerFull: it is at its memory bound.
        UserError: it refuses our credentials.
    """
    try:
        yield
    except (redis.AuthenticationError, redis.exceptions.AuthorizationError) as error:
        raise UserError(f"{server} refuses us: {error}") from error
    except redis.exceptions.OutOfMemoryError as error:
        raise ServerFull(server, str(error), server.condition("full")) from error
    except (redis.ConnectionError, redis.TimeoutError, redis.ReadOnlyError, OSError) as error:
        raise Unavailable(server, str(error), server.condition("away")) from error
    except redis.ResponseError as error:
        if "OOM command not allowed" in str(error):  # how a script reports it
            raise ServerFull(server, str(error), server.condition("full")) from error
        if CANNOT_SAVE in str(error):
            condition = "disk_full" if NO_SPACE in str(error) else server.condition("away")
            raise Unavailable(server, str(error), condition) from error
        raise
