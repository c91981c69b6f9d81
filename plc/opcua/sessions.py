"""Which session a request came over: asyncua's callbacks and methods are not told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from asyncua import ua
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession

from contracts.fieldbus import plain_address
from plc.core.one_writer import ONLY_PEER, Peer, Refusal

NOT_THIS_WRITER = {
    Refusal.NOT_A_PEER: ua.StatusCodes.BadUserAccessDenied,
    Refusal.SECOND_WRITER: ua.StatusCodes.BadLocked,
    Refusal.BOOT_ID_JUMP: ua.StatusCodes.BadRequestNotAllowed,
}
_CURRENT: ContextVar[Peer] = ContextVar("peer", default=ONLY_PEER)


def current_peer() -> Peer:
    """Return whose request is being answered."""
    return _CURRENT.get()


class PeerSession(InternalSession):
    """A session that says, while it is at work, whose it is."""

    on_closed: Callable[[Peer], object] = staticmethod(lambda peer: None)

    @property
    def peer(self) -> Peer:
        """The client: its address, and the number of this session."""
        named: Any = self.name  # the peer's socket name; of asyncua's own session a text
        address = plain_address(named[0]) if isinstance(named, tuple) else ""
        return Peer(address, self.session_id.Identifier)

    async def write(self, params: ua.WriteParameters) -> list[ua.StatusCode]:
        """Write attributes."""
        with self._at_work():
            return await super().write(params)

    async def call(self, params: list[ua.CallMethodRequest]) -> list[ua.CallMethodResult]:
        """Call methods."""
        with self._at_work():
            return await super().call(params)

    async def close_session(self, delete_subs: bool = True) -> None:
        """Close the session, and say so."""
        await super().close_session(delete_subs)
        self.on_closed(self.peer)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        token = _CURRENT.set(self.peer)
        try:
            yield
        finally:
            _CURRENT.reset(token)


class PeerServer(InternalServer):
    """asyncua's inner server, with sessions that say whose they are."""

    def __init__(self, on_closed: Callable[[Peer], object]) -> None:
        self._on_closed = on_closed
        super().__init__()

    def create_session(self, *arguments: Any, **options: Any) -> PeerSession:
        """Return a new session."""
        of_server = self, self.aspace, self.subscription_service
        session = PeerSession(*of_server, *arguments, **options)
        session.on_closed = self._on_closed
        return session
