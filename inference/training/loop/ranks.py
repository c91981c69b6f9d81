"""One process or several (``torchrun``): which of them this is, on which device, how they agree."""

from __future__ import annotations

import datetime
import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as dist

from contracts.errors import FatalError, UserError

log = logging.getLogger("referee.train")

CPU = torch.device("cpu")
PATIENCE = datetime.timedelta(hours=2)
"""The others wait that long while the first rank measures and writes."""


@dataclass(frozen=True)
class Ranks:
    """This process among its like.

    Attributes:
        rank: 0 for the first, which alone writes.
        world: how many there are.
    """

    rank: int = 0
    world: int = 1
    device: torch.device = CPU

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def prepare(self, model: nn.Module) -> nn.Module:
        """The model on its device; on GPUs its batch norms count every rank's images."""
        if self.world > 1 and self.device.type == "cuda":
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return model.to(self.device)

    def wrap(self, model: nn.Module) -> nn.Module:
        """What is called in place of the model, so that gradients are the mean over the ranks."""
        if self.world == 1:
            return model
        ids = [self.device.index] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(model, device_ids=ids)

    def autocast(self) -> Any:
        """bfloat16 on a GPU; float32 as it is elsewhere."""
        if self.device.type == "cuda":
            return torch.autocast("cuda", torch.bfloat16)
        return nullcontext()

    def any(self, here: bool) -> bool:
        """Whether it is so on any rank; all of them must ask."""
        if self.world == 1:
            return here
        flag = torch.tensor([int(here)], device=self.device)
        dist.all_reduce(flag, dist.ReduceOp.MAX)
        return bool(flag.item())

    def check_agreement(self, model: nn.Module) -> None:
        """All ranks must ask.

        Raises:
            FatalError: the ranks hold different weights; nothing more should be written.
        """
        if self.world == 1:
            return
        digests: list[Any] = [None] * self.world
        dist.all_gather_object(digests, digest(list(model.parameters())))
        if len(set(digests)) > 1:
            raise FatalError(f"the {self.world} processes hold different weights: {digests}")
        log.info("%d processes hold the same weights, %s", self.world, digests[0][:12])


def digest(tensors: list[Tensor]) -> str:
    """SHA-256 over the tensors' bytes, hexadecimal."""
    total = hashlib.sha256()
    for tensor in tensors:
        total.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()


def choose_device(name: str | None, local_rank: int = 0) -> torch.device:
    """Return the named device; by default this rank's GPU if there is one, else the CPU.

    Raises:
        UserError: the device does not exist.
    """
    if name in (None, "cuda"):
        if torch.cuda.is_available():
            return torch.device("cuda", local_rank)
        if name == "cuda":
            raise UserError("--device cuda: torch finds no GPU on this machine")
        return torch.device("cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"--device {name}: cannot be used: {reason}") from error
    return device


@contextmanager
def joined(device: str | None = None) -> Iterator[Ranks]:
    """The ranks that ``torchrun`` started, or one alone; NCCL between GPUs, Gloo between CPUs."""
    world, local_rank = (
        int(os.environ.get(k, d)) for k, d in (("WORLD_SIZE", 1), ("LOCAL_RANK", 0))
    )
    chosen = choose_device(device, local_rank)
    if world == 1:
        yield Ranks(device=chosen)
        return
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield Ranks(dist.get_rank(), world, chosen)
    finally:
        dist.destroy_process_group()
