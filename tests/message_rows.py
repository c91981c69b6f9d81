"""What people do wrong, for docs/messages.md: `tests/messages.py` does each of them."""

from __future__ import annotations

from typing import NamedTuple

from tests.command_lines import LINE

FULL = """\
site: plant
line: tiles
stations:
  top:
    camera: {kind: replay, folder: photos/train/good}
    prompts:
      - {words: a scratch, label: scratch}
    deadline_ms: 800
"""
GATE = """\
    gate:
      distance_from_trigger_mm: 100
      greatest_belt_speed_mm_per_s: 500
      actuator_ms: 60
      plc_scan_ms: 10
      plc_poll_ms: 20
      margin_ms: 40
"""


class Row(NamedTuple):
    """One thing that goes wrong.

    Attributes:
        done: what a person did, in words.
        command: what was typed.
        file: content of ``line.yaml``, if the command reads one.
        settings: variables of the environment.
    """

    done: str
    command: str
    file: str = FULL
    settings: tuple[tuple[str, str], ...] = ()


def changed(old: str, new: str) -> str:
    """Return the line file with one change."""
    assert old in FULL
    return FULL.replace(old, new)


CHECK = "referee check line.yaml"
QUALITY = (
    Row("named a line file that does not exist", "referee check lines.yaml"),
    Row("named a folder instead of a line file", "referee check photos"),
    Row("left the line file empty", CHECK, ""),
    Row("named a picture instead of a line file", "referee check picture.png"),
    Row("forgot a bracket", CHECK, changed("label: scratch}", "label: scratch")),
    Row("forgot the space after a colon", CHECK, changed("site: plant", "site:plant")),
    Row("indented with a tab", CHECK, changed("    deadline_ms", "\tdeadline_ms")),
    Row("wrote a field wrong", CHECK, changed("deadline_ms", "deadlin_ms")),
    Row("wrote a prompt's field wrong", CHECK, changed("label:", "lable:")),
    Row(
        "used a rule whose package is not installed",
        CHECK,
        changed("label:", "hue_shift: 3, label:"),
    ),
    Row("wrote a prompt in Japanese", CHECK, changed("a scratch,", "キズ,")),
    Row("wrote a prompt in French", CHECK, changed("a scratch,", "tout défaut,")),
    Row("wrote a word that does not exist", CHECK, changed("a scratch,", "xyzzy,")),
    Row("asked for a place", CHECK, changed("a scratch,", "a scratch on the left,")),
    Row(
        "guarded with such words and did not confirm them",
        CHECK,
        changed("a scratch,", "キズ,") + "    mode: guard\n",
    ),
    Row("left out the site", CHECK, changed("site: plant\n", "")),
    Row("left out the prompts", CHECK, FULL.split("    prompts")[0]),
    Row("wrote a station twice", CHECK, FULL + "  top: {camera: {kind: simulated}}\n"),
    Row("wrote a number as text", CHECK, changed("800", '"800"')),
    Row("wrote a time as in a clock", CHECK, changed("800", "10:00")),
    Row("wrote a number with a leading zero", CHECK, changed("deadline_ms: 800", "plc_unit: 010")),
    Row("gave a negative deadline", CHECK, changed("800", "-5")),
    Row("left a rule without a value", CHECK, changed("label:", "largest_count: , label:")),
    Row("gave a prompt of blanks", CHECK, changed("a scratch", '"  "')),
    Row("used a mode that does not exist", CHECK, changed("deadline_ms: 800", "mode: gard")),
    Row("used a camera that is not installed", CHECK, changed("kind: replay", "kind: webcam")),
    Row("wrote a camera's option wrong", CHECK, changed("folder:", "foldr:")),
    Row(
        "named a folder of pictures that does not exist",
        CHECK,
        changed("photos/train/good", "fotos"),
    ),
    Row(
        "crossed the edges of a region of interest",
        CHECK,
        FULL + "    region_of_interest: [[0, 0], [0.9, 0.9], [0.9, 0], [0, 0.9]]\n",
    ),
    Row("used a variable that is not set", CHECK, changed("photos/train/good", '"${PHOTOS}"')),
    Row("named a picture that does not exist", "referee inspect photo.png"),
    Row("named a folder instead of a picture", "referee inspect photos"),
    Row("named a file as the folder for overlays", "referee inspect picture.png --out line.yaml"),
    Row("asked about a part where no line was started", "referee part 4711"),
    Row("asked about a part in a folder without a database", "referee part 4711 --run-dir folder"),
    Row("asked about a part, and the database is damaged", "referee part 4711 --run-dir damaged"),
    Row("applied a file, and the line does not run", "referee apply line.yaml"),
    Row(
        "let every part through and gave no reason",
        "referee apply line.yaml",
        changed("deadline_ms: 800", "mode: bypass"),
    ),
)
CONTROLS = (
    Row(
        "started a line, and its dashboard's port is taken",
        "referee up --line line.yaml",
        FULL + "sockets: {dashboard: PORT}\n",
    ),
    Row(
        "started a line, and its Modbus port is taken",
        "referee up --line line.yaml",
        FULL + "sockets: {modbus: PORT}\n",
    ),
    Row(
        "gave two stations one unit id",
        CHECK,
        FULL
        + FULL.split("stations:\n")[1]
        .replace("top", "side")
        .replace("800", "800\n    plc_unit: 1"),
    ),
    Row("chose a fieldbus that is not installed", CHECK, FULL + "    plc: {protocol: profinet}\n"),
    Row("gave a unit id that Modbus does not have", CHECK, FULL + "    plc: {unit: 300}\n"),
    Row(
        "gave a deadline after the gate",
        CHECK,
        FULL + GATE,
    ),
    Row("ran a line without a simulated PLC", "referee run --line line.yaml --parts 5"),
    Row("stopped a line where none was started", "referee down --run-dir folder"),
    Row("asked how a line is where none was started", "referee status --run-dir folder"),
    Row("named a run folder that is a file", "referee up --line line.yaml --run-dir picture.png"),
    Row("wrote the broker's address without its port", "referee apply line.yaml --mqtt broker"),
    Row(
        "gave a database that Referee cannot use",
        "referee part 1 --run-dir folder",
        FULL,
        (("REFEREE_DATABASE_URL", "mysql://me:secret@db/parts"),),
    ),
    Row(
        "gave an address of a database that is none",
        "referee part 1 --run-dir folder",
        FULL,
        (("REFEREE_DATABASE_URL", "postgres"),),
    ),
    Row(
        "a server is not installed",
        "referee run --line line.yaml --parts 5",
        LINE,
        (("PATH", "/nowhere"),),
    ),
)
DEVELOPER = (
    Row("mistyped a command", "referee chek line.yaml"),
    Row("mistyped an option", "referee check line.yaml --runs x"),
    Row("left out an argument", "referee check"),
    Row("gave a number outside its bounds", "referee run --parts 0"),
    Row("gave a word for a number", "referee run --parts many"),
    Row("gave a path that is too long", "referee check " + "n" * 300),
    Row("gave links that lead to each other", "referee check loop"),
    Row("measured on a folder that does not exist", "referee evaluate --data none"),
    Row("measured on a folder without a data set", "referee evaluate --data folder"),
    Row("measured on an index that is not valid", "referee evaluate --data index"),
    Row(
        "named a checkpoint that does not exist", "referee evaluate --data photos --checkpoint x.pt"
    ),
    Row(
        "served models from a folder that does not exist",
        "referee evaluate --data photos --engine served",
        FULL,
        (("REFEREE_MODELS", "models"),),
    ),
    Row("named a Triton that does not answer", "referee inspect picture.png --triton 127.0.0.1:1"),
    Row("wrote Triton's address wrong", "referee inspect picture.png --triton triton"),
    Row(
        "built a data set in a folder that is not empty",
        "referee data build --data photos --out photos",
    ),
    Row("counted a data set that does not exist", "referee data stats --data folder"),
    Row("counted a file that is not a data set", "referee data stats --data binary"),
    Row("gave a recipe that does not exist", "referee train --recipe recipe.yaml"),
    Row("made a page from a file that is not JSON", "referee bench page line.yaml --out page.md"),
)
PEOPLE = {"Quality engineer": QUALITY, "Controls engineer": CONTROLS, "Developer": DEVELOPER}
