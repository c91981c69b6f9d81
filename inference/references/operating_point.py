"""Where a part is rejected: it follows from the good parts themselves, at a stated rate.

Each good part is scored against the others' references (left out once). If a new good part is like
them, its score is equally likely to take any rank among theirs (conformal prediction, Vovk et al.
2005). So with n good parts and the k-th smallest of their scores as limit, at most n + 1 - k of
n + 1 new good parts lie above it in expectation. That is a mean over stations, and it is said of
parts like those that were shown: a new batch, light or camera is not covered by it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from inference.references.bank import Bank, Maps

STRONGEST_SHARE = 0.01


class OperatingPoint(NamedTuple):
    """Attributes:
    limit: a part is rejected whose score is above it.
    rate: share of good parts that this rejects at most, in expectation.
    position_limit: positions of a rejected part are marked whose distance is above it.
    """

    limit: float
    rate: float
    position_limit: float


def score(distances: np.ndarray) -> float:
    """Return a part's score: the mean of the largest hundredth of its distance map."""
    count = max(1, round(STRONGEST_SHARE * distances.size))
    return float(np.partition(distances.ravel(), -count)[-count:].mean())


def calibrate(bank: Bank, good: Sequence[Maps], rate: float | None = None) -> OperatingPoint:
    """Return the operating point of a bank, from the good parts that it was built of.

    Args:
        good: in the order in which the bank was built.
        rate: share of good parts that may be rejected; None: as few as can be stated.

    Raises:
        ValueError: the parts are too few for so low a rate, or not the bank's.
    """
    if len(good) != bank.parts:
        raise ValueError(f"the bank was built of {bank.parts} good parts, here are {len(good)}")
    maps = [bank.distances(part, left_out=number) for number, part in enumerate(good)]
    return operating_point([score(each) for each in maps], maps, rate)


def operating_point(
    scores: Sequence[float], maps: Sequence[np.ndarray], rate: float | None = None
) -> OperatingPoint:
    """Return the point that follows from good parts' scores and distance maps, left out once each.

    Raises:
        ValueError: as ``conformal``.
    """
    limit, rate = conformal(scores, rate)
    positions = np.concatenate([each.ravel() for each in maps])
    usual = float(np.quantile(positions, 1 - STRONGEST_SHARE))
    # A part that is rejected must show where.
    return OperatingPoint(limit, rate, min(limit, usual))


def conformal(scores: Sequence[float], rate: float | None = None) -> tuple[float, float]:
    """Return the limit that at most ``rate`` of scores like these exceed, and the rate reached.

    Raises:
        ValueError: there are too few scores for that; says how many are needed.
    """
    count = len(scores)
    wanted = 1 / (count + 1) if rate is None else rate
    if not 0 < wanted < 1:
        raise ValueError(f"a rate lies between 0 and 1, not {wanted:g}")
    # A rate that came out of a division must not miss its own rank by rounding.
    rank = math.ceil((count + 1) * (1 - wanted) - 1e-9)
    if rank > count:
        needed = math.ceil(1 / wanted - 1e-9) - 1
        raise ValueError(f"{count} good parts cannot state a rate of {wanted:g}: {needed} can")
    return sorted(scores)[rank - 1], (count + 1 - rank) / (count + 1)
