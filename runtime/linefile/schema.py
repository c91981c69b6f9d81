"""A JSON Schema of line files, for editors: draft 7, which YAML language servers know.

It is made from the classes that check a line file, those of installed cameras, rules and
fieldbuses included. It cannot say what follows from several fields, or from the machine:
``referee check`` does.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from contracts.camera import GROUP as CAMERAS
from contracts.camera import camera_class
from contracts.errors import UserError
from contracts.fieldbus import FIELDBUSES
from contracts.identity import SLUG
from contracts.line import LineFile
from contracts.names import RESERVED
from contracts.plugins import plugin_names
from contracts.polygon import MOST_CORNERS
from contracts.release import RECIPE_NUMBER
from contracts.rules import rule_class, rule_names, takes_polygon

Schema = dict[str, Any]
DRAFT = "http://json-schema.org/draft-07/schema#"
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
POLYGON: Schema = {
    "type": "array",
    "minItems": 3,
    "maxItems": MOST_CORNERS,
    "items": {"type": "array", "items": [_SHARE, _SHARE], "minItems": 2, "additionalItems": False},
}
PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}


class _WithoutOwnTitles(GenerateJsonSchema):
    """A title is what somebody wrote for people, not a field's name again."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def line_schema() -> Schema:
    """Return the schema of line files, as JSON."""
    schema = _of(LineFile)
    parts = schema["definitions"]
    parts["CameraConfig"] = _cameras(parts)
    parts["Prompt"] = _prompt(parts["Prompt"], parts)
    for holder in (parts["Station"], parts["Recipe"]):
        _or_empty(holder["properties"], "region_of_interest", POLYGON)
    _name_fieldbuses(parts)
    _name_keys(schema, parts)
    return {"$schema": DRAFT, "title": "Line file of Referee", **schema}


def _of(model: type[BaseModel]) -> Schema:
    """Return a model's schema in draft 7, with what people wrote as descriptions."""
    made = model.model_json_schema(schema_generator=_WithoutOwnTitles)
    made["definitions"] = made.pop("$defs", {})
    text = json.dumps(made).replace("#/$defs/", "#/definitions/")
    return json.loads(text, object_hook=_plain)


def _plain(node: Schema) -> Schema:
    if isinstance(title := node.get("title"), str):
        del node["title"]
        if title[:1].islower() or " " in title or "description" not in node:
            node["description"] = title
    if isinstance(says := node.get("description"), str):
        node["description"] = " ".join(says.split("\n\n")[0].replace("``", "`").split())
    if isinstance(node.get("default"), dict):
        del node["default"]
    if "prefixItems" in node:
        node["items"], node["additionalItems"] = node.pop("prefixItems"), False
    return node


def _cameras(parts: Schema) -> Schema:
    kinds = list(plugin_names(CAMERAS))
    told = {kind: _loaded(partial(camera_class, kind), parts) for kind in kinds}
    for kind, options in told.items():
        options["properties"] = {"kind": {"const": kind}, **options.get("properties", {})}
    return {
        "type": "object",
        "description": "Where pictures come from.",
        "properties": {"kind": {"enum": kinds, "description": "Name of the camera"}},
        "required": ["kind"],
        "allOf": [
            {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": options}
            for kind, options in told.items()
        ],
    }


def _prompt(prompt: Schema, parts: Schema) -> Schema:
    fields = prompt["properties"]
    for name, least in (("words", "What to look for"), ("label", "A name")):
        fields[name] = {
            "type": "string",
            "pattern": r"\S",
            "maxLength": _bound(fields[name], "maxLength"),
            "description": fields[name].get("description", least),
        }
    for name in rule_names():
        fields[name] = _loaded(partial(rule_class, name), parts)
        if takes_polygon(name):
            fields[name] |= POLYGON
    for name, field in fields.items():
        fields[name] = _without_null(field)
    return {**prompt, "additionalProperties": False}


def _loaded(load: Callable[[], type[BaseModel]], parts: Schema) -> Schema:
    """Return the schema of a plug-in's class; of one that cannot be loaded, one that takes all."""
    try:
        schema = _of(load())
    except UserError as error:
        return {"description": str(error)}
    parts |= schema.pop("definitions")
    return schema


def _name_fieldbuses(parts: Schema) -> None:
    protocols = list(plugin_names(FIELDBUSES))
    parts["PlcLink"]["properties"]["protocol"]["enum"] = protocols
    ports = parts["Sockets"]["properties"]
    ports["fieldbuses"]["additionalProperties"] = False
    ports["fieldbuses"]["properties"] = dict.fromkeys(protocols, PORT)
    for name in protocols:
        ports[name] = {**PORT, "description": f"Port of the fieldbus {name}"}


def _name_keys(schema: Schema, parts: Schema) -> None:
    """Station names, product recipes' numbers, and what version 0.1 wrote in another way."""
    stations = schema["properties"]["stations"]
    station = stations.pop("additionalProperties", None) or {"$ref": "#/definitions/Station"}
    stations.pop("patternProperties", None)
    stations["additionalProperties"] = station
    stations["propertyNames"] = {"pattern": SLUG, "not": {"enum": sorted(RESERVED)}}
    recipes = parts["Station"]["properties"]["recipes"]
    recipes["patternProperties"] = {RECIPE_NUMBER: {"$ref": "#/definitions/Recipe"}}
    recipes["additionalProperties"] = False
    recipes.pop("propertyNames", None)
    names = {"type": "array", "items": {"type": "string"}, "description": "Stations with it"}
    schema["properties"]["opcua"] = {
        "type": "object",
        "deprecated": True,
        "description": "As version 0.1 wrote it; today sockets.opcua and plc.protocol",
        "properties": {"port": PORT, "stations": names},
        "additionalProperties": False,
    }
    parts["Station"]["properties"]["plc_unit"]["deprecated"] = True


def _or_empty(fields: Schema, name: str, value: Schema) -> None:
    said = fields[name].get("description", "")
    fields[name] = {"anyOf": [value, {"type": "null"}], "default": None, "description": said}


def _without_null(field: Schema) -> Schema:
    """A field of a prompt has a value, or is not there."""
    kept = [each for each in field.get("anyOf", ()) if each != {"type": "null"}]
    others = {name: value for name, value in field.items() if name not in ("anyOf", "default")}
    if "anyOf" not in field:
        return others
    return {**others, **kept[0]} if len(kept) == 1 else {**others, "anyOf": kept}


def _bound(field: Schema, name: str) -> Any:
    return next(each[name] for each in (field, *field.get("anyOf", ())) if name in each)
