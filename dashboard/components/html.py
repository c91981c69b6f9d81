"""Building blocks that all components share."""

from __future__ import annotations

from html import escape

from contracts.causes import Decision
from dashboard.palette import Palette
from dashboard.wording import DECISIONS


def variables(palette: Palette) -> str:
    """Return the palette as CSS variables for style.css."""
    names = {name.replace("_", "-"): value for name, value in palette._asdict().items()}
    rules = "".join(f"--{name}:{value};" for name, value in names.items())
    return f"<style>:root{{{rules}}}</style>"


def decision_mark(decision: Decision) -> str:
    """Return a shape in the decision's colour, with its name."""
    return f'<span class="mark {decision.value}"></span>{DECISIONS[decision]}'


def metric(label: str, value: str, below: str = "", kind: str = "") -> str:
    """Return a label, a large value and a small line below. ``value`` and ``below`` are HTML."""
    return (
        f'<div class="metric {kind}"><div class="label">{escape(label)}</div>'
        f'<div class="value">{value}</div><div class="below">{below}</div></div>'
    )


def headline(title: str, right: str = "", key: str = "") -> str:
    """Return a section's title with a remark on the right."""
    return f'<div class="headline {key}"><h2>{escape(title)}</h2><span>{escape(right)}</span></div>'


def notice(title: str, text: str) -> str:
    """Return a message in place of content. ``text`` is plain text."""
    return f'<div class="notice"><h3>{escape(title)}</h3><p>{escape(text)}</p></div>'
