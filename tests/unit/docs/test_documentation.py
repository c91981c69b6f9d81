"""What the documents promise is what the code has."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.causes import Cause
from contracts.names import Topics
from referee.cli import app
from referee.tables.settings_table import settings_table

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text()
OPERATING = (ROOT / "docs" / "operating.md").read_text()


def test_every_setting_is_documented_with_its_default() -> None:
    assert settings_table() in OPERATING, "run `python -m referee.tables.settings_table`"


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^referee ([a-z]+)", README, re.M))))
def test_commands_of_the_readme_exist(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0, result.output


def test_commands_that_exist_are_in_the_readme() -> None:
    named = set(re.findall(r"^referee ([a-z]+)", README, re.M))
    assert {command.name for command in app.registered_commands} <= named


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_links_of_the_readme_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:[a-z_]+/)+[a-z_]*(?:\.[a-z]+)?)`", README)))
)
def test_paths_of_the_readme_exist(path: str) -> None:
    assert (ROOT / path).exists()


def test_causes_of_the_operating_guide_exist() -> None:
    table = OPERATING.split("## When something dies")[1].split("\n\n")[1]
    named = {cause for row in table.splitlines()[2:] for cause in re.findall(r"`(\w+)`", row)}
    assert named <= {str(cause) for cause in Cause}


def test_topics_are_documented() -> None:
    text = (ROOT / "docs" / "mqtt.md").read_text()
    topics = Topics("<site>", "<line>")
    for topic in (
        topics.config("<station>"),
        topics.verdict("<station>"),
        topics.disposition("<station>"),
        topics.capture("<station>"),
        topics.stored,
        topics.state("<process>"),
        topics.echo("<client>"),
    ):
        assert f"`{topic.removeprefix(topics.root + '/')}`" in text
