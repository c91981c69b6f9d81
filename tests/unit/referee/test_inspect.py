"""`referee inspect`: what it says of paths, and that no overlay replaces another."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import UserError
from referee.cli import called
from referee.commands.inspect import _overlay_names


def test_pictures_of_equal_names_have_overlays_of_their_own() -> None:
    names = _overlay_names([Path(name) for name in ("a/1.png", "b/1.png", "b/1.jpg", "b/2.png")])
    assert list(map(str, names.values())) == ["a/1", "b/1.png", "b/1.jpg", "b/2"]


def test_pictures_of_one_folder_keep_their_names() -> None:
    names = _overlay_names([Path("/any/1.png"), Path("/any/2.b.png")])
    assert list(map(str, names.values())) == ["1", "2.b"]


def test_an_overlay_stays_below_its_folder() -> None:
    names = _overlay_names([Path("a/../../1.png"), Path("a/1.png")])
    assert all(".." not in name.parts and not name.is_absolute() for name in names.values())
    assert len(set(names.values())) == 2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["folder"], "folder is a folder; name the pictures in it, such as"),
        (["none.png"], "none.png cannot be read: it does not exist"),
        (["file.png", "--out", "file.png"], "file.png cannot be written: it is a file"),
        (["file.png", "--out", "file.png/out"], "cannot be written: a part of the path is a file"),
    ],
)
def test_a_path_that_cannot_be_used_is_told_before_anything_starts(
    given, says, tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.png").write_bytes(b"x")
    with pytest.raises(UserError, match=says):
        called(["inspect", *given])
