"""What is there to be had: the exported network alone, and behind Triton, one part at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from benchmarks.line.scenario import WORDS
from inference.imaging import decode_image, to_network
from inference.serving.network import Network
from inference.text_encoder import TextEncoder
from inference.triton import TritonModel
from referee.line.servers.served_network import ServedNetwork

WARM_UP = 5
PATIENCE_S = 60.0


def timed(work: Callable[[int], object], times: int, warm_up: int = WARM_UP) -> list[float]:
    """Milliseconds of each call, after some that are not counted."""
    for index in range(warm_up):
        work(index)
    taken_ms = []
    for index in range(times):
        began = time.perf_counter()
        work(index)
        taken_ms.append((time.perf_counter() - began) * 1e3)
    return taken_ms


def bare_network(
    served: ServedNetwork,
    pictures: Sequence[bytes],
    encoder: TextEncoder,
    prompts: int,
    times: int,
) -> list[float]:
    """The network in a loop, pictures decoded and words encoded beforehand: ms of each run."""
    network = Network(served.file, served.name, served.threads, served.providers)
    words = encoder.encode(list(WORDS[:prompts]))
    inputs = [
        to_network(decode_image(picture), served.max_side_px, served.multiple).pixels[None]
        for picture in pictures
    ]
    return timed(
        lambda index: network.run(inputs[index % len(inputs)], words.states, words.mask), times
    )


def through_triton(url: str, pictures: Sequence[bytes], prompts: int, times: int) -> list[float]:
    """The same through a running Triton: transport and decoding come on top."""
    words = list(WORDS[:prompts])
    with TritonModel(url) as model:
        _await_connected(model)
        return timed(
            lambda index: model.infer(pictures[index % len(pictures)], words, PATIENCE_S), times
        )


def _await_connected(model: TritonModel) -> None:
    """On a busy machine the first attempts to connect run out of time."""
    deadline = time.monotonic() + PATIENCE_S
    while not model.is_ready(timeout_s=1.0) and time.monotonic() < deadline:
        time.sleep(0.1)
