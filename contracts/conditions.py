"""Everything that can be wrong with a running line: how bad it is, in words, and what to do.

One table. The dashboard, `referee status`, the metrics and docs/operating.md all take their words
from here. A process names a condition by its code and adds what only it knows as a detail.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How soon a person should look. The order is from worst to least."""

    ALARM = "alarm"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """Return 0 for the worst."""
        return list(Severity).index(self)


SEVERITIES = {
    Severity.ALARM: "a person should come now: parts are not judged, or data may be lost",
    Severity.WARNING: "the line works; a person should look at it today",
    Severity.NOTE: "normal, and good to know",
}


class Kind(NamedTuple):
    """One sort of condition: a sentence that says what is wrong, and one that says what to do."""

    severity: Severity
    words: str
    remedy: str


ALARM, WARNING, NOTE = Severity.ALARM, Severity.WARNING, Severity.NOTE

PROCESSES = {
    "starting": Kind(
        NOTE,
        "The process is starting",
        "Wait. If this stays for more than two minutes, read the log of the process.",
    ),
    "not_ready": Kind(
        ALARM,
        "The process is not ready",
        "Read the detail, then the log of the process.",
    ),
    "process_gone": Kind(
        ALARM,
        "The process does not run",
        "The line starts it again by itself. If it does not come back, read its log.",
    ),
    "spare_gone": Kind(
        WARNING,
        "One of several processes that do the same work does not run",
        "The others do its work. If it does not come back, read its log.",
    ),
    "process_silent": Kind(
        ALARM,
        "The process has said nothing for 12 seconds",
        "Check that its machine runs and reaches the MQTT broker; then restart the process.",
    ),
    "retrying": Kind(
        WARNING,
        "The process tries again and again to do its work",
        "Read the detail, then the log of the process.",
    ),
}
"""About whole processes."""

SERVERS = {
    "broker_away": Kind(
        ALARM,
        "The MQTT broker cannot be reached",
        "Check that the broker runs and that the network to its machine works. Nothing is lost: "
        "verdicts and dispositions are sent when it is back.",
    ),
    "triton_away": Kind(
        ALARM,
        "Triton cannot serve the model",
        "Check that Triton runs and has loaded the model: read its log.",
    ),
    "journal_away": Kind(
        ALARM,
        "The journal Redis cannot be reached",
        "Check that this Redis runs. No verdict is given while it is away.",
    ),
    "journal_full": Kind(
        ALARM,
        "The journal Redis is full",
        "Start storage if it does not run, and mend the database: storage empties the journal. "
        "Or give this Redis more memory. No verdict is given until there is room.",
    ),
    "journal_nearly_full": Kind(
        WARNING,
        "The journal Redis is nearly full",
        "Start storage if it does not run, and mend the database, before it is full: "
        "then no verdict is given.",
    ),
    "frames_away": Kind(
        ALARM,
        "The frames Redis cannot be reached",
        "Check that this Redis runs. No picture reaches inference while it is away.",
    ),
    "frames_full": Kind(
        ALARM,
        "The frames Redis is full",
        "Inference is too slow or does not run: check it. Or give this Redis more memory.",
    ),
    "server_away": Kind(
        ALARM,
        "A server cannot be reached",
        "Read in the detail which one; check that it runs.",
    ),
    "server_full": Kind(
        ALARM,
        "A server is full",
        "Read in the detail which one; give it more memory.",
    ),
}
"""About the servers that the processes need."""

STORES = {
    "database_locked": Kind(
        ALARM,
        "The database is locked by another program",
        "Close the program that holds it: a backup, a database browser, an open `sqlite3`. "
        "The gate works, and nothing is lost: the journals keep everything until then.",
    ),
    "database_away": Kind(
        ALARM,
        "The database cannot be used",
        "Check that the database is there and may be written. The gate works, and nothing is "
        "lost: the journals keep everything until then.",
    ),
    "database_slow": Kind(
        WARNING,
        "A write to the database takes longer than 2 seconds",
        "Check the load of the database's machine and disk.",
    ),
    "disk_full": Kind(
        ALARM,
        "The disk is full",
        "Free space on the disk that the detail names: old logs, other programs' files. "
        "Never delete the bridge's journal or the database.",
    ),
    "disk_nearly_full": Kind(
        WARNING,
        "The disk is nearly full",
        "Free space on the disk that the detail names, or lower `archive.largest_mb`.",
    ),
    "archive_slow": Kind(
        WARNING,
        "Archiving pictures takes longer than 2 seconds at a time",
        "Check the load of the archive's disk. Pictures are lost if it lasts.",
    ),
    "archive_stopped": Kind(
        ALARM,
        "Pictures cannot be archived",
        "Check the folder of the archive and its disk. The gate works; pictures are lost.",
    ),
    "clock_moved": Kind(
        WARNING,
        "The clock of this machine was set",
        "Check the machine's time. Times of parts before and after do not fit together; verdicts "
        "and the ledger do not depend on it. This message goes after 10 minutes.",
    ),
}
"""About databases, disks and clocks."""

STATIONS = {
    "no_release": Kind(
        ALARM,
        "The station has no release: nobody has said what a defect is",
        "Run `referee apply FILE` with the line file.",
    ),
    "unknown_recipe": Kind(
        ALARM,
        "The PLC selected a recipe that the release does not have",
        "Add the recipe to the line file and apply it, or correct the number in the PLC.",
    ),
    "no_model": Kind(
        ALARM,
        "The model refuses the station's prompts",
        "Read the detail; correct the prompts in the line file and apply it.",
    ),
    "model_silent": Kind(
        ALARM,
        "The model has not answered for the station's prompts yet",
        "Wait. If this stays for more than two minutes, read Triton's log.",
    ),
    "no_camera": Kind(
        ALARM,
        "The camera gives no pictures",
        "Check the camera's cable, power and settings. For a folder: check that it exists.",
    ),
    "picture_refused": Kind(
        WARNING,
        "The last picture could not be inspected",
        "Read the detail. If it happens again, check the camera and its settings.",
    ),
    "pictures_refused": Kind(
        ALARM,
        "The last 3 pictures or more could not be inspected",
        "Read the detail; check the camera, its cable and its settings.",
    ),
    "no_inference": Kind(
        ALARM,
        "No inference process serves the station",
        "See what inference says. If it says nothing, check that it runs.",
    ),
    "no_broker": Kind(
        ALARM,
        "The bridge has no connection to the MQTT broker",
        "Check that the broker runs and that the network to its machine works.",
    ),
    "no_journal": Kind(
        ALARM,
        "The bridge cannot write its journal",
        "Check the disk of the run folder: space, permissions, health.",
    ),
    "no_resync": Kind(
        ALARM,
        "The PLC has not introduced itself since the bridge started",
        "Check that the PLC runs, reaches the bridge's address and writes its boot id.",
    ),
    "plc_silent": Kind(
        ALARM,
        "The PLC is silent: its heartbeat stands still",
        "Check that the PLC is in RUN and that its network cable is in. "
        "Afterwards the PLC has to clear the error.",
    ),
    "sequence_jump": Kind(
        ALARM,
        "The PLC's part counter jumped",
        "Check the PLC's program and its retentive memory; then clear the error at the PLC.",
    ),
    "second_writer": Kind(
        ALARM,
        "A second client tried to write to the station of a PLC",
        "The detail names both addresses. Stop the one that is not the PLC, and name the PLC's "
        "address in `plc.peers` in the line file. Nothing was written. This message goes five "
        "minutes after the last try.",
    ),
    "not_a_peer": Kind(
        ALARM,
        "A client tried to write to the station whose address is not in `plc.peers`",
        "Stop this client, or add its address to `plc.peers` in the line file. Nothing was "
        "written. This message goes five minutes after the last try.",
    ),
    "boot_id_jump": Kind(
        ALARM,
        "The PLC's boot id changed on a connection that was not lost: it was not believed",
        "Look for a second client behind the same gateway. A PLC that was off has to connect "
        "anew. This message goes five minutes after the last try.",
    ),
    "unconfirmed_reject": Kind(
        ALARM,
        "The gate did not confirm that it ejected a part",
        "Look for the part, check the gate and its sensor; then clear the error at the PLC.",
    ),
    "line_stop": Kind(
        ALARM,
        "Too many parts in a row had no pass: the line was asked to stop",
        "Look at the last rejects; then acknowledge the stop and clear the error at the PLC.",
    ),
    "overrun": Kind(
        ALARM,
        "The PLC does not read its results fast enough",
        "Check the PLC's cycle time and its program; then clear the error at the PLC.",
    ),
    "station_removed": Kind(
        NOTE,
        "The station was removed from the line",
        "Do nothing. If it was removed by mistake, add it to the line file and apply it.",
    ),
    "fieldbus_not_served": Kind(
        ALARM,
        "The PLC of the station cannot reach the bridge: the bridge does not serve its protocol",
        "Give the protocol a port under sockets in the line file, then stop the line and start it.",
    ),
    "set_offline": Kind(
        NOTE,
        "The PLC has set the station offline",
        "Set the station online at the PLC when it is to work.",
    ),
}
"""About single stations. The bridge's codes are those that its registers show."""

CONDITIONS: dict[str, Kind] = PROCESSES | SERVERS | STORES | STATIONS


def kind_of(code: str) -> Kind:
    """Return what the code means; a code that is not in the table is an alarm by its own name."""
    words = code.replace("_", " ").capitalize()
    unknown = Kind(ALARM, words, "Read the detail, then the log of the process that says it.")
    return CONDITIONS.get(code, unknown)
