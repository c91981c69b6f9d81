"""Bytes to network input and back; what is broken is named, never inspected."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest

from contracts.errors import BadImage
from inference.imaging import (
    decode_image,
    margin_to_mask,
    margin_to_sensor,
    read_for_network,
    to_network,
)

RNG = np.random.default_rng(3)
COLOUR = RNG.integers(0, 256, (40, 50, 3), dtype=np.uint8)


def encoded(pixels: np.ndarray, suffix: str = ".png", *options: int) -> bytes:
    done, data = cv2.imencode(suffix, pixels, options)
    assert done
    return data.tobytes()


def test_colour_png_comes_back_as_rgb() -> None:
    assert np.array_equal(decode_image(encoded(COLOUR)), COLOUR[:, :, ::-1])


def test_grey_is_replicated_and_alpha_dropped() -> None:
    grey = COLOUR[:, :, 0]
    assert np.array_equal(decode_image(encoded(grey)), np.repeat(grey[:, :, None], 3, axis=2))
    with_alpha = np.dstack([COLOUR, np.full((40, 50), 7, np.uint8)])
    assert np.array_equal(decode_image(encoded(with_alpha)), COLOUR[:, :, ::-1])


def test_sixteen_bits_are_divided_by_257() -> None:
    grey = np.full((20, 20), 65535, np.uint16)
    grey[0, :3] = (0, 257, 2570)
    assert decode_image(encoded(grey))[0, :4, 0].tolist() == [0, 1, 10, 255]


def test_jpeg_is_decoded_and_its_orientation_is_ignored() -> None:
    smooth = np.tile(np.linspace(0, 255, 50, dtype=np.uint8), (40, 1))
    jpeg = encoded(smooth, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 95)
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)
    segment = b"Exif\0\0" + tiff
    turned = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]
    assert decode_image(turned).shape == (40, 50, 3)
    assert np.abs(decode_image(turned)[:, :, 0].astype(int) - smooth).max() < 8


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("kept", [0.2, 0.6, 0.99])
def test_truncated_files_are_refused(suffix: str, kept: float) -> None:
    whole = encoded(COLOUR, suffix)
    with pytest.raises(BadImage, match=r"truncated|cannot be decoded"):
        decode_image(whole[: int(len(whole) * kept)])


def test_the_end_marker_of_a_thumbnail_does_not_make_a_jpeg_whole() -> None:
    jpeg = encoded(COLOUR, ".jpg")
    thumbnail = b"\xff\xe1" + struct.pack(">H", 4 + 2) + b"\xff\xd8\xff\xd9"
    with pytest.raises(BadImage, match="truncated"):
        decode_image((jpeg[:2] + thumbnail + jpeg[2:])[:-40])


def test_a_flipped_byte_in_a_png_is_noticed() -> None:
    damaged = bytearray(encoded(COLOUR))
    damaged[len(damaged) // 2] ^= 0xFF
    with pytest.raises(BadImage, match="checksum"):
        decode_image(bytes(damaged))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b"hello, this is text", "neither"),
        (b"\xff\xd8", "truncated"),
        (b"GIF89a\x01\x00", "neither"),
        (b"\xff\xd8hello world", "damaged"),
    ],
)
def test_what_is_no_picture_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(BadImage, match=reason):
        decode_image(raw)


def test_too_small_is_refused() -> None:
    with pytest.raises(BadImage, match="too small"):
        decode_image(encoded(COLOUR[:15]))


def test_too_large_is_refused_before_it_is_decoded() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with pytest.raises(BadImage, match="too large"):
        decode_image(b"\x89PNG\r\n\x1a\n" + chunks)


def test_native_scale_is_kept_and_sides_are_mirrored_to_the_multiple() -> None:
    prepared = to_network(COLOUR)
    assert prepared.pixels.shape == (3, 64, 64)
    assert prepared.geometry.sensor_hw == (40, 50)
    assert prepared.geometry.content_hw == (40, 50)
    assert np.array_equal(prepared.pixels[:, :40, :50].transpose(1, 2, 0), COLOUR)
    assert np.array_equal(prepared.pixels[:, 40, :50], prepared.pixels[:, 38, :50])


def test_a_long_side_is_reduced() -> None:
    prepared = to_network(np.zeros((400, 1280, 3), np.uint8))
    assert prepared.pixels.shape == (3, 224, 640)
    assert prepared.geometry.content_hw == (200, 640)


@pytest.mark.parametrize(
    "size_hw", [(40, 50), (640, 1279), (1283, 961), (1280, 962), (1960, 2612), (3000, 5200)]
)
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_jpeg_decoded_smaller_looks_the_same(size_hw: tuple[int, int], suffix: str) -> None:
    texture = cv2.resize(COLOUR, size_hw[::-1], interpolation=cv2.INTER_CUBIC)
    file = encoded(texture, suffix)
    prepared = read_for_network(file)
    whole = to_network(decode_image(file))
    assert prepared.geometry.sensor_hw == size_hw
    assert prepared.geometry == whole.geometry
    apart = np.abs(prepared.pixels.astype(int) - whole.pixels)
    assert apart.mean() < 1.0
    assert apart.max() < 10
    if suffix == ".png" or max(size_hw) < 1280:
        assert apart.max() == 0


def test_what_is_read_smaller_is_refused_all_the_same() -> None:
    file = encoded(cv2.resize(COLOUR, (1500, 1200)), ".jpg")
    with pytest.raises(BadImage, match="truncated"):
        read_for_network(file[: len(file) // 2])
    with pytest.raises(BadImage, match="too small"):
        read_for_network(encoded(np.zeros((15, 1500, 3), np.uint8), ".jpg"))


@pytest.mark.parametrize("size_hw", [(333, 417), (40, 50), (900, 1300)])
def test_a_margin_finds_its_way_back_to_sensor_pixels(size_hw: tuple[int, int]) -> None:
    """A linear ramp over the network's grid is the same ramp over the sensor's pixels."""
    prepared = to_network(np.zeros((*size_hw, 3), np.uint8))
    height, width = (side // 2 for side in prepared.pixels.shape[1:])
    columns = (
        (np.arange(width, dtype=np.float32) + 0.5)
        * 2
        * size_hw[1]
        / prepared.geometry.content_hw[1]
    )
    margin = margin_to_sensor(np.tile(columns, (2, height, 1)), prepared.geometry)
    assert margin.shape == (2, *size_hw)
    assert margin.dtype == np.float32
    expected = np.arange(size_hw[1]) + 0.5
    inner = slice(4, -4)
    assert np.abs(margin[1, size_hw[0] // 2] - expected)[inner].max() < 1.5


def test_the_mask_is_margin_above_zero() -> None:
    assert margin_to_mask(np.array([-1.0, 0.0, 1e-6])).tolist() == [False, False, True]
