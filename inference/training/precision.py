"""How exactly a training step multiplies on a CPU: float32, or bfloat16 products summed in float32.

Processors with matrix units (AMX) take a step of the edge network in two thirds of the time with
bfloat16 products: 0.34 against 0.50 s on two cores, measured with ``recipes/eyes.yaml``. Weights,
gradients, optimiser and figures stay float32. oneDNN does it; without such units it costs time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch

Precision = Literal["float32", "bfloat16"]
_ONEDNN = {"float32": "ieee", "bfloat16": "bf16"}


@contextmanager
def products_in(precision: Precision) -> Iterator[None]:
    """Convolutions and matrix products of float32 tensors are made so inside, on a CPU."""
    onednn: Any = torch.backends.mkldnn  # its stubs lack both
    kinds = (onednn.conv, onednn.matmul)
    before = [kind.fp32_precision for kind in kinds]
    for kind in kinds:
        kind.fp32_precision = _ONEDNN[precision]
    try:
        yield
    finally:
        for kind, was in zip(kinds, before, strict=True):
            kind.fp32_precision = was
