"""The model's building blocks written plainly, in numpy and loops, for comparison."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from torch import Tensor


def array(x: Tensor) -> np.ndarray:
    return x.detach().numpy().astype(np.float64)


def linear(x: np.ndarray, layer: Any) -> np.ndarray:
    result = x @ array(layer.weight).T
    return result if layer.bias is None else result + array(layer.bias)


def layer_norm(x: np.ndarray, layer: Any) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(-1, keepdims=True) + layer.eps)
    return centred / spread * array(layer.weight) + array(layer.bias)


def gelu(x: np.ndarray) -> np.ndarray:
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def softmax(x: np.ndarray) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum()


def sines(height: int, width: int, channels: int) -> np.ndarray:
    """(height, width, channels)."""
    count, grid = channels // 4, np.zeros((height, width, channels))
    for y in range(height):
        for x in range(width):
            for i in range(count):
                frequency = math.pi * 2 ** (6 * i / count)
                down, along = (y + 0.5) / height * frequency, (x + 0.5) / width * frequency
                grid[y, x, i], grid[y, x, count + i] = math.sin(down), math.cos(down)
                grid[y, x, 2 * count + i] = math.sin(along)
                grid[y, x, 3 * count + i] = math.cos(along)
    return grid


def attention(
    queries: np.ndarray, keys: np.ndarray, values: np.ndarray, heads: int, mask: np.ndarray
) -> np.ndarray:
    """(Q, d), (L, d), (L, d): one query, one head at a time, over the words that exist."""
    result, part = np.zeros_like(queries), queries.shape[1] // heads
    for row in range(len(queries)):
        for head in range(heads):
            own = slice(head * part, (head + 1) * part)
            scores = [queries[row, own] @ key[own] / math.sqrt(part) for key in keys[mask]]
            for share, value in zip(softmax(np.array(scores)), values[mask], strict=True):
                result[row, own] += share * value[own]
    return result


def convolution(x: np.ndarray, layer: Any) -> np.ndarray:
    """(c, h, w) -> (o, h, w), with "same" zero padding."""
    weight, size = array(layer.weight), layer.kernel_size[0]
    padded = np.pad(x, ((0, 0), *((size // 2, size // 2),) * 2))
    result = np.zeros((len(weight), *x.shape[1:]))
    per_group = x.shape[0] // layer.groups
    for o in range(len(weight)):
        first = o * layer.groups // len(weight) * per_group
        for y in range(x.shape[1]):
            for z in range(x.shape[2]):
                window = padded[first : first + per_group, y : y + size, z : z + size]
                result[o, y, z] = (window * weight[o]).sum()
    return result if layer.bias is None else result + array(layer.bias)[:, None, None]


def batch_norm(x: np.ndarray, layer: Any) -> np.ndarray:
    """(c, h, w) with the running figures, as in evaluation."""
    assert layer.running_mean is not None
    assert layer.running_var is not None
    scale = array(layer.weight) / np.sqrt(array(layer.running_var) + layer.eps)
    shift = array(layer.bias) - array(layer.running_mean) * scale
    return x * scale[:, None, None] + shift[:, None, None]


def doubled(x: np.ndarray) -> np.ndarray:
    """(h, w) -> (2h, 2w), bilinear between the centres of pixels, edges repeated."""
    height, width = x.shape
    result = np.zeros((2 * height, 2 * width))
    for y in range(2 * height):
        for z in range(2 * width):
            down, along = max((y + 0.5) / 2 - 0.5, 0), max((z + 0.5) / 2 - 0.5, 0)
            top, left = int(down), int(along)
            bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
            v, u = down - top, along - left
            upper = (1 - u) * x[top, left] + u * x[top, right]
            lower = (1 - u) * x[bottom, left] + u * x[bottom, right]
            result[y, z] = (1 - v) * upper + v * lower
    return result
