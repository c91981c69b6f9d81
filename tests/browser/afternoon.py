"""Test data: an afternoon at two stations, written through the tables that storage writes.

Nothing here was measured. What happened, so that the pages have something to say: one station
drifts for half an hour, the model is down for a minute, the bridge restarts once.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from contracts.causes import Cause, Decision, Mode
from storage.models import (
    ActivationRow,
    Base,
    DispositionRow,
    FindingRow,
    PhaseRow,
    PictureRow,
    ReleaseRow,
    SequenceRow,
    VerdictRow,
)
from tests.browser.rows import MS, PROMPTS, Part, S, disposition, finding, release_of, verdict
from tests.browser.surfaces import surface

PICTURES = 10
STATIONS = (("tile-top", Mode.GUARD), ("tile-edge", Mode.OBSERVE))
VERDICTS = select(VerdictRow.station, VerdictRow.epoch, VerdictRow.trigger_seq, VerdictRow.id)
KINDS = {"crack": "crack", "blowhole": "blowhole", "frayed edge": "fray"}


def fill(engine: Engine, archive: Path, now_utc_ns: int, hours: float = 5.0) -> None:
    """The whole afternoon, ending now."""
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        everything: list[Part] = []
        for number, (station, mode) in enumerate(STATIONS):
            announce(session, station, mode, now_utc_ns - int(hours * 3600 * S))
            parts = list(_parts(station, mode, now_utc_ns, hours, seed=number))
            _count(session, parts, now_utc_ns)
            everything += parts
        add(session, archive, sorted(everything, key=lambda part: part.started_at_utc_ns))
        _evict(session, archive, now_utc_ns)
        session.commit()


def add(session: Session, archive: Path, parts: list[Part]) -> None:
    """Verdicts, findings, dispositions and the newest pictures of these parts."""
    session.execute(insert(DispositionRow), [disposition(part) for part in parts])
    session.execute(insert(VerdictRow), [verdict(part) for part in parts])
    rejected = [part for part in parts if part.decision is Decision.REJECT]
    rows = {tuple(row[:3]): row.id for row in session.execute(VERDICTS)}
    for back, part in enumerate(reversed(rejected)):
        drawn = surface(KINDS[part.prompt], part.seq) if back < PICTURES else None
        outline = drawn.outline_px if drawn else [[10, 10], [20, 10], [20, 20]]
        area_px2 = drawn.area_px2 if drawn else 300.0
        verdict_row = rows[part.station, part.epoch, part.seq]
        session.add(FindingRow(**finding(part, verdict_row, outline, area_px2)))
        if drawn:
            _archive(session, archive, part, drawn.png)


def _parts(station: str, mode: Mode, now_utc_ns: int, hours: float, seed: int) -> Iterator[Part]:
    random = np.random.default_rng(seed)
    count = int(hours * 3600 / 2.5)
    restart = int(count * 0.3)
    mood = 0.0
    for i in range(count):
        ago_s = (count - 1 - i) * 2.5
        at = now_utc_ns - int((ago_s + random.uniform(0, 0.4)) * S)
        mood = 0.995 * mood + random.normal(0, 0.05)
        drift = 0.045 if station == "tile-top" and 6000 < ago_s < 7900 else 0.0
        defect = random.random() < np.clip(0.022 * np.exp(mood) + drift, 0, 0.3)
        weights = [0.2, 0.7, 0.1] if drift else [0.45, 0.2, 0.35]
        epoch, seq = (3, i + 1) if i < restart else (4, i - restart + 1)
        decision, cause = (Decision.REJECT if defect else Decision.PASS), None
        if i == restart - 1:
            cause = Cause.BRIDGE_RESTART
        elif station == "tile-top" and 2400 < ago_s < 2460:
            cause = Cause.MODEL_ERROR
        elif random.random() < 0.0007:
            cause = Cause.EXPIRED
        elif 9000 < ago_s < 9600 and random.random() < 0.04:
            cause = Cause.OVERLOAD
        yield Part(
            station=station,
            epoch=epoch,
            seq=seq,
            started_at_utc_ns=at,
            decision=Decision.NO_VERDICT if cause else decision,
            cause=cause,
            prompt=str(random.choice([p.name for p in PROMPTS], p=weights)),
            latency_ms=float(np.exp(random.normal(np.log(86 + 20 * seed), 0.22))),
            mode=mode,
        )


def announce(session: Session, station: str, mode: Mode, at_utc_ns: int) -> None:
    release = release_of(station, mode)
    session.add_all(
        [
            ReleaseRow(
                station=station,
                release_id=release.release_id,
                mode=mode,
                config=release.config.model_dump(mode="json"),
                first_seen_at_utc_ns=at_utc_ns,
            ),
            ActivationRow(station=station, release_id=release.release_id, at_utc_ns=at_utc_ns),
            PhaseRow(
                station=station, process="bridge", phase="RUNNING", reason="", at_utc_ns=at_utc_ns
            ),
        ]
    )


def _count(session: Session, parts: list[Part], now_utc_ns: int) -> None:
    for epoch in sorted({part.epoch for part in parts}):
        seqs = [part.seq for part in parts if part.epoch == epoch]
        session.add(
            SequenceRow(
                station=parts[0].station,
                epoch=epoch,
                first_seq=min(seqs),
                # One station has two parts on the way to the gate.
                last_seq=max(seqs) + (2 if parts[0].mode is Mode.OBSERVE and epoch == 4 else 0),
                known_at_utc_ns=now_utc_ns,
            )
        )


def _evict(session: Session, archive: Path, now_utc_ns: int) -> None:
    """The line's fifth newest picture was deleted to free space."""
    newest = select(PictureRow).order_by(PictureRow.captured_at_utc_ns.desc())
    for picture in session.scalars(newest.offset(4).limit(1)):
        (archive / picture.path).unlink()
        picture.evicted_at_utc_ns = now_utc_ns


def _archive(session: Session, archive: Path, part: Part, png: bytes) -> None:
    name = f"{part.station}/{part.epoch}/{part.seq}.png"
    path = archive / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png)
    session.add(
        PictureRow(
            **part.key,
            path=name,
            size_bytes=len(png),
            sha256=sha256(png).hexdigest(),
            source="test data",
            release_id=release_of(part.station, part.mode).release_id,
            captured_at_utc_ns=part.started_at_utc_ns + 8 * MS,
            evicted_at_utc_ns=None,
        )
    )
