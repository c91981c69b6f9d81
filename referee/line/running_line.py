"""A whole line on one machine: servers, stages, releases, in this order; and down again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from contracts.names import Topics
from contracts.release import Activation
from referee.line.claim import Claim
from referee.line.endpoints import LOOPBACK, Endpoints
from referee.line.programs import line_programs
from referee.line.requirements import refuse_missing
from referee.line.signing import signed, this_user
from referee.line.start import Start
from referee.line.stop_signals import uninterrupted
from referee.line.supervision import Supervisor
from referee.line.watch import LineWatch, watch_line
from runtime.messaging.broker import Broker
from runtime.process.run_folder import RunFolder

READY_TIMEOUT_S = 120.0


class RunningLine(NamedTuple):
    """A line that a command has started."""

    supervisor: Supervisor
    watch: LineWatch
    endpoints: Endpoints
    folder: RunFolder
    activations: Sequence[Activation]


@contextmanager
def started_line(
    start: Start,
    endpoints: Endpoints,
    claim: Claim,
    *,
    on_wait: Callable[[str], None] = lambda reason: None,
    why: str = "",
) -> Iterator[RunningLine]:
    """Start everything, wait until parts would get verdicts, stop all on leaving.

    A PLC is not waited for: the bridge is, and says to whom it listens. ``why`` is kept with the
    releases; a station in bypass needs it.

    Raises:
        UserError: a station is in mode bypass and no reason is given; a package is not installed.
        Unavailable: a server or stage does not start; the text names it and the reason.
    """
    refuse_missing(start)
    line, folder = start.line, claim.folder
    activations = signed(line.releases(), this_user(), why)
    endpoints.save(folder)
    programs = line_programs(start, endpoints, folder)
    start.model_copy(update={"programs": tuple(programs)}).save(folder)
    supervisor = Supervisor(folder)
    try:
        supervisor.start(programs, claim)
        topics, broker = Topics(line.site, line.line), Broker(LOOPBACK, endpoints.mqtt)
        with watch_line(topics, broker, timeout_s=30.0) as watch:
            # Before the stages start: else they would follow what an earlier start has retained.
            watch.publish_roster(line.roster())
            watch.publish(activations)
            watch.clear_releases_but(line.stations)
            supervisor.start_rest()
            watch.wait_until_up(READY_TIMEOUT_S, on_wait)
            yield RunningLine(supervisor, watch, endpoints, folder, activations)
    finally:
        with uninterrupted():
            supervisor.stop()
