"""Text of anybody, for a terminal or a log: nothing in it is obeyed."""

from __future__ import annotations

import re

UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters without tab and new line
    "\u2028-\u202e\u2066-\u2069"  # separators of lines, and what turns the direction of text
    "\ud800-\udfff]"  # bytes of a file name that are not UTF-8
)


def visible(text: str) -> str:
    r"""Return the text with each character that a terminal would obey as an escape: ``\x1b``."""
    return UNSEEN.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # how Python holds a byte that is not UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
