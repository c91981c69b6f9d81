"""`referee evaluate`: which network is measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contracts.errors import UserError
from inference.training.referring.referring_set import write_png
from referee.cli import called


def test_served_measures_the_repository_that_the_line_would_serve(tmp_path, monkeypatch) -> None:
    for name in ("train/good/1.png", "test/good/2.png"):
        write_png(tmp_path / "photos" / name, np.full((40, 40, 3), 90, np.uint8))
    monkeypatch.setenv("REFEREE_MODELS", str(Path("no-such-models")))
    with pytest.raises(UserError, match="no-such-models is missing; see REFEREE_MODELS"):
        called(["evaluate", "--data", str(tmp_path / "photos"), "--engine", "served"])
