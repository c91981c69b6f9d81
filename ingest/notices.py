"""Announces to the bridge the parts that the camera triggered."""

from __future__ import annotations

import structlog

from contracts.errors import Unavailable
from contracts.messages import CaptureNotice
from contracts.names import Topics
from ingest.metrics import NOTICES_LOST
from runtime.messaging.mqtt import MqttLink

log = structlog.get_logger()


class MqttNotices:
    """Publishes notices. A notice that cannot be sent now is not sent later.

    The next notice, or the process's state, shows the gap to the bridge.
    """

    def __init__(self, link: MqttLink, topics: Topics) -> None:
        self._link = link
        self._topics = topics

    def announce(self, notice: CaptureNotice) -> None:
        """Publish a notice, or count it as lost."""
        station = notice.part.station
        try:
            self._link.publish(self._topics.capture(station), notice.model_dump_json().encode())
        except Unavailable as error:
            NOTICES_LOST.labels(station).inc()
            log.warning("notice_not_sent", part=str(notice.part), reason=error.reason)
