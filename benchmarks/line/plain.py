"""What to compare with: cv2 and torch in a plain loop, and a network of the paper's size.

Both need the packages for training. Without them both are left out, and the report says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.line.bare import timed
from benchmarks.line.scenario import WORDS
from benchmarks.line.spread import Spread
from inference.imaging import decode_image, to_network
from inference.text_encoder import TextEncoder
from referee.project import SHIPPED_WEIGHTS

# Swin-B, patch 4, window 12, 384 px (Liu et al. 2021, arXiv 2103.14030, table 7), and the states
# of a BERT-base: what the paper's abstract and usual practice suggest.
SWIN_BASE = {
    "embed_dim": 128,
    "depths": [2, 2, 18, 2],
    "num_heads": [4, 8, 16, 32],
    "window_size": 12,
    "image_size": 384,
}
PAPER_NUMBERS = {"width": 256, "text_width": 768, "heads": 8, "refine_width": 32}
PAPER_SIDE_PX = 480
PAPER_TOKENS = 12


def torch_loop(pictures: Sequence[bytes], encoder: TextEncoder, threads: int, times: int) -> Spread:
    """Time decoding plus the shipped weights in torch, one prompt, encoded beforehand.

    Raises ImportError without torch.
    """
    import torch

    from inference.training.loop.saved_network import read_network

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
    """Time our network with a Swin-B of the paper's size: random weights, one prompt.

    Encoding the prompt is not counted. Raises ImportError without torch.
    """
    import torch

    from inference.dqformer.config import BackboneConfig, DQFormerConfig
    from inference.dqformer.model import DQFormer

    torch.set_num_threads(threads)
    config = DQFormerConfig(backbone=BackboneConfig("swin", dict(SWIN_BASE)), **PAPER_NUMBERS)
    model = DQFormer(config).eval()
    image = torch.rand(1, 3, PAPER_SIDE_PX, PAPER_SIDE_PX) * 255
    tokens = torch.randn(1, 1, PAPER_TOKENS, config.text_width)
    mask = torch.ones(1, 1, PAPER_TOKENS, dtype=torch.bool)

    def one(index: int) -> None:
        with torch.inference_mode():
            model(image, tokens, mask)

    return Spread.of(timed(one, times, warm_up=1))
