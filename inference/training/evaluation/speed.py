"""How long a picture takes, from its pixels to masks at sensor pixels."""

from __future__ import annotations

import itertools
import resource
import time
from typing import Any

import numpy as np

from inference.training.data.labelled_lines import LabelledLine
from inference.training.evaluation.engines import Engine
from inference.training.words.grammar_file import read_grammar

PROMPT_COUNTS = (1, 4, 16)
PICTURES = 40
WARM_UP = 3
PERCENTILES = (50, 95, 99)


def speed(engine: Engine, line: LabelledLine) -> dict[str, Any]:
    """Return milliseconds a picture with 1, 4 and 16 prompts, and the peak memory of this process.

    The line's first pictures are asked about one at a time.
    """
    images = [part.image for _, part in itertools.islice(line.parts(), PICTURES)]
    names = [names[0] for _, names in sorted(read_grammar().names.items())]
    timed = {}
    for count in PROMPT_COUNTS:
        words = names[:count]
        for image in images[:WARM_UP]:
            engine.ask(image, words)
        taken_ms = [_ask_ms(engine, image, words) for image in images]
        values = np.percentile(taken_ms, PERCENTILES).tolist()
        timed[f"{count}_prompts"] = {
            f"p{percent}_ms": round(value, 1)
            for percent, value in zip(PERCENTILES, values, strict=True)
        }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"images": len(images), **timed, "peak_memory_mib": round(peak)}


def _ask_ms(engine: Engine, image: np.ndarray, words: list[str]) -> float:
    started = time.perf_counter()
    engine.ask(image, words)
    return (time.perf_counter() - started) * 1e3
