"""A folder of labelled pictures becomes a referring data set, or one clear sentence why not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from contracts.errors import UserError
from inference.training.data.dataset import Entry
from inference.training.referring.expressions import Form
from inference.training.referring.referring_builder import Build, build
from inference.training.referring.referring_plot import draw_statistics
from inference.training.referring.referring_set import Referring, load_target, read_referring
from inference.training.referring.referring_statistics import statistics
from inference.training.words.captions import ANY_KIND
from inference.training.words.grammar_file import read_grammar


def quiet(entries: Sequence[Entry], line: str) -> Iterator[Entry]:
    return iter(entries)


def build_here(data: Path, out: Path, **options: int) -> list[Referring]:
    return build(data, Build(out, read_grammar(), **options), quiet)


@pytest.fixture
def board_line(tmp_path: Path) -> Path:
    """A part with two spurs on the left and a short at the lower right, and a good part."""
    folder = tmp_path / "boards"
    mask = np.zeros((120, 200), np.uint8)
    boxes = {(10, 10, 20, 20): "spur", (30, 80, 50, 110): "spur", (170, 90, 190, 100): "short"}
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = 255
    for name, pixels in (("a.png", mask // 2 + 60), ("a_mask.png", mask), ("b.png", mask * 0 + 60)):
        folder.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / name), pixels)
    regions = [{"kind": kind, "box_xyxy": box} for box, kind in boxes.items()]
    rows = [
        {"image": "a.png", "kind": "combined", "split": "train", "mask": "a_mask.png"}
        | {"regions": regions},
        {"image": "b.png", "kind": "good", "split": "train"},
    ]
    (folder / "index.json").write_text(json.dumps(rows))
    return folder


def edit(folder: Path, **fields: object) -> None:
    """Change the first row of a line's index."""
    rows = json.loads((folder / "index.json").read_text())
    rows[0] |= fields
    (folder / "index.json").write_text(json.dumps(rows))


def test_every_form_is_said_and_means_its_pixels(board_line: Path, tmp_path: Path) -> None:
    records = build_here(board_line, tmp_path / "out", per_image=500, per_good=50)
    assert {record.form for record in records} == set(Form)
    truth = cv2.imread(str(board_line / "a_mask.png"), cv2.IMREAD_GRAYSCALE)
    assert truth is not None
    meant = {
        (r.kind, r.narrowed_by): load_target(r, tmp_path / "out")
        for r in records
        if r.mask is not None
    }
    assert np.array_equal(meant[ANY_KIND, None], truth)
    left = np.where(np.arange(200) < 100, truth, 0)
    for key in ((ANY_KIND, "left"), ("spur", "left"), ("spur", None), ("spur", "two")):
        assert np.array_equal(meant[key], left), key
    assert (meant["spur", "largest"] > 0).sum() == 20 * 30
    assert (meant["short", "lower_right"] > 0).sum() == 20 * 10
    assert ("spur", "three") not in meant


def test_records_tell_box_area_and_regions(board_line: Path, tmp_path: Path) -> None:
    records = build_here(board_line, tmp_path / "out", per_image=500)
    universal = next(r for r in records if r.form is Form.UNIVERSAL and r.mask)
    assert universal.box_xyxy == (10, 10, 190, 110)
    assert universal.area_px2 == 100 + 600 + 200
    assert universal.area_share == pytest.approx(900 / 24000)
    assert universal.area_bin == "above_1_percent"
    boxes = {(region.kind, region.box_xyxy) for region in universal.regions}
    assert ("short", (170, 90, 190, 100)) in boxes
    assert len(boxes) == 3


def test_what_is_absent_is_absent(board_line: Path, tmp_path: Path) -> None:
    grammar = read_grammar()
    records = build_here(board_line, tmp_path / "out", per_image=500, per_good=500)
    on_a = [r for r in records if r.form is Form.ABSENT and r.image.endswith("a.png")]
    assert {r.kind for r in on_a if r.narrowed_by is None}.isdisjoint({"spur", "short", ANY_KIND})
    assert not any(
        grammar.confusable(here, r.kind)
        for r in on_a
        for here in ("spur", "short")
        if r.narrowed_by is None
    )
    assert {r.narrowed_by for r in on_a if r.kind == "spur"} >= {"right", "upper_right"}
    good = [r for r in records if r.image.endswith("b.png")]
    assert good
    assert all(r.mask is None for r in good)
    assert {"spur", "short"} <= {r.kind for r in good}


def test_nothing_is_copied_and_equal_masks_are_not_written(
    board_line: Path, tmp_path: Path
) -> None:
    records = build_here(board_line, tmp_path / "out", per_image=500)
    written = sorted((tmp_path / "out").rglob("*.png"))
    different = {load_target(r, tmp_path / "out").tobytes() for r in records if r.mask}
    assert len(written) == len(different) - 1, "the whole mask lies beside the picture"
    assert (tmp_path / "out" / records[0].image).resolve() == board_line / "a.png"


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_two_builds_are_byte_identical_and_another_seed_is_not(
    board_line: Path, tmp_path: Path
) -> None:
    for name, seed in (("first", 3), ("second", 3), ("other", 4)):
        build_here(board_line, tmp_path / name, seed=seed, synthetic=3)
    assert files_of(tmp_path / "first") == files_of(tmp_path / "second")
    assert files_of(tmp_path / "first") != files_of(tmp_path / "other")


def test_painted_pictures_come_with_words_and_masks(board_line: Path, tmp_path: Path) -> None:
    records = build_here(board_line, tmp_path / "out", synthetic=4)
    painted = [record for record in records if record.painted_on]
    assert {record.split for record in painted} == {"train"}
    for record in painted:
        assert record.painted_on is not None
        under = cv2.imread(str(tmp_path / "out" / record.painted_on))
        over = cv2.imread(str(tmp_path / "out" / record.image))
        assert under is not None
        assert over is not None
        changed = (under != over).any(axis=2)
        if record.mask is not None:
            assert changed[load_target(record, tmp_path / "out") > 0].mean() > 0.5
    assert any(record.form is Form.PLAIN for record in painted)


def test_more_pictures_change_nothing_about_the_others(board_line: Path, tmp_path: Path) -> None:
    before = build_here(board_line, tmp_path / "before")
    rows = json.loads((board_line / "index.json").read_text())
    cv2.imwrite(str(board_line / "c.png"), np.full((120, 200), 9, np.uint8))
    rows.insert(0, {"image": "c.png", "kind": "good", "split": "val"})
    (board_line / "index.json").write_text(json.dumps(rows))
    after = build_here(board_line, tmp_path / "after")
    assert [r for r in after if not r.image.endswith("c.png")] == before


def test_counts_of_the_labels_are_not_contradicted(board_line: Path, tmp_path: Path) -> None:
    """One spur in two pieces: neither "two of them" nor "the largest" is said."""
    edit(
        board_line,
        regions=[
            {"kind": "spur", "box_xyxy": [0, 0, 60, 120]},
            {"kind": "short", "box_xyxy": [160, 80, 200, 110]},
        ],
    )
    records = build_here(board_line, tmp_path / "out", per_image=500)
    assert not [r for r in records if r.kind == "spur" and r.form in (Form.COUNT, Form.SIZE)]
    assert [r for r in records if r.kind == "short" and r.narrowed_by == "one"]


def test_kinds_not_told_apart_are_asked_for_as_defects(board_line: Path, tmp_path: Path) -> None:
    edit(board_line, regions=[])
    records = build_here(board_line, tmp_path / "out", per_image=500)
    on_a = [r for r in records if r.image.endswith("a.png")]
    assert {r.kind for r in on_a} == {ANY_KIND}, "no kind can be called absent"
    assert not [r for r in records if "combined" in r.text]


def test_a_folder_of_lines_and_the_mvtec_layout(board_line: Path, tmp_path: Path) -> None:
    for name in ("train/good/a.png", "test/good/b.png", "test/bent_wire/c.png"):
        file = tmp_path / "cable" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file), np.full((64, 64), 99, np.uint8))
    mask = np.zeros((64, 64), np.uint8)
    mask[:6, :6] = 255
    (tmp_path / "cable/ground_truth/bent_wire").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "cable/ground_truth/bent_wire/c_mask.png"), mask)
    records = build_here(tmp_path, tmp_path / "out", per_image=60)
    assert {record.line for record in records} == {"boards", "cable"}
    texts = {r.text: r.split for r in records if r.kind == "bent_wire" and r.mask}
    assert texts["the bent wire at the top left"] == "val"


def test_reading_back_gives_what_was_written(board_line: Path, tmp_path: Path) -> None:
    records = build_here(board_line, tmp_path / "out")
    assert read_referring(tmp_path / "out") == records
    with (tmp_path / "out" / "referring.jsonl").open("a") as file:
        file.write('{"line": "x"}\n')
    with pytest.raises(UserError, match=rf"referring.jsonl:{len(records) + 1}: split"):
        read_referring(tmp_path / "out")


def test_statistics_count_what_is_there(board_line: Path, tmp_path: Path) -> None:
    records = build_here(board_line, tmp_path / "out", per_image=500, synthetic=2)
    report = statistics(records)
    figures = report["lines"]["boards"]
    assert figures["images"] == {"all": 2, "defective": 1, "by_split": {"train": 2}}
    assert figures["anomalies"]["regions"] == 3
    assert figures["anomalies"]["regions_by_area"] == {
        "below_0.1_percent": 0,
        "0.1_to_1_percent": 2,
        "above_1_percent": 1,
    }
    assert figures["anomalies"]["small_regions_share"] == pytest.approx(2 / 3)
    assert figures["expressions"]["all"] == sum(r.painted_on is None for r in records)
    assert sum(figures["expressions"]["by_form"].values()) == figures["expressions"]["all"]
    assert report["painted"]["images"]["all"] == 2
    draw_statistics(report, tmp_path / "plots" / "statistics.png")
    plot = cv2.imread(str(tmp_path / "plots" / "statistics.png"))
    assert plot is not None
    assert plot.shape[0] > 400
    assert plot.std() > 10


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"mask": None}, r"a\.png: a picture of kind combined without a mask; add"),
        ({"mask": "none.png"}, r"without a mask \(.*none\.png is not there\)"),
        ({"image": "none.png"}, r"none\.png: no such picture"),
        ({"image": "../a.png"}, r"index\.json: 0\.image: a path must lie inside"),
        ({"kind": "good"}, r"a\.png: good, yet with a mask"),
        ({"split": 3}, r"index\.json: 0\.split: must be text"),
        (
            {"regions": [{"kind": "spurr", "box_xyxy": [0, 0, 9, 9]}]},
            r"0 \(a\.png\): a region of unknown kind 'spurr'; did you mean spur\?.*--grammar",
        ),
        ({"regions": [{"kind": "spur", "box_xyxy": [9, 0, 9, 9]}]}, r"box .* is empty"),
        ({"regions": [{"kind": "spur", "box_xyxy": [0, 0, 300, 9]}]}, r"reaches over .*200 x 120"),
    ],
)
def test_a_wrong_index_is_one_clear_sentence(
    board_line: Path, tmp_path: Path, fields: dict, said: str
) -> None:
    edit(board_line, **fields)
    with pytest.raises(UserError, match=said) as raised:
        build_here(board_line, tmp_path / "out")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "out" / "referring.jsonl").exists()


def test_wrong_files_are_named(board_line: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(board_line / "a_mask.png"), np.full((60, 60), 255, np.uint8))
    with pytest.raises(UserError, match=r"a_mask\.png: \(60, 60\) does not match.*anew"):
        build_here(board_line, tmp_path / "first")
    (board_line / "a_mask.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"a_mask\.png: .*replace the file"):
        build_here(board_line, tmp_path / "second")


def test_wrong_folders_are_named(board_line: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none: no such folder; a line"):
        build_here(tmp_path / "none", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty: no line in it"):
        build_here(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(UserError, match="is not an empty folder"):
        build_here(board_line, board_line)


def test_a_grammar_adds_to_the_shipped_one(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("kinds: {bent_lead: {names: [bent lead, crooked pin], near: [spur]}}\n")
    grammar = read_grammar(file)
    assert "the crooked pin" in grammar.sentences("bent_lead")
    assert grammar.confusable("spur", "bent_lead")
    assert grammar.universal == read_grammar().universal
    file.write_text(
        "extends: false\nuniversal: [irgendein Fehler]\nforms: {plain: ['{name}']}\n"
        "kinds: {crack: {names: [Riss]}}\n"
    )
    assert read_grammar(file).names == {"crack": ("Riss",)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: {}\n", r":1: kind: no such field; did you mean kinds\?"),
        ("kinds:\n  dent:\n    name: [x]\n", r":3:5: kinds\.dent\.name: no such field .*names"),
        ("forms:\n  plain:\n    - the thing\n", r":3:7: forms\.plain\.0: 'the thing' must hold"),
        ("forms:\n  left: ['{name} {side}']\n", r":2:10: .* nothing else in braces"),
        ("forms:\n  left: ['{name']\n", r":2:10: .*is not a template"),
        ("forms:\n  lefft: ['{name}']\n", r":2:3: .*did you mean left\?"),
        ("kinds: {dent: {names: []}}\n", r":1:16: kinds\.dent\.names: must not be empty"),
        ("kinds: {dent: {names: [3]}}\n", r":1:24: kinds\.dent\.names\.0: must be text, not 3"),
        ("kinds: {a: {names: [b]}\n", r"own\.yaml:2:1: is not YAML"),
        ("universal: [a]\nuniversal: [b]\n", r":2:1: universal: appears twice"),
        ("extends: false\nkinds: {}\n", r"needs `universal` and `forms\.plain`"),
    ],
)
def test_a_wrong_grammar_is_one_clear_sentence(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=said) as raised:
        read_grammar(file)
    assert "\n" not in str(raised.value)
