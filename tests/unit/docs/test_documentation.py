"""What the documents promise is what the code has."""

import re
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.causes import Cause
from contracts.exit_codes import ExitCode
from contracts.names import Topics
from referee.cli import app
from referee.tables.conditions_table import conditions_table
from referee.tables.settings_table import settings_table
from runtime.process.run_folder import RunFolder

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text()
OPERATING = (ROOT / "docs" / "operating.md").read_text()
GUIDES = {
    name: (ROOT / name).read_text()
    for name in ("README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/glossary.md")
}
"""What a newcomer reads first: every link and path in them leads somewhere."""
PATH = r"`((?:[a-z_]+/)+[a-z_0-9]*(?:\.[a-z]+)?)`"


def test_every_setting_is_documented_with_its_default() -> None:
    assert settings_table() in OPERATING, "run `python -m referee.tables.settings_table`"


def test_every_condition_is_documented_with_its_remedy() -> None:
    assert conditions_table() in OPERATING, "run `python -m referee.tables.conditions_table`"


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^referee ([a-z]+)", README, re.M))))
def test_commands_of_the_readme_exist(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0, result.output


def test_commands_that_exist_are_in_the_readme() -> None:
    named = set(re.findall(r"^referee ([a-z]+)", README, re.M))
    assert {command.name for command in app.registered_commands} <= named


@pytest.mark.parametrize("guide", GUIDES)
def test_links_lead_somewhere(guide: str) -> None:
    folder = (ROOT / guide).parent
    targets = set(re.findall(r"\]\(([^)#:]+)\)", GUIDES[guide]))
    assert [target for target in targets if not (folder / target).exists()] == []


@pytest.mark.parametrize("guide", GUIDES)
def test_headings_that_are_linked_to_exist(guide: str) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]+)#([^)]+)\)", GUIDES[guide]):
        text = ((ROOT / guide).parent / target).read_text()
        headings = re.findall(r"^#+ (.+)$", text, re.M)
        anchors = {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}
        assert anchor in anchors, f"{target}#{anchor}"


def test_entry_points_of_the_readme_are_registered() -> None:
    registered = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    groups = set(re.findall(r"`(referee\.[a-z]+)`", README))
    assert "referee.cameras" in groups
    assert groups <= set(registered)


def test_folders_of_the_readme_are_those_of_the_project() -> None:
    listed = set(re.findall(r"^([a-z_]+)/ ", README, re.M))
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"tests"}
    assert listed == packages | {"triton_models"}


@pytest.mark.parametrize("guide", GUIDES)
def test_paths_exist(guide: str) -> None:
    paths = set(re.findall(PATH, GUIDES[guide]))
    assert [path for path in paths if not _exists(path)] == []


def _exists(path: str) -> bool:
    """Whether it is there: from the project's folder, or as a folder inside a room."""
    return any(any(ROOT.glob(f"{above}{path}")) for above in ("", "[a-z]*/", "[a-z]*/[a-z]*/"))


def test_every_room_is_on_the_map() -> None:
    rooms = {child.parent.name for child in ROOT.glob("*/__init__.py")} | {"triton_models"}
    on_the_map = set(re.findall(r"^\| `(\w+)/`", GUIDES["docs/architecture.md"], re.M))
    assert rooms == on_the_map


def test_causes_of_the_operating_guide_exist() -> None:
    table = OPERATING.split("## When something dies")[1].split("\n\n")[1]
    named = {cause for row in table.splitlines()[2:] for cause in re.findall(r"`(\w+)`", row)}
    assert named <= {str(cause) for cause in Cause}


def test_files_of_the_run_folder_are_those_of_the_code() -> None:
    table = OPERATING.split("| in the run folder |")[1].split("\n\n")[0]
    named = set(re.findall(r"^\| `([^`/]+)/?`", table, re.M))
    folder = RunFolder(Path("run"))
    values = [getattr(folder, name) for name in vars(RunFolder)]
    names = {value.name for value in values if isinstance(value, Path)}
    assert named <= names | {folder.database_url.rpartition("/")[2]}
    assert len(named) >= 6


def test_variables_of_commands_and_triton_are_documented() -> None:
    read = [
        ROOT / "referee" / "project.py",
        ROOT / "inference" / "model_name.py",
        *(ROOT / "inference" / "serving").glob("*.py"),
    ]
    names = {name for file in read for name in re.findall(r"REFEREE_[A-Z_]+", file.read_text())}
    assert {"REFEREE_RUNTIME_DIR", "REFEREE_MODEL_THREADS"} <= names
    assert {name for name in names if f"| `{name}` |" not in OPERATING} == set()


def test_extras_are_documented() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    table = OPERATING.split("| extra | for |")[1].split("\n\n")[0]
    named = set(re.findall(r"^\| `(\w+)` \|", table, re.M))
    assert named == set(project["optional-dependencies"]) - {"dev"}


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


def test_exit_codes_are_documented() -> None:
    table = (ROOT / "docs" / "commands.md").read_text().split("## Exit codes")[1]
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", table, re.M)
    assert rows == [(str(each.value), each.meaning) for each in ExitCode]
