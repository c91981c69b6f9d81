"""What is kept, what goes first, and how folder and index find together again."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from contracts.causes import Decision
from contracts.errors import Unavailable
from contracts.identity import PartKey
from contracts.messages import FrameHeader
from runtime.process.clock import ManualClock
from storage.archive.lost_pictures import SETTLED_AFTER_S, LossCounter
from storage.archive.picture_archive import Archive, Bounds, Frame
from storage.archive.picture_folder import PictureFolder, part_of, path_of
from storage.archive.picture_index import PictureIndex
from storage.models import PictureRow
from storage.part_rows import record_disposition, record_verdict
from tests.unit.storage.part_messages import (
    BEGIN_NS,
    SECOND_NS,
    at,
    disposition,
    part,
    score,
    verdict,
)

PNG = b"\x89PNG\r\n\x1a\n"
SIZE = 1000
PASS, REJECT, NO_VERDICT = Decision.PASS, Decision.REJECT, Decision.NO_VERDICT


def frame(seq: int, size: int = SIZE, fill: bytes = b".") -> Frame:
    header = FrameHeader(
        part=part(seq),
        part_id=seq,
        started_at=at(seq),
        captured_at=at(seq + 0.01),
        deadline_ms=500,
        source=f"{seq}.png",
        release_id="r1",
    )
    return Frame(header, PNG + fill * (size - len(PNG)))


class Disk(PictureFolder):
    """A folder on a disk of a given size."""

    size_bytes = 10**9

    def free_bytes(self) -> int:
        super().free_bytes()
        return self.size_bytes - sum(self.sizes().values())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def disk(root: Path) -> Disk:
    return Disk(root)


def open_archive(
    disk: Disk, sessions: sessionmaker[Session], largest_bytes: int = 10 * SIZE
) -> Archive:
    bounds = Bounds(largest_bytes, least_free_bytes=5 * SIZE, near_miss_logit=1.0)
    archive = Archive(disk, PictureIndex(sessions, sessions), bounds, ManualClock())
    archive.reconcile()
    return archive


def there(sessions: sessionmaker[Session]) -> list[int]:
    """Sequences of the pictures that the index says are there."""
    of = PictureRow
    with sessions() as session:
        kept = select(of.trigger_seq).where(of.evicted_at_utc_ns.is_(None))
        return sorted(session.scalars(kept))


def on_disk(root: Path) -> list[int]:
    return sorted(int(file.stem) for file in root.rglob("*.*"))


def record(
    sessions: sessionmaker[Session], seq: int, called: Decision, logit: float = -4.0
) -> None:
    scores = () if called is NO_VERDICT else (score(logit),)
    with sessions.begin() as session:
        record_verdict(session, verdict(seq, called, scores=scores), 0)


def test_a_picture_is_whole_named_after_its_part_and_indexed(
    disk: Disk, root: Path, sessions: sessionmaker[Session]
) -> None:
    open_archive(disk, sessions).keep([frame(12_345)])
    path = "tiles/1/1/12345.png"
    assert (root / path).read_bytes() == frame(12_345).image
    with sessions() as session:
        [row] = session.scalars(select(PictureRow))
    assert (row.path, row.size_bytes, row.source) == (path, SIZE, "12345.png")
    assert row.captured_at_utc_ns == at(12_345.01).utc_ns
    assert part_of(path) == part(12_345)


@pytest.mark.parametrize(
    ("image", "extension"), [(b"\xff\xd8\xff\xe0", "jpg"), (b"BM..", "bmp"), (b"??", "bin")]
)
def test_the_extension_comes_from_the_bytes(image: bytes, extension: str) -> None:
    assert path_of(part(1), image).endswith(f"/1.{extension}")


@pytest.mark.parametrize("path", ["notes.txt", "tiles/1/0/x.png", "../1/0/1.png", "a/1/0/1.png/b"])
def test_foreign_files_are_no_parts(path: str) -> None:
    assert part_of(path) is None


def test_the_first_picture_of_a_part_stands(
    disk: Disk, root: Path, sessions: sessionmaker[Session]
) -> None:
    archive = open_archive(disk, sessions)
    archive.keep([frame(1), frame(1, fill=b"x")])
    archive.keep([frame(1, fill=b"y")])
    assert (root / "tiles/1/0/1.png").read_bytes() == frame(1).image
    assert there(sessions) == [1]


def test_passes_go_before_near_misses_and_those_before_rejects(
    disk: Disk, root: Path, sessions: sessionmaker[Session]
) -> None:
    """Ten fit; each batch of evictions frees half a picture more than it must: two go at once."""
    archive = open_archive(disk, sessions)
    called = {
        0: (REJECT, 3.0),
        1: (PASS, -0.5),  # a near miss
        2: (PASS, -4.0),
        3: (NO_VERDICT, 0.0),
        4: (PASS, 2.0),  # something was found, and tolerated
        5: (PASS, -4.0),
        6: (PASS, -1.5),
        7: (REJECT, 3.0),
        # of 8 nothing is known
        9: (PASS, -4.0),  # and no pass was presented, see below
    }
    for seq, (decision, logit) in called.items():
        record(sessions, seq, decision, logit)
    with sessions.begin() as session:
        record_disposition(session, disposition(9, NO_VERDICT), 0)
    archive.keep([frame(seq) for seq in range(10)])
    gone = []
    for seq in range(10, 15):
        record(sessions, seq, REJECT)
        before = set(there(sessions))
        archive.keep([frame(seq)])
        gone.append(sorted(before - set(there(sessions))))
    assert gone == [[2, 5], [], [1, 6], [], [0, 4]]
    assert there(sessions) == on_disk(root) == [3, 7, 8, 9, 10, 11, 12, 13, 14]


def test_the_bound_holds_and_the_index_remembers(
    disk: Disk, root: Path, sessions: sessionmaker[Session]
) -> None:
    archive = open_archive(disk, sessions)
    for seq in range(50):
        archive.keep([frame(seq)])
        assert sum(disk.sizes().values()) <= 10 * SIZE
    with sessions() as session:
        rows = list(session.scalars(select(PictureRow)))
    assert len(rows) == 50
    assert there(sessions) == on_disk(root)
    assert 49 in there(sessions)


def test_a_picture_larger_than_the_archive_is_refused_and_the_others_kept(
    disk: Disk, root: Path, sessions: sessionmaker[Session]
) -> None:
    archive = open_archive(disk, sessions)
    archive.keep([frame(1), frame(2, size=11 * SIZE), frame(3)])
    assert there(sessions) == on_disk(root) == [1, 3]


def test_rejects_are_not_evicted_for_a_disk_that_others_filled(
    disk: Disk, root: Path, sessions: sessionmaker[Session]
) -> None:
    archive = open_archive(disk, sessions)
    for seq in range(4):
        record(sessions, seq, REJECT if seq < 2 else PASS)
    archive.keep([frame(seq) for seq in range(4)])
    disk.size_bytes = 7 * SIZE  # 3 are free, 5 must stay free
    with pytest.raises(Unavailable, match="no room"):
        archive.keep([frame(4)])
    assert there(sessions) == on_disk(root) == [0, 1]
    disk.size_bytes = 10**9
    archive.keep([frame(4)])
    assert there(sessions) == [0, 1, 4]


def test_a_disk_that_cannot_be_written_is_unavailable(
    disk: Disk, root: Path, sessions: sessionmaker[Session]
) -> None:
    archive = open_archive(disk, sessions)
    root.mkdir()
    (root / "tiles").write_bytes(b"a file where a folder is to be")
    with pytest.raises(Unavailable):
        archive.keep([frame(1)])
    (root / "tiles").unlink()
    archive.keep([frame(1)])
    assert there(sessions) == [1]


def test_a_new_database_finds_the_pictures_again(
    disk: Disk, root: Path, sessions: sessionmaker[Session]
) -> None:
    """A missing database is no reason to wipe what was recorded."""
    for seq in range(3):
        disk.write(path_of(part(seq), PNG), frame(seq).image)
    (root / "notes.txt").write_text("not ours")
    (root / "tiles/1/0/7.png.part").write_bytes(b"left by a crash")
    archive = open_archive(disk, sessions)
    assert there(sessions) == [0, 1, 2]
    assert (root / "notes.txt").exists()
    assert not (root / "tiles/1/0/7.png.part").exists()
    archive.keep([frame(seq) for seq in range(3, 11)])
    assert len(there(sessions)) == 9


def test_pictures_that_are_gone_or_short_are_forgotten(
    disk: Disk, root: Path, sessions: sessionmaker[Session]
) -> None:
    open_archive(disk, sessions).keep([frame(seq) for seq in range(3)])
    (root / "tiles/1/0/0.png").unlink()
    (root / "tiles/1/0/1.png").write_bytes(b"short")
    open_archive(disk, sessions)
    assert there(sessions) == on_disk(root) == [2]


def test_a_file_that_is_marked_as_evicted_is_deleted_not_indexed(
    disk: Disk, root: Path, sessions: sessionmaker[Session]
) -> None:
    open_archive(disk, sessions).keep([frame(1)])
    with sessions.begin() as session:
        session.scalars(select(PictureRow)).one().evicted_at_utc_ns = 1
    open_archive(disk, sessions)
    assert there(sessions) == on_disk(root) == []


def test_a_capture_without_a_picture_is_counted_once_when_it_has_settled(
    disk: Disk, sessions: sessionmaker[Session]
) -> None:
    clock = ManualClock(start_ns=BEGIN_NS)
    open_archive(disk, sessions).keep([frame(1)])
    with sessions.begin() as session:
        for seq, captured in ((1, at(1.01)), (2, at(2)), (3, None), (4, at(4))):
            record_verdict(session, verdict(seq, captured_at=captured), BEGIN_NS)
        record_verdict(session, verdict(5), BEGIN_NS + 100 * SECOND_NS)
    losses = LossCounter(sessions, clock)
    assert losses.step() == 0
    clock.advance_ms(SETTLED_AFTER_S * 1000)
    assert losses.step() == 2
    assert losses.step() == 0
    clock.advance_ms(200_000)
    assert losses.step() == 1


def test_after_a_restart_losses_are_not_counted_again(
    disk: Disk, sessions: sessionmaker[Session]
) -> None:
    clock = ManualClock(start_ns=BEGIN_NS + 1000 * SECOND_NS)
    with sessions.begin() as session:
        for seq in range(1, 6):
            record_verdict(session, verdict(seq), BEGIN_NS)
    open_archive(disk, sessions).keep([frame(4)])
    assert LossCounter(sessions, clock).step() == 1


def test_identities_never_leave_the_folder() -> None:
    far = PartKey(station="tiles", epoch=2**62, trigger_seq=2**62)
    assert part_of(path_of(far, PNG)) == far
