"""Colours with a meaning, one palette for each theme.

The three decisions differ in hue for people with any colour vision and in lightness for a grey
print (CIE L* 60, 35, 75 on light ground; 54, 70, 83 on dark), and a word or a shape always
accompanies the colour.
"""

from __future__ import annotations

from typing import NamedTuple

from contracts.causes import Decision


class Palette(NamedTuple):
    """Colours as ``#rrggbb``."""

    passed: str
    reject: str
    no_verdict: str
    ink: str
    quiet: str
    line: str
    ground: str

    def of(self, decision: Decision) -> str:
        """Return the colour of a decision."""
        return {
            Decision.PASS: self.passed,
            Decision.REJECT: self.reject,
            Decision.NO_VERDICT: self.no_verdict,
        }[decision]


LIGHT = Palette(
    passed="#4A9BA8",
    reject="#A4161A",
    no_verdict="#E3B341",
    ink="#1D2529",
    quiet="#5B666B",
    line="#D3D9DB",
    ground="#FFFFFF",
)
DARK = Palette(
    passed="#3F8C9A",
    reject="#FF8A80",
    no_verdict="#F2CC60",
    ink="#E6EAEB",
    quiet="#9DA8AC",
    line="#384145",
    ground="#1A1F22",
)


def palette_for(theme: str | None) -> Palette:
    """Return the palette of Streamlit's theme type; the light one if the type is not known."""
    return DARK if theme == "dark" else LIGHT
