"""A network small enough to train in a test, and where the project is."""

from pathlib import Path

from inference.dqformer.config import BackboneConfig, DQFormerConfig

ROOT = Path(__file__).parents[1]

TINY_OPTIONS = {
    "embedding_size": 8,
    "hidden_sizes": [8, 8, 16, 16],
    "depths": [1, 1, 1, 1],
    "layer_type": "basic",
}
TINY = DQFormerConfig(
    backbone=BackboneConfig(options=TINY_OPTIONS), width=16, heads=2, refine_width=8
)
