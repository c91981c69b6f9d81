"""Encoded bytes to network input, and the network's margin back to sensor pixels.

Only numpy and OpenCV: training, evaluation and serving all go through these functions, so a part
looks the same to the network on the line as it did when the network was measured.

Frames of reference: *sensor* pixels are those of the decoded picture; *network* pixels are sensor
pixels times ``scale``, padded at the right and at the bottom; the margin is a grid ``stride``
network pixels wide. Pixel centres lie at half-integers in all three.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from contracts.errors import BadImage
from inference.image_format import JPEG_START, declared_size_hw

MAX_SIDE_PX = 640
SIZE_MULTIPLE = 32
SMALLEST_SIDE_PX = 16
LARGEST_AREA_PX2 = 50_000_000
REDUCED = {  # so many times smaller
    2: cv2.IMREAD_REDUCED_COLOR_2 | cv2.IMREAD_IGNORE_ORIENTATION,
    4: cv2.IMREAD_REDUCED_COLOR_4 | cv2.IMREAD_IGNORE_ORIENTATION,
    8: cv2.IMREAD_REDUCED_COLOR_8 | cv2.IMREAD_IGNORE_ORIENTATION,
}


class Geometry(NamedTuple):
    """How a picture lies in what the network sees. All are height and width.

    Attributes:
        sensor_hw: of the picture, sensor pixels.
        network_hw: of what the network sees, padding included, network pixels.
        content_hw: of the picture within that, network pixels.
    """

    sensor_hw: tuple[int, int]
    network_hw: tuple[int, int]
    content_hw: tuple[int, int]


class NetworkInput(NamedTuple):
    """One picture as the network takes it, and how to come back.

    Attributes:
        pixels: (3, H, W) uint8, RGB, 0..255; H and W are ``geometry.network_hw``.
    """

    pixels: np.ndarray
    geometry: Geometry


def decode_image(encoded: bytes) -> np.ndarray:
    """Decode one PNG or JPEG picture.

    8-bit grey is replicated to three channels; 16-bit values are divided by 257, so that 65535
    becomes 255; alpha is dropped; the EXIF orientation is ignored, because a station's regions
    are in sensor pixels.

    Returns:
        (H, W, 3) uint8, RGB, 0..255.

    Raises:
        BadImage: empty, not a PNG or JPEG, truncated, damaged, a side below 16 px, or more than
            50 megapixels.
    """
    _check_size(*declared_size_hw(encoded))
    image = _decoded(encoded, cv2.IMREAD_UNCHANGED)
    _check_size(*image.shape[:2])
    return image


def read_for_network(
    encoded: bytes, max_side_px: int = MAX_SIDE_PX, multiple: int = SIZE_MULTIPLE
) -> NetworkInput:
    """Do ``decode_image`` and ``to_network``; a JPEG is decoded no larger than the network needs.

    A JPEG decoder can make a picture two, four or eight times smaller as it decodes. The rest is
    averaged down as usual: only detail as fine as a network pixel comes out a little different.

    Raises:
        BadImage: as ``decode_image``.
    """
    sensor_hw = declared_size_hw(encoded)
    _check_size(*sensor_hw)
    reduced = _reduced(sensor_hw, max_side_px) if encoded.startswith(JPEG_START) else None
    if reduced is None:
        return to_network(decode_image(encoded), max_side_px, multiple)
    return to_network(_decoded(encoded, reduced), max_side_px, multiple, sensor_hw)


def _reduced(sensor_hw: tuple[int, int], max_side_px: int) -> int | None:
    """Return OpenCV's flag for decoding smaller; None if the network needs every pixel.

    Sides that cannot be divided would be rounded up, and the far edge be half a pixel off.
    """
    height, width = sensor_hw
    fitting = [
        by
        for by in REDUCED
        if max(sensor_hw) >= by * max_side_px and height % by == width % by == 0
    ]
    return REDUCED[max(fitting)] if fitting else None


def _decoded(encoded: bytes, how: int) -> np.ndarray:
    """(H, W, 3) uint8, RGB."""
    try:
        pixels = cv2.imdecode(np.frombuffer(encoded, np.uint8), how)
    except cv2.error as error:
        raise BadImage(f"cannot be decoded: {error}") from error
    if pixels is None:
        raise BadImage("cannot be decoded: the header is sound and the pixel data is not")
    return _to_rgb8(pixels)


def _check_size(height: int, width: int) -> None:
    if min(height, width) < SMALLEST_SIDE_PX:
        raise BadImage(f"too small: {width} x {height} px, a side must have {SMALLEST_SIDE_PX} px")
    if height * width > LARGEST_AREA_PX2:
        raise BadImage(f"too large: {width} x {height} px, the limit is {LARGEST_AREA_PX2} px")


def _to_rgb8(pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype == np.uint16:
        pixels = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if pixels.dtype != np.uint8:
        raise BadImage(f"pixels of type {pixels.dtype}: only 8 and 16 bits are known")
    if pixels.ndim == 3 and pixels.shape[2] == 2:  # grey with alpha
        pixels = pixels[:, :, 0]
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        return cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    return cv2.cvtColor(np.ascontiguousarray(pixels[:, :, :3]), cv2.COLOR_BGR2RGB)


def to_network(
    image_rgb: np.ndarray,
    max_side_px: int = MAX_SIDE_PX,
    multiple: int = SIZE_MULTIPLE,
    sensor_hw: tuple[int, int] | None = None,
) -> NetworkInput:
    """Bring a picture to the size that the network takes; it is never enlarged.

    A longest side above ``max_side_px`` is averaged down to it; then the right and bottom are
    mirrored outwards to the next multiple (a mirror shows no edge that is not in the part).

    Args:
        image_rgb: (H, W, 3) uint8.
        max_side_px: longest side in network pixels before padding.
        multiple: both sides become a multiple of this many network pixels.
        sensor_hw: of the picture, if it was decoded smaller than it is.
    """
    height, width = sensor_hw = sensor_hw or image_rgb.shape[:2]
    scale = min(1.0, max_side_px / max(height, width))
    if scale < 1.0:
        height, width = max(1, round(height * scale)), max(1, round(width * scale))
        image_rgb = cv2.resize(image_rgb, (width, height), interpolation=cv2.INTER_AREA)
    padded = pad_to_multiple(image_rgb, multiple)
    geometry = Geometry(sensor_hw, padded.shape[:2], content_hw=(height, width))
    return NetworkInput(np.ascontiguousarray(padded.transpose(2, 0, 1)), geometry)


def pad_to_multiple(array: np.ndarray, multiple: int) -> np.ndarray:
    """Mirror an (H, W) or (H, W, C) array outwards at the right and bottom."""
    height, width = array.shape[:2]
    bottom, right = -height % multiple, -width % multiple
    if not bottom and not right:
        return array
    return cv2.copyMakeBorder(array, 0, bottom, 0, right, cv2.BORDER_REFLECT_101)


def margin_to_sensor(margin: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Bring margins from the network's grid to sensor pixels, bilinear, without the padding.

    Args:
        margin: (N, h, w) float, one map a prompt; above 0 the Anomaly token wins.
        geometry: of the picture; the grid covers ``network_hw``.

    Returns:
        (N, H, W) float32.
    """
    content_h, content_w = geometry.content_hw
    out = np.empty((len(margin), *geometry.sensor_hw), np.float32)
    for index, grid in enumerate(margin):
        full = _resize(np.asarray(grid, np.float32), *geometry.network_hw)
        out[index] = _resize(full[:content_h, :content_w], *geometry.sensor_hw)
    return out


def _resize(grid: np.ndarray, height: int, width: int) -> np.ndarray:
    if grid.shape == (height, width):
        return grid
    return cv2.resize(grid, (width, height), interpolation=cv2.INTER_LINEAR)


def margin_to_mask(margin: np.ndarray) -> np.ndarray:
    """Return where Anomaly beats Background: ``margin > 0``, bool, same shape. No threshold."""
    return np.asarray(margin) > 0
