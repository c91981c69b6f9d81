"""What ingest and inference have in common: both record verdicts and follow the line's changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from contracts.messages import Stored
from contracts.process_state import Role, Status
from runtime.messaging.control import Control
from runtime.messaging.mqtt import MqttLink
from runtime.messaging.outbox import OutboxPublisher
from runtime.messaging.redis_link import connect
from runtime.messaging.release_book import ReleaseBook
from runtime.messaging.state import StateBoard
from runtime.process import log, metrics
from runtime.process.clock import SystemClock
from runtime.process.loop import Stop, run_loop, supervised_threads
from runtime.process.open_conditions import OpenConditions
from runtime.process.settings import ProcessSettings


class VerdictProcess:
    """A process with a journal, an MQTT link, an outbox of verdicts and a state.

    Attributes:
        journal: the Redis that holds verdicts.
        releases: what each station looks for now; empty until the process runs.
        conditions: what is wrong now; published with the state.
        stop: is set by SIGTERM, and by a thread that fails.
    """

    def __init__(
        self,
        settings: ProcessSettings,
        name: str,
        role: Role,
        hide: Callable[[str], str] | None = None,
    ) -> None:
        """Configure log and metrics, and make the links; nothing connects before ``run``.

        ``hide`` leaves out of the log what nobody may read.
        """
        log.configure(name, settings, hide)
        metrics.serve(settings)
        topics = settings.topics
        self._settings = settings
        self.stop = Stop.from_signals()
        self.clock = SystemClock()
        self.releases = ReleaseBook()
        self.conditions = OpenConditions()
        self.journal = connect(settings.journal_redis_url, "journal")
        self.link = MqttLink(
            settings.broker,
            topics,
            name,
            subscriptions={topics.config(): 1, topics.stations: 1, topics.stored: 1},
            will=StateBoard.will(topics, name, role),
        )
        self._board = StateBoard(self.link, topics, name, role, self.clock)
        self._publisher = OutboxPublisher(
            self.journal, self.link, topics, self.clock, name, conditions=self.conditions
        )

    def run(
        self,
        steps: Mapping[str, Callable[[], None]],
        status: Callable[[], Status],
        follow: Callable[[tuple[str, ...]], bool],
        on_stored: Callable[[Stored], None] | None = None,
    ) -> int:
        """Run until the process is to stop; return its exit code.

        Args:
            steps: by name, each is called again and again in a thread of its own.
            status, follow: see ``Control``.
            on_stored: is called with what all sinks have committed, after the outbox.
        """

        def forget(stored: Stored) -> None:
            self._publisher.on_stored(stored)
            if on_stored is not None:
                on_stored(stored)

        control = Control(
            self.link.inbox,
            self._settings.topics,
            stations=self._settings.stations,
            follow=follow,
            releases=self.releases,
            sinks=self._settings.sinks,
            on_stored=forget,
            board=self._board,
            status=status,
            conditions=self.conditions,
        )
        threads = {**steps, "outbox": self._publisher.step}
        jobs = {
            name: partial(run_loop, step, self.stop, name, self.conditions)
            for name, step in threads.items()
        }
        self.link.start()
        with supervised_threads(self.stop, jobs):
            run_loop(control.step, self.stop, "control", self.conditions)
        self.link.stop()
        return self.stop.exit_code
