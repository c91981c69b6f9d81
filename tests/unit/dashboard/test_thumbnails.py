"""Outlines lie where the finding is, whatever the picture's size."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from contracts.errors import BadImage
from dashboard.thumbnails import Outline, thumbnail

SQUARE = ((400, 200), (600, 200), (600, 400), (400, 400))


def _grey(height_px: int, width_px: int) -> bytes:
    return cv2.imencode(".png", np.full((height_px, width_px), 120, np.uint8))[1].tobytes()


def _pixels(jpeg: bytes) -> npt.NDArray[np.int64]:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture.astype(np.int64)


@pytest.mark.parametrize(
    ("height", "width", "fits"), [(720, 960, (360, 480)), (100, 50, (360, 180)), (1, 900, (1, 480))]
)
def test_a_thumbnail_keeps_the_shape_of_its_picture(
    height: int, width: int, fits: tuple[int, int]
) -> None:
    assert _pixels(thumbnail(_grey(height, width), [])).shape == (*fits, 3)


def test_the_outline_is_scaled_with_the_picture() -> None:
    drawn = _pixels(thumbnail(_grey(720, 960), [Outline(SQUARE, counted=True)]))
    coloured = np.ptp(drawn, axis=2) > 60
    rows, columns = np.nonzero(coloured)
    assert rows.min() == pytest.approx(100, abs=3)
    assert rows.max() == pytest.approx(200, abs=3)
    assert columns.min() == pytest.approx(200, abs=3)
    assert columns.max() == pytest.approx(300, abs=3)
    assert not coloured[150, 250]


def test_a_speck_gets_a_ring_and_one_that_did_not_count_gets_none() -> None:
    speck = ((480, 360), (484, 360), (484, 364))
    counted = _pixels(thumbnail(_grey(720, 960), [Outline(speck, counted=True)]))
    ignored = _pixels(thumbnail(_grey(720, 960), [Outline(speck, counted=False)]))
    ring = (181, 241 + 22)
    assert abs(counted[ring] - 120).max() > 40
    assert abs(ignored[ring] - 120).max() < 10


@pytest.mark.parametrize("encoded", [b"", b"hello", _grey(40, 40)[:30]])
def test_what_is_no_picture_is_said(encoded: bytes) -> None:
    with pytest.raises(BadImage):
        thumbnail(encoded, [])
