"""What an older version wrote is read for ever; what a newer one wrote is refused by name."""

import json
from pathlib import Path
from typing import Annotated, Any, get_args

import pytest
from pydantic import Field

from contracts import messages
from contracts.errors import MalformedMessage
from contracts.identity import Message
from contracts.messages import CaptureNotice, Disposition, FrameHeader, Stored, Trigger, Verdict
from contracts.names import SINK
from contracts.parsing import parse
from contracts.process_state import ProcessState, Role
from contracts.release import Activation, Prompt, Release, StationConfig, name_of
from contracts.roster import Roster

FIXTURES = Path(__file__).parents[2] / "fixtures"
KINDS: dict[str, type[Message]] = {
    "activation": Activation,
    "capture": CaptureNotice,
    "disposition": Disposition,
    "frame": FrameHeader,
    "release": Release,
    "roster": Roster,
    "state": ProcessState,
    "stored": Stored,
    "trigger": Trigger,
    "verdict": Verdict,
}
OLD = sorted(path for path in FIXTURES.glob("v*/*.json") if path.stem != "recipe_names")
RELEASES = [path for path in OLD if path.stem.startswith(("activation", "release"))]
NEWER = {"schema_version": 99, "colour": "red"}


def kind_of(path: Path) -> type[Message]:
    return KINDS[path.stem.split("_")[0]]


def named(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


class LaterPrompt(Prompt):
    """A prompt of a later version, with one more optional field."""

    least_roundness: float = 0.0


class LaterConfig(StationConfig):
    """A configuration of a later version, with more optional fields."""

    prompts: Annotated[tuple[LaterPrompt, ...], Field(min_length=1)]
    settle_ms: int = 0


class LaterActivation(Activation):
    """What a process of a later version reads from the ``config`` topic."""

    config: LaterConfig


def test_every_kind_of_message_has_documents() -> None:
    versioned = {
        model
        for model in (*vars(messages).values(), ProcessState, Release, Activation, Roster)
        if isinstance(model, type) and "schema_version" in getattr(model, "model_fields", {})
    }
    assert versioned == set(KINDS.values())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_version_that_a_class_has_written_has_a_document(kind: str) -> None:
    newest = KINDS[kind].model_fields["schema_version"].default
    versions = {path.parent.name for path in OLD if kind_of(path) is KINDS[kind]}
    assert versions == {f"v{version}" for version in range(1, newest + 1)}


def of_the_same_fields(read: Any, written: Any) -> Any:
    """Return ``read`` without the fields that later versions added, at any depth."""
    if isinstance(written, dict):
        return {name: of_the_same_fields(read[name], written[name]) for name in written}
    if isinstance(written, list):
        return [of_the_same_fields(*pair) for pair in zip(read, written, strict=True)]
    return read


@pytest.mark.parametrize("path", OLD, ids=named)
def test_an_old_document_says_the_same_today(path: Path) -> None:
    written = json.loads(path.read_text())
    read = parse(kind_of(path), path.read_text(), path.name).model_dump(mode="json")
    assert of_the_same_fields(read, written) == written


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_reader_takes_one_schema_version_back(kind: str) -> None:
    field = KINDS[kind].model_fields["schema_version"]
    assert set(get_args(field.annotation)) >= {max(field.default - 1, 1), field.default}


@pytest.mark.parametrize("path", RELEASES, ids=named)
def test_a_release_survives_an_added_optional_field(path: Path) -> None:
    raw = path.read_text()
    old, later = parse(Activation, raw, ""), parse(LaterActivation, raw, "")
    assert later.release_id == old.release_id
    assert later.model_dump_json(include={"config"}) == old.model_dump_json(include={"config"})
    assert [each.release_id for each in later.recipes()] == [
        each.release_id for each in old.recipes()
    ]


@pytest.mark.parametrize("role", ["bridge", "inference", "ingest"])
def test_a_state_of_version_1_has_the_role_that_its_process_is_named_after(role: str) -> None:
    raw = (FIXTURES / f"v1/state_{role}.json").read_text()
    assert parse(ProcessState, raw, "a topic").role is Role(role)


def test_recipes_keep_the_names_that_version_1_gave_them() -> None:
    release = Activation.model_validate_json((FIXTURES / "v1/activation_recipes.json").read_text())
    names = {str(number): release.of_recipe(number) for number in release.config.recipes}
    assert {number: each and each.release_id for number, each in names.items()} == json.loads(
        (FIXTURES / "v1/recipe_names.json").read_text()
    )


CONFIG: dict[str, Any] = {
    "camera": {"kind": "replay"},
    "prompts": [{"words": "a dent"}, {"words": "rust", "largest_count": 2}],
    "recipes": {2: {"prompts": [{"words": "oil"}]}},
}


def test_an_added_optional_field_names_no_release_anew() -> None:
    today = Release.of("tiles", StationConfig.model_validate(CONFIG))
    later = LaterActivation.of("tiles", LaterConfig.model_validate(CONFIG))
    assert later.release_id == today.release_id
    used = LaterActivation.of("tiles", LaterConfig.model_validate(CONFIG | {"settle_ms": 5}))
    assert used.release_id != today.release_id


def test_a_value_that_is_the_default_is_not_part_of_the_name() -> None:
    written = CONFIG | {"deadline_ms": 1000, "scale_mm_per_px": "unknown"}
    assert Release.of("tiles", StationConfig.model_validate(written)) == Release.of(
        "tiles", StationConfig.model_validate(CONFIG)
    )


def test_a_release_id_that_is_not_that_of_the_document_is_refused() -> None:
    said = json.loads((FIXTURES / "v1/release_plain.json").read_text())
    said["config"]["deadline_ms"] = 999
    with pytest.raises(
        MalformedMessage, match=f"its content is {name_of('tiles', said['config'])}"
    ):
        parse(Release, json.dumps(said), "a topic")


@pytest.mark.parametrize("path", OLD, ids=named)
def test_a_newer_schema_version_is_refused_by_name(path: Path) -> None:
    newer = json.dumps(json.loads(path.read_text()) | NEWER)
    readable = kind_of(path).model_fields["schema_version"].default
    with pytest.raises(MalformedMessage) as refused:
        parse(kind_of(path), newer, path.name)
    assert refused.value.reason == (
        f"schema_version 99 is newer than this version reads ({readable}),"
        " with the unknown fields colour"
    )


def test_a_newer_version_without_unknown_fields_is_refused_too() -> None:
    said = json.loads((FIXTURES / "v1/trigger.json").read_text()) | {"schema_version": 3}
    with pytest.raises(MalformedMessage, match=r"schema_version 3 is newer .* \(1\)$"):
        parse(Trigger, json.dumps(said), "a stream")


def test_an_unknown_field_of_todays_version_is_a_mistake() -> None:
    said = json.loads((FIXTURES / "v1/trigger.json").read_text()) | {"colour": "red"}
    with pytest.raises(MalformedMessage, match="colour: no such field"):
        parse(Trigger, json.dumps(said), "a stream")


def test_stored_of_version_1_is_by_the_only_sink() -> None:
    assert parse(Stored, (FIXTURES / "v1/stored.json").read_bytes(), "a topic").by == SINK
