"""Words that the network does not understand are said before they cost parts."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from contracts.errors import UserError
from referee.cli import app
from referee.line.signing import signed
from referee.line.word_check import warning_lines
from runtime.linefile.line_file import load_line_file

LINE = """\
site: plant
line: line
stations:
  tiles:
    camera: {{kind: simulated}}
    mode: {mode}
    prompts: [{{words: any defect, label: defect}}, {{words: {words}{more}}}]
"""


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "200")

    def line(words: str, mode: str = "guard", more: str = "") -> Path:
        file = tmp_path / "line.yaml"
        file.write_text(LINE.format(mode=mode, words=words, more=more))
        return file

    return line


def check(file: Path) -> Result:
    return CliRunner().invoke(app, ["check", str(file), "--run-dir", str(file.parent / "never")])


@pytest.mark.parametrize("words", ["キズ", "tout défaut", "xyzzy", "🔥", "scratch " * 40])
def test_a_guarding_station_wants_unknown_words_confirmed(line, words: str) -> None:
    file = line(words.strip())
    result = check(file)
    assert isinstance(result.exception, UserError)
    assert f'tiles, prompt 2 "{words.strip()}": ' in str(result.exception)
    assert "`confirmed: true`" in str(result.exception)
    with pytest.raises(UserError, match="tiles, prompt 2"):
        signed(load_line_file(file).releases(), "anna", "a trial")


def test_confirmed_words_are_taken_and_still_warned_of(line) -> None:
    file = line("xyzzy", more=", confirmed: true")
    result = check(file)
    assert result.exit_code == 0
    assert 'warning: tiles, prompt 2 "xyzzy": unlike everything' in result.output
    assert "Confirmed in the file." in result.output
    [activation] = signed(load_line_file(file).releases(), "anna", "")
    assert activation.config.prompts[1].confirmed
    assert list(activation.word_warnings) == ["xyzzy"]
    [first, _] = activation.word_warnings["xyzzy"]
    assert first.startswith("unlike everything that the network was trained to find")
    assert warning_lines([activation])[0].startswith('tiles: "xyzzy": unlike everything')


def test_other_modes_only_warn(line) -> None:
    file = line("xyzzy", mode="observe")
    result = check(file)
    assert result.exit_code == 0
    assert 'warning: tiles, prompt 2 "xyzzy": unlike everything' in result.output
    assert "Confirmed" not in result.output
    assert signed(load_line_file(file).releases(), "anna", "")


def test_known_words_are_not_warned_of(line) -> None:
    result = check(line("a scratch"))
    assert result.exit_code == 0
    assert "warning" not in result.output


def test_prompts_of_recipes_are_judged_too(line) -> None:
    file = line("a scratch")
    file.write_text(file.read_text() + "    recipes: {7: {prompts: [{words: xyzzy}]}}\n")
    assert 'tiles, recipe 7, prompt 1 "xyzzy"' in str(check(file).exception)


def test_without_the_encoder_only_sentences_of_training_are_taken(
    line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFEREE_TEXT_ENCODER", "/nowhere")
    assert check(line("any blowhole")).exit_code == 0
    refused = str(check(line("a scratch")).exception)
    assert "these words were not judged: text encoder: /nowhere/model.safetensors" in refused
    observed = check(line("a scratch", mode="observe"))
    assert observed.exit_code == 0
    assert "these words were not judged" in observed.output


def test_a_network_that_does_not_say_its_words_is_named(
    line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFEREE_MODELS", str(tmp_path))
    assert "words.safetensors is missing; `referee export`" in str(check(line("a dent")).exception)
