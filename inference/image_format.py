"""Whole or broken? Answered from the bytes of a PNG or JPEG file, before any pixel is decoded.

OpenCV decodes a truncated file without a word and fills the rest with grey: a grey half of a part
would be inspected as if it were the part. So the container is walked first, as the two standards
lay it out (PNG: ISO/IEC 15948, chunks with a CRC; JPEG: ITU-T T.81, marker segments).
"""

from __future__ import annotations

import struct
import zlib

from contracts.errors import BadImage

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8"
JPEG_END = b"\xff\xd9"
SCAN_MARKER = 0xDA
# Start-of-frame markers carry the size; C4, C8 and CC lie between them and are something else.
FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def declared_size_hw(encoded: bytes) -> tuple[int, int]:
    """Height and width in pixels that a complete PNG or JPEG file declares.

    Raises:
        BadImage: empty, neither PNG nor JPEG, truncated, or a PNG chunk with a wrong checksum.
    """
    if not encoded:
        raise BadImage("empty: no bytes at all")
    if encoded.startswith(PNG_SIGNATURE):
        return _png_size_hw(encoded)
    if encoded.startswith(JPEG_START):
        return _jpeg_size_hw(encoded)
    raise BadImage(f"neither PNG nor JPEG: begins with {encoded[:8]!r}")


def _png_size_hw(encoded: bytes) -> tuple[int, int]:
    size_hw, offset = None, len(PNG_SIGNATURE)
    while offset + 12 <= len(encoded):
        length, kind = struct.unpack_from(">I4s", encoded, offset)
        end = offset + 8 + length
        if end + 4 > len(encoded):
            break
        if zlib.crc32(encoded[offset + 4 : end]) != struct.unpack_from(">I", encoded, end)[0]:
            raise BadImage(f"damaged PNG: checksum of chunk {kind!r} is wrong")
        if kind == b"IHDR" and length >= 8:
            width, height = struct.unpack_from(">II", encoded, offset + 8)
            size_hw = (height, width)
        if kind == b"IEND" and size_hw:
            return size_hw
        offset = end + 4
    raise BadImage("truncated PNG: it has no end chunk (IEND)")


def _jpeg_size_hw(encoded: bytes) -> tuple[int, int]:
    size_hw, offset = None, len(JPEG_START)
    while offset + 4 <= len(encoded):
        if encoded[offset] != 0xFF:
            raise BadImage(f"damaged JPEG: no marker at byte {offset}")
        marker = encoded[offset + 1]
        if marker == 0xFF:  # fill byte
            offset += 1
            continue
        length = struct.unpack_from(">H", encoded, offset + 2)[0]
        if marker in FRAME_MARKERS and offset + 9 <= len(encoded):
            size_hw = struct.unpack_from(">HH", encoded, offset + 5)
        offset += 2 + length
        if marker == SCAN_MARKER:
            break
    # A thumbnail has an end marker of its own, so only what follows the first scan counts.
    if size_hw is None or encoded.find(JPEG_END, offset) < 0:
        raise BadImage("truncated JPEG: it has no end marker (EOI)")
    return size_hw
