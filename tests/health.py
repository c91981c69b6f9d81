"""A line's health as its users see it, for tests: what is said about it over a real broker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from contracts.health import LineHealth
from contracts.names import Topics
from runtime.messaging.broker import Broker
from runtime.messaging.health_watch import HealthWatch
from tests.waiting import PATIENCE_S, until


class Seen:
    """Follows the states of a line."""

    def __init__(self, watch: HealthWatch) -> None:
        self._watch = watch

    def health(self) -> LineHealth:
        return self._watch.health()

    def codes(self, *without: str) -> set[str]:
        """Codes of what is wrong, but for processes that the test did not start."""
        return {
            each.code
            for each in self.health().conditions
            if not each.detail.endswith("process has reported")
        } - set(without)

    def until(self, *codes: str) -> float:
        """Wait until these codes are said, and return how long that took, s."""
        return until(lambda: set(codes) <= self.codes(), PATIENCE_S)

    def until_over(self, *codes: str) -> float:
        """Wait until none of these codes is said any more."""
        return until(lambda: not set(codes) & self.codes(), PATIENCE_S)

    def until_ready(self, process: str) -> float:
        def is_ready() -> bool:
            doing = {each.process: each.doing for each in self.health().processes}
            return doing.get(process) == "ready"

        return until(is_ready, PATIENCE_S)


@contextmanager
def health_of(broker: Broker, topics: Topics) -> Iterator[Seen]:
    """Follow a line while the context lasts."""
    watch = HealthWatch(broker, topics, "health")
    watch.start()
    try:
        yield Seen(watch)
    finally:
        watch.stop()
