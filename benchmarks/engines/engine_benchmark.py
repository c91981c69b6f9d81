"""ONNX Runtime against OpenVINO on the exported network, call by call in turns.

Both compute one file in float32 with the same threads. Calls alternate, so that a busy machine
affects both alike. OpenVINO is not a dependency of the project: install it anywhere
(`pip install openvino`) and put it on PYTHONPATH.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.engines.answer_agreement import Agreement, agreement
from benchmarks.engines.engine import Engine, both
from benchmarks.engines.engine_page import document
from benchmarks.engines.engine_timing import CASES, in_turns, parts
from benchmarks.line.scenario import WORDS
from inference.text_encoder import PromptTokens, TextEncoder
from referee.line.servers.served_network import served_network
from referee.project import text_encoder_folder

COMPARED_PROMPTS = 4


def engine_benchmark(repeats: int, pictures: int, command: str) -> str:
    """Return the page.

    Args:
        repeats: calls of each engine in each case.
        pictures: how many pictures' answers are compared.
        command: shown on the page.
    """
    served = served_network()
    encoder = TextEncoder(text_encoder_folder())
    engines = {threads: both(served, threads) for threads in {case.threads for case in CASES}}
    timed = {
        case: in_turns(engines[case.threads], case, served, encoder, repeats) for case in CASES
    }
    prompts = encoder.encode(list(WORDS[:COMPARED_PROMPTS]))
    found = {
        side: compared(engines[1], parts(side, pictures, served), prompts)
        for side in sorted({case.side_px for case in CASES})
    }
    return document(command, served.digest, timed, found)


def compared(
    engines: Mapping[str, Engine], pictures: Sequence[np.ndarray], prompts: PromptTokens
) -> Agreement:
    """Compare the second engine's answers with the first one's."""
    first, second = engines.values()
    return agreement((first(one[None], prompts), second(one[None], prompts)) for one in pictures)
