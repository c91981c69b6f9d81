"""Cameras in a line file: variables, passwords, and paths that begin at the file's own folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import BadYaml
from contracts.line import LineFile
from runtime.linefile.line_file import load_line_file

HEAD = "site: s\nline: l\nstations:\n  top:\n"
TAIL = "    prompts: [{words: a dent}]\n"
Load = Callable[..., LineFile]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads a line file whose station has this camera, from the folder ``lines``."""
    (tmp_path / "lines").mkdir()
    monkeypatch.chdir("/")

    def load(camera: str, more: str = "", **how: Any) -> LineFile:
        path = tmp_path / "lines" / "line.yaml"
        path.write_text(f"{HEAD}    camera: {camera}\n{TAIL}{more}")
        return load_line_file(path, **how)

    return load


def options(line: LineFile) -> Mapping[str, object]:
    return line.stations["top"].camera.options


def pictures(folder: Path) -> Path:
    folder.mkdir()
    (folder / "a.png").write_bytes(b"a")
    return folder


def test_a_release_carries_the_variable_and_not_its_value(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TILES_PASSWORD", "hush-hush")
    source = "rtsp://anna:${TILES_PASSWORD}@camera/1"
    line = load(f"{{kind: opencv, source: '{source}'}}")
    assert options(line) == {"source": source}
    [release] = line.releases()
    assert "hush-hush" not in release.model_dump_json()
    monkeypatch.setenv("TILES_PASSWORD", "another")
    assert load(f"{{kind: opencv, source: '{source}'}}").releases() == [release]


@pytest.mark.parametrize(
    ("camera", "says"),
    [
        ("{kind: opencv, source: '${NOWHERE}'}", "variable NOWHERE is not set"),
        ("{kind: opencv, source: '${EMPTY}'}", "variable EMPTY is empty"),
        ("{kind: opencv, source: '${NO WHERE}'}", "write ${NAME}"),
        ("{kind: opencv, source: 'rtsp://anna:hush@camera/1'}", "a password stands in the URL"),
        ("{kind: opencv, source: 'rtsp://anna:a/b@camera/1'}", "not a URL that can be read"),
        ("{kind: opencv, source: 'rtsp://[camera/1'}", "not a URL that can be read"),
        ("{kind: opencv, source: 'rtsp://anna:${SLASH}@camera/1'}", "not a URL that can be read"),
        ("{kind: opencv, source: belt.avi}", "there is no video file /"),
        ("{kind: opencv, source: ' '}", "there is no video file"),
        ("{kind: replay, folder: '../nowhere'}", "there is no folder /"),
        ("{kind: replay, folder: '.'}", "holds no pictures"),
        ('{kind: replay, folder: "\\0"}', "there is no folder"),
        (f"{{kind: replay, folder: {'x' * 300}}}", "too long"),
    ],
)
def test_what_a_camera_cannot_use_is_named_at_once(
    load: Load, monkeypatch: pytest.MonkeyPatch, camera: str, says: str
) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv("SLASH", "se/cret")
    with pytest.raises(BadYaml) as caught:
        load(camera)
    option = re.search(r"source|folder", camera)
    assert (caught.value.line, caught.value.column) == (5, 13 + option.start())
    assert caught.value.field == f"stations.top.camera.{option[0]}"
    assert says in str(caught.value)
    assert "se/cret" not in str(caught.value)


def test_a_value_is_in_no_message(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUALITY", "hush-hush")
    with pytest.raises(BadYaml) as caught:
        load("{kind: opencv, source: '0', jpeg_quality: '${QUALITY}'}")
    assert "whole number, not '${QUALITY}'" in str(caught.value)
    with pytest.raises(BadYaml) as caught:
        load("{kind: replay, folder: '/${QUALITY}'}")
    assert "there is no folder /${QUALITY}" in str(caught.value)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ("sockets: {host: '${HOST}'}\n", "sockets.host"),
        ("    recipes: {3: {prompts: [{words: 'a ${WORD}'}]}}\n", "recipes.3.prompts.0.words"),
    ],
)
def test_a_variable_outside_of_a_camera_is_refused(load: Load, more: str, field: str) -> None:
    with pytest.raises(BadYaml, match="in the options of a camera alone") as caught:
        load("{kind: simulated}", more)
    assert caught.value.field.endswith(field)


@pytest.mark.parametrize("folder", ["../tiles", "./../tiles", "{}/tiles", "${{TILES}}"])
def test_a_path_begins_at_the_folder_of_the_line_file(
    load: Load, tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiles = pictures(tmp_path / "tiles")
    monkeypatch.setenv("TILES", "../tiles")
    carried = options(load(f"{{kind: replay, folder: '{folder.format(tmp_path)}'}}"))["folder"]
    assert Path(str(carried).replace("${TILES}", "../tiles")).samefile(tiles)
    assert str(carried).startswith(str(tmp_path))
    assert "${TILES}" not in folder.format("") or "${TILES}" in str(carried)


def test_a_video_file_is_found_beside_the_line_file(load: Load, tmp_path: Path) -> None:
    (tmp_path / "lines" / "belt.avi").write_bytes(b"")
    found = options(load("{kind: opencv, source: belt.avi}"))["source"]
    assert found == str(tmp_path / "lines" / "belt.avi")
    assert options(load("{kind: opencv, source: '0'}")) == {"source": "0"}


def test_the_folder_of_the_command_line_wins(load: Load, tmp_path: Path) -> None:
    tiles = pictures(tmp_path / "tiles")
    load("{kind: replay, folder: nowhere}", images=tiles, starts=True)
    load("{kind: replay}", images=tiles, starts=True)
    load("{kind: replay}")  # a check, before anybody said which folder
    with pytest.raises(BadYaml, match=r":5:5: stations\.top\.camera: .*no folder: give `folder`"):
        load("{kind: replay}", starts=True)


def test_what_is_on_another_machine_is_not_looked_for(load: Load, tmp_path: Path) -> None:
    line = load("{kind: replay, folder: ../nowhere}", elsewhere=True)
    assert options(line)["folder"] == f"{tmp_path}/lines/../nowhere"
    line = load("{kind: opencv, source: '${NOWHERE}'}", "    trigger: camera\n", elsewhere=True)
    assert options(line) == {"source": "${NOWHERE}"}
