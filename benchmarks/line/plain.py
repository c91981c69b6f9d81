"""What users would otherwise write: cv2 and torch in a loop; and the paper's configuration.

Both need the packages for training; without them they are left out, and the report says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.line.bare import timed
from benchmarks.line.scenario import WORDS
from benchmarks.line.spread import Spread
from inference.imaging import decode_image, to_network
from inference.text_encoder import TextEncoder
from referee.measured import SHIPPED_WEIGHTS

PAPER_WORDS = 12


def torch_loop(pictures: Sequence[bytes], encoder: TextEncoder, threads: int, times: int) -> Spread:
    """Decode, and the shipped weights in torch as they are, one prompt encoded beforehand.

    Raises ImportError without torch.
    """
    import torch

    from inference.training.evaluation.predictors import read_network

    torch.set_num_threads(threads)
    model, _ = read_network(SHIPPED_WEIGHTS)
    model.eval()
    words = encoder.encode(list(WORDS[:1]))
    states, mask = torch.from_numpy(words.states)[None], torch.from_numpy(words.mask)[None]

    def one(index: int) -> None:
        pixels = to_network(decode_image(pictures[index % len(pictures)])).pixels
        with torch.inference_mode():
            model(torch.from_numpy(np.ascontiguousarray(pixels))[None].float(), states, mask)

    return Spread.of(timed(one, times))


def paper_configuration(threads: int, times: int) -> Spread:
    """Swin-B at the paper's size with random weights, one prompt; its words cost nothing here.

    Raises ImportError without torch.
    """
    import torch

    from inference.dqformer.config import PAPER_SIDE_PX, DQFormerConfig
    from inference.dqformer.model import DQFormer

    torch.set_num_threads(threads)
    config = DQFormerConfig.paper(backbone_weights=None, text_weights=None)
    model = DQFormer(config).eval()
    image = torch.rand(1, 3, PAPER_SIDE_PX, PAPER_SIDE_PX) * 255
    tokens = torch.randn(1, 1, PAPER_WORDS, config.text_width)
    mask = torch.ones(1, 1, PAPER_WORDS, dtype=torch.bool)

    def one(index: int) -> None:
        with torch.inference_mode():
            model(image, tokens, mask)

    return Spread.of(timed(one, times, warm_up=1))
