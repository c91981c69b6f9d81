"""What the storage processes count."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

MESSAGES = Counter(
    "referee_storage_messages", "Messages: stored, duplicate or malformed", ["kind", "outcome"]
)
UNWRITABLE = Gauge("referee_storage_unwritable", "1 while the database takes nothing: an alarm")
UNCONFIRMED = Counter("referee_storage_unconfirmed", "Stored, and the outboxes could not be told")
REPUBLISHED = Counter("referee_storage_releases_republished", "Releases the broker had lost")

PICTURES_KEPT = Counter("referee_archive_pictures", "Pictures written to the archive")
PICTURES_LOST = Counter("referee_archive_pictures_lost", "Frames that went before they were kept")
PICTURES_REFUSED = Counter("referee_archive_pictures_refused", "Entries that are no frame of ours")
PICTURES_EVICTED = Counter("referee_archive_pictures_evicted", "Pictures that gave way", ["kept"])
ARCHIVE_BYTES = Gauge("referee_archive_bytes", "Disk that the archived pictures take")
ARCHIVE_UNWRITABLE = Gauge("referee_archive_unwritable", "1 while no picture can be kept: an alarm")
