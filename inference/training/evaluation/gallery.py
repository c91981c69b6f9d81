"""The worst cases of every line as pictures: image, truth and mask side by side."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from contracts.prompt import UNIVERSAL_PROMPT
from inference.training.data.dataset import Entry, Part
from inference.training.data.labelled_lines import LabelledLine
from inference.training.evaluation.engines import Engine
from inference.training.evaluation.figures.looks import Look
from inference.training.evaluation.figures.masks import final_mask
from inference.training.evaluation.figures.outcomes import Outcome
from runtime.process.files import made_folder, write_text, writing

WORST = 16
"""Of a line."""
TRUTH_BGR, MASK_BGR = (60, 200, 60), (40, 40, 230)
GAP_PX = 6
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Worst cases</title>
<style>body{{font-family:sans-serif;margin:2rem}}figure{{margin:0 0 2rem}}img{{max-width:100%}}
</style></head><body><h1>Worst cases</h1>
<p>Image, truth (green), final mask (red) of the prompt &ldquo;{prompt}&rdquo;: escapes first,
then false rejects, then the lowest IoU. {weights}</p>
{figures}
</body></html>
"""
FIGURE = '<figure><img src="{file}" alt=""><figcaption>{caption}</figcaption></figure>'


def write_gallery(
    folder: Path, engine: Engine, lines: Sequence[LabelledLine], seen: dict[str, list[Look]]
) -> Path:
    """Write a PNG for each of the worst and an index.html; returns the latter's path."""
    made_folder(folder)
    figures = []
    for line in lines:
        worst = worst_of([look.outcome for look in seen[line.name]])
        ranks = {outcome.name: rank for rank, outcome in enumerate(worst)}
        entries = sorted(
            (entry for entry in line.entries if str(entry.image) in ranks),
            key=lambda entry: ranks[str(entry.image)],
        )
        chosen = LabelledLine(line.name, line.kinds, tuple(entries))
        for outcome, (entry, part) in zip(worst, chosen.parts(), strict=True):
            figures.append(_figure(folder, engine, outcome, entry, part))
    index = folder / "index.html"
    page = PAGE.format(
        prompt=UNIVERSAL_PROMPT, weights=html.escape(engine.version), figures="\n".join(figures)
    )
    write_text(index, page)
    return index


def worst_of(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Escapes, then false rejects, then defective parts by falling error."""
    ranked = [o for o in outcomes if o.kinds or o.rejected()]
    return sorted(ranked, key=lambda o: (_gravity(o), o.overlap.iou, o.name))[:WORST]


def _gravity(outcome: Outcome) -> int:
    if outcome.kinds:
        return 2 if outcome.rejected() else 0
    return 1


def _figure(folder: Path, engine: Engine, outcome: Outcome, entry: Entry, part: Part) -> str:
    answer = engine.ask(part.image, [UNIVERSAL_PROMPT])
    mask = final_mask(answer.margin[0], float(answer.presence[0]))
    file = f"{outcome.line}-{entry.kind}-{entry.image.stem}.png"
    _, drawn = cv2.imencode(".png", side_by_side(part.image, part.any_mask() > 0, mask))
    with writing(folder / file):
        (folder / file).write_bytes(drawn.tobytes())
    called = "rejected" if outcome.rejected() else "passed"
    caption = (
        f"{outcome.line}, {entry.image.name}: {', '.join(outcome.kinds) or entry.kind}, {called}, "
        f"IoU {outcome.overlap.iou:.3f}, presence {outcome.presence:.2f}"
    )
    return FIGURE.format(file=html.escape(file, quote=True), caption=html.escape(caption))


def side_by_side(image_rgb: np.ndarray, truth: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 RGB and two (H, W) bool -> (H, 3 W + gaps, 3) uint8 BGR."""
    plain = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR)
    gap = np.full((len(plain), GAP_PX, 3), 255, np.uint8)
    marked = [_marked(plain, truth, TRUTH_BGR), _marked(plain, mask, MASK_BGR)]
    return np.hstack([plain, gap, marked[0], gap, marked[1]])


def _marked(image_bgr: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    out = image_bgr.copy()
    out[mask] = (0.5 * out[mask] + 0.5 * np.array(colour)).astype(np.uint8)
    return out
