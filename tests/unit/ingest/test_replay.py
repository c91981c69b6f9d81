"""The replay camera: what is on disk, in a seeded shuffle, unjudged."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from contracts.errors import CameraFailed
from ingest.cameras import replay
from ingest.cameras.pictures import list_pictures
from ingest.cameras.replay import ReplayFolder
from runtime.process.clock import ManualClock

NAMES = ["test/crack/b.jpg", "test/good/c.JPG", "test/good/d.png", "train/good/a.png"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures in the layout of MVTec AD, with things around them that are none."""
    for name in [*NAMES, "ground_truth/crack/b_mask.png", ".thumbs/x.png", "notes.txt"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"bytes of {name}".encode())
    return tmp_path


def camera(
    folder: Path, seed: int = 0, repeat: bool = True, split: str | None = None
) -> ReplayFolder:
    return ReplayFolder(folder, seed=seed, repeat=repeat, split=split, clock=ManualClock())


def names_of(camera: ReplayFolder, count: int) -> list[str]:
    return [camera.capture().source.removeprefix("replay:") for _ in range(count)]


def test_pictures_are_listed_by_name_without_masks_and_hidden_files(folder: Path) -> None:
    assert list_pictures(folder, None) == NAMES


def test_a_name_that_no_message_can_carry_is_left_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / os.fsdecode(b"gr\xfcn.png")).write_bytes(b"x")
    assert list_pictures(folder, None) == NAMES
    assert "udcfcn.png" in capsys.readouterr().out


def test_bytes_are_those_on_disk_even_if_they_are_no_picture(folder: Path) -> None:
    (folder / "empty.png").touch()
    replaying = camera(folder)
    shots = [replaying.capture() for _ in range(5)]
    read = {shot.source.removeprefix("replay:"): shot.image for shot in shots}
    assert read == {"empty.png": b""} | {name: f"bytes of {name}".encode() for name in NAMES}


def test_a_round_shows_every_picture_once_and_the_next_in_another_order(folder: Path) -> None:
    for number in range(30):
        (folder / f"{number:02d}.png").write_bytes(b"x")
    served = names_of(camera(folder), 68)
    assert sorted(served[:34]) == sorted(served[34:]) == list_pictures(folder, None)
    assert served[:34] != served[34:]
    assert served[:34] != sorted(served[:34])


def test_the_seed_decides_the_order(folder: Path) -> None:
    for number in range(30):
        (folder / f"{number:02d}.png").write_bytes(b"x")
    assert names_of(camera(folder, seed=1), 50) == names_of(camera(folder, seed=1), 50)
    assert names_of(camera(folder, seed=1), 34) != names_of(camera(folder, seed=2), 34)


def test_once_ends_with_a_reason(folder: Path) -> None:
    once = camera(folder, repeat=False)
    names_of(once, 4)
    assert once.trouble() == f"all 4 pictures of {folder} have been shown"
    with pytest.raises(CameraFailed, match="have been shown"):
        once.capture()


def test_a_split_is_what_the_index_says(folder: Path) -> None:
    entries = [
        {"image": "test/crack/b.jpg", "kind": "crack", "split": "val", "mask": "x.png"},
        {"image": "train/good/a.png", "kind": "good", "split": "train"},
    ]
    (folder / "index.json").write_text(json.dumps(entries))
    assert names_of(camera(folder, split="val"), 2) == ["test/crack/b.jpg"] * 2
    assert len(set(names_of(camera(folder), 4))) == 4
    with pytest.raises(CameraFailed, match="no pictures of the split 'test'"):
        camera(folder, split="test")


def test_a_split_without_an_index_is_an_error(folder: Path) -> None:
    with pytest.raises(CameraFailed, match=r"no index\.json"):
        camera(folder, split="val")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ('[{"kind": "good"}]', r"0\.image: is missing"),
        ("{}", "must be a list"),
        ('[{"image": "../a.png", "kind": "good"}]', r"0\.image: a path must lie inside"),
    ],
)
def test_a_broken_index_is_an_error_with_its_place(folder: Path, text: str, said: str) -> None:
    (folder / "index.json").write_text(text)
    with pytest.raises(CameraFailed, match=said):
        camera(folder, split="val")


def test_no_folder_and_no_pictures_are_errors(tmp_path: Path) -> None:
    with pytest.raises(CameraFailed, match="no folder"):
        camera(tmp_path / "nowhere")
    with pytest.raises(CameraFailed, match="holds no pictures"):
        camera(tmp_path)


def test_a_picture_that_went_away_is_a_camera_failure_and_the_next_one_comes(folder: Path) -> None:
    replaying = camera(folder, seed=3)
    first = names_of(camera(folder, seed=3), 1)[0]
    (folder / first).unlink()
    with pytest.raises(CameraFailed, match="cannot be read: No such file"):
        replaying.capture()
    assert replaying.capture().image


def test_a_file_beyond_the_bound_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "LARGEST_PICTURE_MB", 0)
    with pytest.raises(CameraFailed, match="larger than 0 MiB"):
        camera(folder).capture()
