"""Colours with a meaning, one set for each theme.

The three decisions differ in hue for people with any colour vision and in lightness for a grey
print (CIE L* 60, 35, 75 on light ground; 54, 70, 83 on dark), and a word or a shape always stands
beside the colour.
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
        """The colour of a decision."""
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
    """The set for Streamlit's theme type; light where the browser has not said."""
    return DARK if theme == "dark" else LIGHT
