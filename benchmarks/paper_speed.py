"""What a configuration costs: ``python -m benchmarks.paper_speed --config paper --repeats 3``.

Random weights, random pixels and words, batch 1, training mode for the backward pass. Times are
medians with the least and the largest, and the processor time of a pass, which a busy machine
changes little; the first of several passes warms up and is not counted. Memory is the process's
peak resident set, weights included, so one configuration a process.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from rich.console import Console
from torch import Tensor, nn

from inference.dqformer.config import PAPER_SIDE_PX, DQFormerConfig
from inference.dqformer.model import DQFormer, DQFormerOutput
from inference.dqformer.prompt_encoder import PromptEncoder

CONFIGURATIONS: dict[str, Callable[[], DQFormerConfig]] = {
    "edge": DQFormerConfig.edge,
    "paper": lambda: DQFormerConfig.paper(backbone_weights=None, text_weights=None),
    "paper_tiny": DQFormerConfig.paper_tiny,
}
WORDS = 12


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a configuration's passes.")
    parser.add_argument("--config", choices=sorted(CONFIGURATIONS), default="paper")
    parser.add_argument("--language-in-backbone", action="store_true")
    parser.add_argument("--side-px", type=int, default=PAPER_SIDE_PX, help="a multiple of 32")
    parser.add_argument("--prompts", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3, help="passes")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(arguments.threads)
    config = replace(
        CONFIGURATIONS[arguments.config](), language_in_backbone=arguments.language_in_backbone
    )
    console = Console(width=100, highlight=False)
    console.print(
        f"{arguments.config}, {arguments.side_px} px, {arguments.prompts} prompt(s), "
        f"language {'in the backbone' if config.language_in_backbone else 'late'}; "
        f"{platform.machine()}, {arguments.threads} threads, torch {torch.__version__},\n"
        f"load {os.getloadavg()[0]:.1f} at the start"
    )
    for line in measured(config, arguments.side_px, arguments.prompts, arguments.repeats):
        console.print(line)


def measured(config: DQFormerConfig, side_px: int, prompts: int, repeats: int) -> list[str]:
    """One line a figure."""
    model = DQFormer(config)
    image = torch.rand(1, 3, side_px, side_px) * 255
    tokens = torch.randn(1, prompts, WORDS, config.text_width)
    mask = torch.ones(1, prompts, WORDS, dtype=torch.bool)
    lines = [f"parameters        {millions(model)}"]
    if config.text is not None:
        lines += text_lines(config, mask, repeats)
    model.eval()
    lines.append(
        f"forward           {times_ms(lambda: forward(model, image, tokens, mask), repeats)}"
    )
    model.train()
    lines.append(
        f"forward, backward {times_ms(lambda: backward(model, image, tokens, mask), repeats)}"
    )
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return [*lines, f"peak memory       {peak_gib:.2f} GiB"]


def text_lines(config: DQFormerConfig, mask: Tensor, repeats: int) -> list[str]:
    """The text encoder alone: it runs once a prompt, not once an image."""
    assert config.text is not None
    encoder = PromptEncoder(config.text).eval()
    ids = torch.randint(1000, 20000, mask.shape)

    def encode() -> None:
        with torch.no_grad():
            encoder(ids, mask)

    return [
        f"text parameters   {millions(encoder)}",
        f"text forward      {times_ms(encode, repeats)}",
    ]


def forward(model: DQFormer, *inputs: Tensor) -> None:
    with torch.no_grad():
        model(*inputs)


def backward(model: DQFormer, *inputs: Tensor) -> None:
    model.zero_grad(set_to_none=True)
    output: DQFormerOutput = model(*inputs)
    total = output.margin.square().mean() + output.presence.square().mean()
    (total + sum(grouping.square().mean() for grouping in output.groupings)).backward()


def times_ms(work: Callable[[], None], repeats: int) -> str:
    """Median, least and largest wall time, and median processor time of all threads."""
    if repeats > 1:
        work()
    wall_ms, processor_ms = [], []
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        wall_ms.append((time.perf_counter() - wall) * 1000)
        processor_ms.append((time.process_time() - processor) * 1000)
    return (
        f"{statistics.median(wall_ms):.0f} ms ({min(wall_ms):.0f} to {max(wall_ms):.0f}, "
        f"{repeats} pass(es)), processor {statistics.median(processor_ms):.0f} ms"
    )


def millions(module: nn.Module) -> str:
    return f"{sum(p.numel() for p in module.parameters()) / 1e6:.1f} M"


if __name__ == "__main__":
    main()
