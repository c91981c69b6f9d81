"""A network camera: a real MJPEG stream over HTTP that comes, stalls, goes and comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import cast

import cv2
import numpy as np
import pytest

from contracts.camera import CameraConfig
from contracts.errors import CameraFailed
from ingest.cameras import live
from ingest.cameras.live import LiveStream, RecentPictures
from ingest.station_camera import CameraOpener
from runtime.process.clock import SystemClock
from tests.servers import free_port
from tests.waiting import PATIENCE_S

PERIOD_S = 0.04


class MjpegCamera:
    """Serves grey pictures; ``level`` is what is in front of the camera now."""

    def __init__(self, port: int) -> None:
        camera = self
        self.port = port
        self.level = 40
        self.hold = False
        self.off = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                kind = "multipart/x-mixed-replace; boundary=part"
                self.send_header("Content-Type", kind)
                self.end_headers()
                try:
                    while not camera.off.wait(PERIOD_S):
                        if not camera.hold:
                            self.wfile.write(camera.part())
                except OSError:
                    pass  # the other side left

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://user:secret@127.0.0.1:{self.port}/belt.mjpg"

    def part(self) -> bytes:
        image = np.full((64, 96), self.level, np.uint8)
        data = cv2.imencode(".jpg", image)[1].tobytes()
        head = f"--part\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
        return head.encode() + data + b"\r\n"

    def stop(self) -> None:
        self.off.set()
        self._server.shutdown()
        self._server.server_close()


class FiredDevice:
    """A read blocks until the light barrier fires, as that of a hardware-triggered camera does."""

    def __init__(self, fired: threading.Semaphore) -> None:
        self.fired = fired

    def read(self) -> tuple[bool, np.ndarray]:
        self.fired.acquire()
        return True, np.full((8, 8, 3), 90, np.uint8)

    def release(self) -> None: ...


@pytest.fixture
def served() -> Iterator[MjpegCamera]:
    camera = MjpegCamera(free_port())
    yield camera
    camera.stop()


def open_stream(camera: MjpegCamera, patience_s: float = 2.0) -> LiveStream:
    settings = CameraConfig(kind="opencv", source=camera.url)
    stream = CameraOpener(None, patience_s, SystemClock())(settings)
    assert isinstance(stream, LiveStream)
    return stream


def wait_for_pictures(stream: LiveStream, timeout_s: float = PATIENCE_S) -> None:
    give_up_s = time.monotonic() + timeout_s
    while stream.trouble():
        assert time.monotonic() < give_up_s, stream.trouble()
        time.sleep(0.02)


def brightness(image: bytes) -> float:
    return float(cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_GRAYSCALE).mean())


def test_a_trigger_gets_the_picture_of_now_and_not_a_buffered_one(served: MjpegCamera) -> None:
    stream = open_stream(served)
    wait_for_pictures(stream)
    time.sleep(10 * PERIOD_S)  # a device that is not read would hold ten old pictures now
    served.level = 200
    time.sleep(4 * PERIOD_S)  # what was on the wire when the part came
    asked_at = SystemClock().now()
    shot = stream.capture()
    assert brightness(shot.image) == pytest.approx(200, abs=5)
    assert shot.captured_at.ns_since(asked_at) > 0  # after the read, not before
    assert shot.captured_at.ms_since(asked_at) < 1000
    assert "secret" not in shot.source
    stream.close()


def test_a_trigger_gets_the_first_picture_after_it_although_later_ones_are_there() -> None:
    recent = RecentPictures(3)
    dark = np.zeros((8, 8, 3), np.uint8)
    triggered_at = recent.count
    for _ in range(3):  # all of them before the one that waits is awake: the line is fast
        recent.add(dark, SystemClock().now())
    first = recent.first_from(triggered_at, wait_s=0)
    assert first is not None
    assert first.number == triggered_at
    recent.add(dark, SystemClock().now())
    oldest = recent.first_from(triggered_at, wait_s=0)
    assert oldest is not None
    assert oldest.number == triggered_at + 1
    assert recent.first_from(recent.count, wait_s=0) is None


def test_each_trigger_gets_a_picture_of_its_own(served: MjpegCamera) -> None:
    stream = open_stream(served)
    wait_for_pictures(stream)
    sources = [stream.capture().source for _ in range(5)]
    assert len(set(sources)) == 5
    stream.close()


def test_every_frame_comes_in_order_and_the_lost_ones_are_counted(
    served: MjpegCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "KEPT_PICTURES", 4)
    stream = open_stream(served)
    wait_for_pictures(stream)
    numbers, lost = [], []
    for pause_s in (0, 0, 12 * PERIOD_S, 0, 0):
        shot = stream.next_frame(5)
        assert shot is not None
        numbers.append(int(shot.source.split("#")[1]))
        lost.append(shot.lost_before)
        time.sleep(pause_s)
    assert lost[0] == 0
    assert lost[3] > 0
    gaps = [after - before - 1 for before, after in pairwise(numbers)]
    assert gaps == lost[1:]
    served.hold = True
    while stream.next_frame(4 * PERIOD_S):
        pass
    assert stream.trouble() == ""
    stream.close()


def test_a_camera_that_a_barrier_fires_is_in_order_before_its_first_frame() -> None:
    fired = threading.Semaphore(0)
    stream = LiveStream(
        "0",
        jpeg_quality=90,
        patience_s=1,
        clock=SystemClock(),
        may_be_quiet=True,
        open_device=lambda source: cast(cv2.VideoCapture, FiredDevice(fired)),
    )
    give_up_s = time.monotonic() + 5
    while stream.trouble():
        assert time.monotonic() < give_up_s
        time.sleep(0.01)
    assert stream.next_frame(0.05) is None
    for number in range(3):
        fired.release()
        shot = stream.next_frame(5)
        assert shot is not None
        assert (shot.source, shot.lost_before) == (f"opencv:0#{number}", 0)
    assert stream.next_frame(0.05) is None
    stream.close()
    fired.release()


def test_a_camera_that_stalls_fails_within_its_patience(served: MjpegCamera) -> None:
    stream = open_stream(served, patience_s=0.3)
    wait_for_pictures(stream)
    served.hold = True
    time.sleep(4 * PERIOD_S)
    with pytest.raises(CameraFailed, match=r"no picture within 0\.3 s"):
        stream.capture()
    served.hold = False
    stream.close()


def test_a_camera_that_goes_away_is_opened_again(
    served: MjpegCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LONGEST_BACKOFF_S", 0.4)
    stream = open_stream(served, patience_s=0.3)
    wait_for_pictures(stream)
    served.stop()
    give_up_s = time.monotonic() + 15
    while not stream.trouble():
        assert time.monotonic() < give_up_s
        time.sleep(0.02)
    with pytest.raises(CameraFailed) as failed:
        stream.capture()
    assert "secret" not in str(failed.value)
    back = MjpegCamera(served.port)
    back.level = 150
    wait_for_pictures(stream)
    assert brightness(stream.capture().image) == pytest.approx(150, abs=5)
    stream.close()
    back.stop()
