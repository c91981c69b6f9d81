"""A bank comes back from its file as it was; what is none is refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contracts.errors import BadSettings
from inference.references import bank_file
from inference.references.bank import build_bank
from inference.references.bank_file import LearnedBank, load_bank, save_bank
from inference.references.operating_point import calibrate

from .conftest import MakePart


@pytest.fixture
def learned(make_part: MakePart) -> LearnedBank:
    good = [make_part() for _ in range(4)]
    bank = build_bank(good)
    return LearnedBank(bank, calibrate(bank, good), "network-1", 320)


def test_a_bank_judges_as_before_it_was_written(
    learned: LearnedBank, make_part: MakePart, tmp_path: Path
) -> None:
    version = save_bank(tmp_path / "bank.npz", learned)
    loaded, found = load_bank(tmp_path / "bank.npz")
    assert found == version
    assert loaded.point == learned.point
    assert (loaded.features, loaded.side_px, loaded.bank.parts) == ("network-1", 320, 4)
    for part, left_out in ((make_part(bad=True), None), (make_part(), 2)):
        before = learned.bank.distances(part, left_out)
        after = loaded.bank.distances(part, left_out)
        np.testing.assert_allclose(after, before, rtol=1e-2, atol=0.05)


def test_the_same_parts_have_the_same_version_and_others_another(
    learned: LearnedBank, make_part: MakePart, tmp_path: Path
) -> None:
    first, again = (save_bank(tmp_path / f"{n}.npz", learned) for n in range(2))
    bank = build_bank([make_part() for _ in range(4)])
    other = LearnedBank(bank, learned.point, learned.features, learned.side_px)
    assert first == again != save_bank(tmp_path / "other.npz", other)


def test_a_bank_larger_than_a_station_may_have_is_refused(
    learned: LearnedBank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bank_file, "LARGEST_BYTES", 1000)
    with pytest.raises(BadSettings, match="1000 are the limit"):
        save_bank(tmp_path / "bank.npz", learned)
    assert not (tmp_path / "bank.npz").exists()


def test_damaged_absent_and_foreign_files_are_named(learned: LearnedBank, tmp_path: Path) -> None:
    path = tmp_path / "bank.npz"
    with pytest.raises(BadSettings, match=r"bank\.npz: no bank"):
        load_bank(path)
    save_bank(path, learned)
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(BadSettings, match="no bank"):
        load_bank(path)
    np.savez(path, other=np.zeros(3))
    with pytest.raises(BadSettings, match="no bank"):
        load_bank(path)


def test_a_file_of_a_later_schema_is_refused(
    learned: LearnedBank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bank_file, "SCHEMA", 2)
    save_bank(tmp_path / "bank.npz", learned)
    monkeypatch.undo()
    with pytest.raises(BadSettings, match="schema 2, not 1"):
        load_bank(tmp_path / "bank.npz")
