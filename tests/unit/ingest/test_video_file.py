"""A video file as a camera: a real file, written here."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from contracts.camera import CameraConfig
from contracts.errors import CameraFailed
from ingest.cameras.opencv import OpenCvCamera, VideoFile
from ingest.cameras.opencv_device import jpeg_of, without_credentials
from ingest.station_camera import CameraOpener
from runtime.process.clock import ManualClock

PICTURES = 5
SIZE_PX = (96, 64)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Five pictures, each brighter than the one before."""
    path = tmp_path / "belt.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, SIZE_PX)
    for number in range(PICTURES):
        writer.write(np.full((SIZE_PX[1], SIZE_PX[0], 3), 20 + 40 * number, np.uint8))
    writer.release()
    return path


def open_camera(source: str, quality: int = 95) -> VideoFile:
    settings = CameraConfig(kind="opencv", source=source, jpeg_quality=quality)
    camera = CameraOpener(None, 0.5, ManualClock())(settings)
    assert isinstance(camera, VideoFile)
    return camera


def brightness(image: bytes) -> float:
    return float(cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_GRAYSCALE).mean())


def test_pictures_come_in_order_and_start_over(video: Path) -> None:
    camera = open_camera(str(video))
    shots = [camera.capture() for _ in range(PICTURES + 2)]
    expected = [20 + 40 * (number % PICTURES) for number in range(PICTURES + 2)]
    assert [brightness(shot.image) for shot in shots] == pytest.approx(expected, abs=4)
    assert [shot.source for shot in shots][-2:] == [f"opencv:{video}#0", f"opencv:{video}#1"]
    assert camera.trouble() == ""
    camera.close()


def test_frames_are_jpeg_of_the_quality_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "noise.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, SIZE_PX)
    writer.write(np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8))
    writer.release()
    rough, fine = (open_camera(str(path), q).capture().image for q in (20, 95))
    assert rough[:2] == fine[:2] == b"\xff\xd8"
    assert len(rough) < len(fine) / 2


def test_no_file_and_no_video_are_errors(tmp_path: Path) -> None:
    with pytest.raises(CameraFailed, match="no video file"):
        open_camera(str(tmp_path / "nowhere.avi"))
    (tmp_path / "text.avi").write_text("no video")
    with pytest.raises(CameraFailed, match="does not open"):
        open_camera(str(tmp_path / "text.avi"))


def test_a_file_that_goes_away_is_a_failure_until_it_is_back(video: Path) -> None:
    camera = open_camera(str(video))
    for _ in range(PICTURES):
        camera.capture()
    away = video.rename(video.with_suffix(".away"))
    for _ in range(2):
        with pytest.raises(CameraFailed, match="does not open"):
            camera.capture()
    away.rename(video)
    assert brightness(camera.capture().image) == pytest.approx(20, abs=4)


@pytest.mark.parametrize("shape", [(0, 0, 3), (1, 70_000, 3)])
def test_what_jpeg_cannot_hold_is_a_camera_failure(shape: tuple[int, ...]) -> None:
    with pytest.raises(CameraFailed, match="cannot be encoded"):
        jpeg_of(np.zeros(shape, np.uint8), 95)


@pytest.mark.parametrize(
    ("source", "live"),
    [("0", True), ("rtsp://cam/1", True), ("belt.avi", False), ("/data/7/belt.mp4", False)],
)
def test_only_a_live_source_sets_its_own_pace(source: str, live: bool) -> None:
    assert OpenCvCamera(source=source).sets_pace is live


def test_a_password_does_not_get_into_sources() -> None:
    assert without_credentials("rtsp://user:secret@cam:554/a?b=1") == "rtsp://cam:554/a?b=1"
    assert without_credentials("rtsp://cam/a") == "rtsp://cam/a"
    assert without_credentials("belt@2.avi") == "belt@2.avi"
