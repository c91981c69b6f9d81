"""How commands say that the network may not understand words."""

from __future__ import annotations

from collections.abc import Iterable

from runtime.process.console import Console, styled


def print_word_warnings(sentences: Iterable[str], console: Console) -> None:
    """Print one line a warning."""
    for sentence in sentences:
        console.print(styled("warning:", "bold yellow"), sentence, soft_wrap=True)
