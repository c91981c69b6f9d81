"""Metrics of the storage processes."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

MESSAGES = Counter(
    "referee_storage_messages",
    "Messages by outcome: stored, duplicate or malformed",
    ["kind", "outcome"],
)
UNWRITABLE = Gauge("referee_storage_unwritable", "1 while the database cannot be written: an alarm")
UNCONFIRMED = Counter(
    "referee_storage_unconfirmed", "Items stored whose confirmation could not be published"
)
REPUBLISHED = Counter(
    "referee_storage_releases_republished",
    "Releases and rosters published again because the broker had lost them",
)

PICTURES_KEPT = Counter("referee_archive_pictures", "Pictures written to the archive")
PICTURES_LOST = Counter(
    "referee_archive_pictures_lost", "Frames that were gone before they were archived"
)
PICTURES_REFUSED = Counter(
    "referee_archive_pictures_refused", "Stream entries that are not valid frames, or too large"
)
PICTURES_EVICTED = Counter(
    "referee_archive_pictures_evicted", "Pictures deleted to free space", ["kept"]
)
ARCHIVE_BYTES = Gauge("referee_archive_bytes", "Bytes of the archived pictures")
ARCHIVE_UNWRITABLE = Gauge(
    "referee_archive_unwritable", "1 while no picture can be archived: an alarm"
)
