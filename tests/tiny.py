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
TINY_SWIN = BackboneConfig(
    model_type="swin",
    options={
        "embed_dim": 8,
        "depths": [2, 2, 2, 2],
        "num_heads": [1, 1, 2, 2],
        "window_size": 4,
        "image_size": 64,
        "drop_path_rate": 0.0,
    },
    pixel_mean=(0.485, 0.456, 0.406),
    pixel_spread=(0.229, 0.224, 0.225),
)
