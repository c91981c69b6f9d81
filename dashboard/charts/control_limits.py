"""Control limits for shares of rejected parts: plain arithmetic on arrays.

Sources: p chart, NIST/SEMATECH e-Handbook section 6.3.3.2; p' chart, D. B. Laney, "Improved
control charts for attributes", Quality Engineering 14 (2002); the run rule, Western Electric
Statistical Quality Control Handbook (1956).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MOVING_RANGE_TO_SIGMA = 1.128
"""d2 of two normal values: mean moving range divided by this estimates sigma."""

SAMPLES_FOR_SPREAD = 20
"""Samples below which the spread between them is not estimated and the plain p chart is drawn."""

SAMPLES_FOR_LIMITS = 10
"""Whole samples below which no mean and no limits are drawn."""

FEW_REJECTS = 5
"""Mean rejects per sample below which 3 sigma of a binomial is a poor limit. Most samples are then
below the mean by chance alone, so that a run below it means nothing."""

RUN_LENGTH = 8


@dataclass(frozen=True)
class ControlLimits:
    """Limits of a chart of shares, all between 0 and 1.

    Attributes:
        centre: mean share over all samples.
        lower: one limit for each sample, never below 0.
        upper: one limit for each sample, never above 1.
        sigma_z: spread between samples in units of the binomial's; None on a plain p chart.
    """

    centre: float
    lower: Shares
    upper: Shares
    sigma_z: float | None = None


def p_limits(rejected: Counts, inspected: Counts) -> ControlLimits:
    """Return the limits pbar +- 3 sqrt(pbar (1 - pbar) / n_i).

    Raises:
        ValueError: there are no samples, or one has no parts.
    """
    centre, sigma = _centre_and_sigma(rejected, inspected)
    return _around(centre, sigma)


def laney_limits(rejected: Counts, inspected: Counts) -> ControlLimits:
    """Return the limits pbar +- 3 sigma_pi sigma_z.

    sigma_z comes from the moving range of z_i = (p_i - pbar) / sigma_pi. These limits are for large
    samples whose share varies more than a binomial allows.

    Raises:
        ValueError: there are fewer than two samples, one has no parts, or all parts have the same
            result.
    """
    centre, sigma = _centre_and_sigma(rejected, inspected)
    if len(sigma) < 2 or not sigma.all():
        raise ValueError("a spread needs two samples and parts of both kinds")
    z = (rejected / inspected - centre) / sigma
    sigma_z = float(np.abs(np.diff(z)).mean() / MOVING_RANGE_TO_SIGMA)
    return _around(centre, sigma * sigma_z, sigma_z)


def limits_for(rejected: Counts, inspected: Counts) -> ControlLimits:
    """Return Laney's limits if the samples vary more than a binomial allows, else the plain ones.

    A sigma_z at or below 1 would make the limits narrower than chance alone allows, so the plain
    limits are kept; also while there are too few samples to estimate the spread.
    """
    plain = p_limits(rejected, inspected)
    if len(inspected) < SAMPLES_FOR_SPREAD or not 0 < plain.centre < 1:
        return plain
    laney = laney_limits(rejected, inspected)
    return laney if laney.sigma_z is not None and laney.sigma_z > 1 else plain


def beyond(shares: Shares, limits: ControlLimits) -> Flags:
    """Return which samples are outside the limits (Western Electric rule 1)."""
    return (shares > limits.upper) | (shares < limits.lower)


def on_one_side(shares: Shares, centre: float, length: int = RUN_LENGTH) -> Flags:
    """Return which samples complete a run of ``length`` or more on one side of the centre."""
    side = np.sign(shares - centre)
    run = np.zeros(len(shares), dtype=np.int64)
    for i, here in enumerate(side):
        run[i] = 0 if here == 0 else 1 + (run[i - 1] if i and side[i - 1] == here else 0)
    return run >= length


def _centre_and_sigma(rejected: Counts, inspected: Counts) -> tuple[float, Shares]:
    if len(inspected) == 0 or not np.all(inspected > 0):
        raise ValueError("every sample needs at least one part, and there must be a sample")
    centre = float(rejected.sum() / inspected.sum())
    return centre, np.sqrt(centre * (1 - centre) / inspected)


def _around(centre: float, sigma: Shares, sigma_z: float | None = None) -> ControlLimits:
    lower = np.clip(centre - 3 * sigma, 0, 1)
    upper = np.clip(centre + 3 * sigma, 0, 1)
    return ControlLimits(centre, lower, upper, sigma_z)
