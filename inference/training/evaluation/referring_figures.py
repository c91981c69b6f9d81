"""Measure a network on a referring data set: every expression alone, apart by how it refers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from contracts.errors import BadImage, UserError
from inference.imaging import decode_image
from inference.training.evaluation.engines import Engine
from inference.training.evaluation.figures.masks import Overlap, final_mask
from inference.training.evaluation.figures.segmentation import gres_figures, targeted_figures
from inference.training.referring.referring_set import Referring, load_target

Progress = Callable[[], None]
"""Called after every picture."""


class Answered(NamedTuple):
    """An expression, and the overlap of the answer with its target."""

    said: Referring
    overlap: Overlap


def by_picture(records: Sequence[Referring], split: str) -> list[list[Referring]]:
    """Each picture's expressions, of one split.

    Raises:
        UserError: none is of that split.
    """
    chosen = sorted((r for r in records if r.split == split), key=_picture)
    if not chosen:
        there = ", ".join(sorted({record.split for record in records})) or "nothing"
        raise UserError(f"no expression of split {split!r}; there is: {there}")
    return [list(of) for _, of in groupby(chosen, _picture)]


def referring_figures(
    engine: Engine, folder: Path, pictures: Sequence[Sequence[Referring]], progress: Progress
) -> dict[str, Any]:
    """Figures of every line by its name.

    Args:
        folder: what the records' paths are relative to.
        pictures: of ``by_picture``.

    Raises:
        UserError: a picture or a mask cannot be read.
    """
    answers: dict[str, list[Answered]] = {}
    for expressions in pictures:
        answers.setdefault(expressions[0].line, []).extend(_asked(engine, folder, expressions))
        progress()
    return {line: _line_figures(of) for line, of in answers.items()}


def _picture(record: Referring) -> tuple[str, str]:
    return record.line, record.image


def _asked(engine: Engine, folder: Path, expressions: Sequence[Referring]) -> Iterator[Answered]:
    """The picture is encoded once for all of its expressions."""
    file = folder / expressions[0].image
    try:
        image = decode_image(file.read_bytes())
    except (OSError, BadImage) as error:
        raise UserError(f"{file}: {error}; build the data set anew") from error
    answer = engine.ask(image, [said.text for said in expressions])
    for said, margin, presence in zip(
        expressions, answer.margin, answer.presence.tolist(), strict=True
    ):
        target = load_target(said, folder) > 0
        yield Answered(said, Overlap.of(final_mask(margin, presence), target))


def _line_figures(answers: Sequence[Answered]) -> dict[str, Any]:
    forms = sorted({said.form for said, _ in answers})
    narrowings = sorted({said.narrowed_by for said, _ in answers if said.narrowed_by})
    return {
        "images": len({said.image for said, _ in answers}),
        **_figures([overlap for _, overlap in answers]),
        "forms": {
            str(form): _figures([overlap for said, overlap in answers if said.form == form])
            for form in forms
        },
        "narrowed_by": {
            narrowing: _figures([o for said, o in answers if said.narrowed_by == narrowing])
            for narrowing in narrowings
        },
    }


def _figures(overlaps: Sequence[Overlap]) -> dict[str, Any]:
    with_target = [overlap for overlap in overlaps if overlap.truth_px2]
    return {**targeted_figures(with_target), **gres_figures(overlaps)}
