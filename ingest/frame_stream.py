"""The stream of one station's frames on the frames Redis, and its bounds."""

from __future__ import annotations

from typing import Any

import redis

from contracts import names
from contracts.errors import ServerFull
from contracts.messages import FrameHeader
from runtime.messaging.redis_link import address, translate_errors
from runtime.messaging.streams import append
from runtime.messaging.trim import trim_consumed

GROUPS = (names.INFERENCE_GROUP, names.ARCHIVE_GROUP)


class FrameStream:
    """Holds the frames of one station until inference and archive have finished with them.

    If there is no room, frames that only the archive still needs are deleted first.
    """

    def __init__(self, client: redis.Redis, station: str, keep_at_most: int) -> None:
        """Keep at most ``keep_at_most`` frames, even if a reader has not finished with them."""
        self._redis = client
        self._stream = names.frames(station)
        self._keep_at_most = keep_at_most
        self._lost = 0

    def waiting(self) -> int:
        """Return how many frames inference has not finished with. Raises Unavailable."""
        with translate_errors(address(self._redis)):
            there = self._redis.exists(self._stream)
            groups: Any = self._redis.xinfo_groups(self._stream) if there else []
            for group in groups:
                if group["name"] == names.INFERENCE_GROUP.encode() and group["lag"] is not None:
                    return group["pending"] + group["lag"]
            length: Any = self._redis.xlen(self._stream)
            return length

    def put(self, header: FrameHeader, image: bytes) -> None:
        """Add a frame.

        Raises:
            Unavailable: Redis cannot be reached; it may have stored the frame nevertheless.
            ServerFull: Redis is full of frames to be inspected; the frame was not stored.
        """
        fields = {"header": header.model_dump_json().encode(), "image": image}
        try:
            append(self._redis, self._stream, fields)
        except ServerFull:
            self._trim(keep_at_most=self.waiting())
            append(self._redis, self._stream, fields)

    def tidy(self) -> int:
        """Delete finished frames. Return how many others were deleted since the last call.

        Raises Unavailable.
        """
        self._trim(keep_at_most=self._keep_at_most)
        lost, self._lost = self._lost, 0
        return lost

    def _trim(self, keep_at_most: int) -> None:
        self._lost += trim_consumed(self._redis, self._stream, GROUPS, keep_at_most)
