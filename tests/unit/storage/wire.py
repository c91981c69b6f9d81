"""The link's end of the sink: what it was sent, what it sends."""

from __future__ import annotations

from collections.abc import Callable
from queue import Queue

from contracts.errors import Unavailable
from contracts.messages import Stored, StoredItem
from contracts.names import Topics

TOPICS = Topics("plant", "line")


class Message:
    """One message that the broker keeps until it is acknowledged."""

    def __init__(self, topic: str, payload: bytes) -> None:
        self.topic = topic
        self.payload = payload
        self.acknowledged = 0

    def ack(self) -> None:
        self.acknowledged += 1


class Wire:
    """A link that keeps what was published; it may be down.

    Attributes:
        meanwhile: happens while a batch is gathered.
    """

    def __init__(self) -> None:
        self.inbox: Queue[Message] = Queue()
        self.sent: list[tuple[str, bytes, bool]] = []
        self.down = False
        self.meanwhile: Callable[[], object] = lambda: None

    def bring(self, topic: str, payload: bytes) -> Message:
        """A message comes in."""
        message = Message(topic, payload)
        self.inbox.put(message)
        return message

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        if self.down:
            raise Unavailable("the broker", "it is down")
        self.sent.append((topic, payload, retain))

    def confirmed(self) -> list[StoredItem]:
        """What the outboxes were told."""
        notices = [payload for topic, payload, _ in self.sent if topic == TOPICS.stored]
        return [item for raw in notices for item in Stored.model_validate_json(raw).items]
