"""ONNX Runtime against OpenVINO on the exported network, call by call in turns.

    python -m benchmarks.engines --out docs/engines.md

Both compute one file in float32 with the same threads. Calls alternate, so that a busy machine
hits both alike. OpenVINO is no dependency of the project: install it anywhere (`pip install
openvino`) and put it on PYTHONPATH.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.engines.agreement import Agreement, agreement
from benchmarks.engines.engine import Engine, both
from benchmarks.engines.page import document
from benchmarks.engines.timing import CASES, in_turns, parts
from benchmarks.line.scenario import WORDS
from benchmarks.line.served import served_network
from inference.text_encoder import PromptTokens, TextEncoder
from referee.line.servers.triton import TEXT_ENCODER

COMPARED_PROMPTS = 4


def main(argv: list[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    given = sys.argv[1:] if argv is None else argv
    options = arguments_of(given)
    served = served_network()
    encoder = TextEncoder(Path(os.environ.get("REFEREE_TEXT_ENCODER") or TEXT_ENCODER))
    engines = {threads: both(served, threads) for threads in {case.threads for case in CASES}}
    timed = {
        case: in_turns(engines[case.threads], case, served, encoder, options.repeats)
        for case in CASES
    }
    words = encoder.encode(list(WORDS[:COMPARED_PROMPTS]))
    found = {
        side: compared(engines[1], parts(side, options.pictures, served), words)
        for side in sorted({case.side_px for case in CASES})
    }
    command = shlex.join(["python", "-m", "benchmarks.engines", *given])
    text = document(command, served.digest, timed, found)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0


def arguments_of(argv: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engines",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--repeats", type=int, default=20, help="calls of each engine in each case")
    parser.add_argument("--pictures", type=int, default=24, help="whose answers are compared")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the page")
    return parser.parse_args(argv)


def compared(
    engines: Mapping[str, Engine], pictures: Sequence[np.ndarray], words: PromptTokens
) -> Agreement:
    """The second engine's answers held against the first one's."""
    first, second = engines.values()
    return agreement((first(one[None], words), second(one[None], words)) for one in pictures)


if __name__ == "__main__":
    sys.exit(main())
