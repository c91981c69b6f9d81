"""Measure a network on labelled lines; ``referee evaluate`` is the command.

``figures/`` says what the figures mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from inference.training.data.labelled_lines import LabelledLine
from inference.training.evaluation.engines import Engine
from inference.training.evaluation.figures.lines import line_figures
from inference.training.evaluation.figures.looks import Look, look
from inference.training.evaluation.figures.pixels import PixelTally
from inference.training.evaluation.figures.questions import Paraphrases, Questioner
from inference.training.words.grammar_file import read_grammar

Progress = Callable[[], None]
"""Called after every picture."""


def questioner_of(line: LabelledLine, engine: Engine, quick: bool) -> Questioner:
    """Return what asks the questions about a line's pictures."""
    paraphrases = None if quick else Paraphrases.read()
    return Questioner(
        line.kinds, read_grammar(), paraphrases, silence=engine.knows_silence and not quick
    )


def look_at(
    engine: Engine, line: LabelledLine, tally: PixelTally | None, progress: Progress
) -> list[Look]:
    """Ask about every picture of a line, in the order of its index; without a tally, ask less."""
    questioner = questioner_of(line, engine, quick=tally is None)
    looks = []
    for number, (entry, part) in enumerate(line.parts()):
        asked = questioner.questions(sorted(part.masks), number)
        looks.append(look(engine, entry, part, asked, tally))
        progress()
    return looks


def labelled_figures(
    engine: Engine,
    lines: Sequence[LabelledLine],
    quick: bool = False,
    progress: Progress = lambda: None,
) -> tuple[dict[str, Any], dict[str, list[Look]]]:
    """Return the figures of every line by its name, and the looks that they are made of.

    The same network, pictures and threads give the same figures, bit for bit.
    """
    figures, seen = {}, {}
    for line in lines:
        tally = None if quick else PixelTally()
        seen[line.name] = look_at(engine, line, tally, progress)
        figures[line.name] = line_figures(seen[line.name], tally)
    return figures, seen
