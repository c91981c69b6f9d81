"""A coreset covers what a random sample would lose."""

from __future__ import annotations

import numpy as np
import pytest

from inference.references.coreset import LARGEST_POOL, coreset


def test_a_rare_feature_is_kept() -> None:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((5000, 48)).astype(np.float32)
    features[4321] += 40
    assert 4321 in coreset(features, 5, rng)


def test_clusters_are_covered_by_as_many_references() -> None:
    rng = np.random.default_rng(1)
    clusters = np.repeat(np.arange(10), 200)
    centres = 10 * rng.standard_normal((10, 40))
    features = (centres[clusters] + rng.standard_normal((2000, 40)) * 0.1).astype(np.float32)
    kept = coreset(features, 10, rng)
    assert set(clusters[kept]) == set(range(10))


def test_no_row_is_kept_twice_and_few_are_kept_all() -> None:
    features = np.random.default_rng(2).standard_normal((300, 8)).astype(np.float32)
    kept = coreset(features, 50, np.random.default_rng(2))
    assert len(kept) == len(set(kept.tolist())) == 50
    assert coreset(features, 300, np.random.default_rng(2)).tolist() == list(range(300))


def test_the_same_seed_keeps_the_same() -> None:
    features = np.random.default_rng(3).standard_normal((400, 64)).astype(np.float32)
    first, second = (coreset(features, 20, np.random.default_rng(9)) for _ in range(2))
    assert first.tolist() == second.tolist()


def test_many_features_are_sampled_first() -> None:
    features = np.zeros((LARGEST_POOL + 5000, 2), np.float32)
    features[:, 0] = np.arange(len(features))
    kept = coreset(features, 3, np.random.default_rng(4))
    assert len(kept) == 3
    assert kept.max() > LARGEST_POOL * 0.9


@pytest.mark.parametrize(("rows", "count"), [(0, 3), (5, 0)])
def test_nothing_is_refused(rows: int, count: int) -> None:
    with pytest.raises(ValueError, match="needs features"):
        coreset(np.zeros((rows, 4), np.float32), count, np.random.default_rng(0))
