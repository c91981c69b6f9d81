"""No wrong prompts: it is never asked for what is not there, but by the universal prompt."""

from __future__ import annotations

import numpy as np

from benchmarks.peers.contenders.contender import Contender
from inference.training.data.batches import Batch


def true_prompts(batch: Batch) -> Batch:
    """The universal prompt and the true one; on a good part, of which no other is true, the
    universal one twice."""
    caption, target = batch.caption[:, :2].copy(), batch.target[:, :2].copy()
    good = ~batch.target[:, 0].any(axis=(1, 2))
    caption[good, 1], target[good, 1] = caption[good, 0], target[good, 0]
    return batch._replace(caption=np.ascontiguousarray(caption), target=target)


CONTENDER = Contender(
    "no_wrong_prompts", "no wrong prompts: only true ones are trained", batch=true_prompts
)
