"""A prompt: what a defect looks like, in words, and the rules that its findings are held to."""

from __future__ import annotations

import json
import unicodedata
from functools import lru_cache
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, to_jsonable_python

from contracts.errors import UserError
from contracts.identity import Config
from contracts.plain_words import reason_of
from contracts.rules import AnyFinding, Filter, Limit, rule_class, rule_names

UNIVERSAL_PROMPT = "any defect"
"""The words that ask the shipped network for anything that is wrong."""


class Prompt(Config):
    """What a defect is, in the words of the people who run the line, and how much of it counts.

    Every other field is a rule by its registered name, such as ``smallest_area: 0.5``; ``null``
    is as good as leaving it out. Rules stay values here, as they were written, so that a release
    is stored and sent without the classes that read it.
    """

    model_config = ConfigDict(extra="allow")

    words: Annotated[str, Field(min_length=1, max_length=400, title="What to look for, in words")]
    confirmed: Annotated[
        bool,
        Field(title="A person knows what `referee check` warns of in the words, and wants them"),
    ] = False
    label: Annotated[
        str | None,
        Field(max_length=60, title="Short name for charts and lists; the words themselves if none"),
    ] = None

    @field_validator("words")
    @classmethod
    def _can_be_seen(cls, words: str) -> str:
        if not any(unicodedata.category(letter)[0] in "LNPS" for letter in words):
            raise ValueError("is blank: write what a defect looks like")
        return words

    @property
    def name(self) -> str:
        """Return what charts and lists call it."""
        return self.label or self.words

    @property
    def filters(self) -> dict[str, Filter]:
        """Return the rules that decide which of its findings count, by name."""
        return {name: rule for name, rule in self._rules().items() if isinstance(rule, Filter)}

    @property
    def limits(self) -> dict[str, Limit]:
        """Return the rules that reject a part, by name; ``any`` if the prompt names none."""
        named = {name: rule for name, rule in self._rules().items() if isinstance(rule, Limit)}
        return named or {"any": AnyFinding(0)}

    def in_words(self, unit: str) -> str:
        """Return when this prompt rejects a part, as a sentence without its full stop.

        ``unit`` is that of lengths, ``mm`` or ``px``.
        """
        limits = " or ".join(rule.in_words(unit) for rule in self.limits.values())
        filters = " and ".join(filter(None, (r.in_words(unit) for r in self.filters.values())))
        if not filters:
            return f"Reject on {limits}"
        if "any" in self.limits:
            return f"Reject on {limits} {filters}"
        return f"Reject on {limits}, counting only findings {filters}"

    @classmethod
    def known_fields(cls) -> list[str]:
        """Return what a prompt may have: its own fields and every installed rule."""
        return [*cls.model_fields, *rule_names()]

    def _rules(self) -> dict[str, Filter | Limit]:
        values = self.__pydantic_extra__ or {}
        given = sorted(name for name, value in values.items() if value is not None)
        return {name: _rule(name, values[name]) for name in given}

    @model_validator(mode="after")
    def _rules_are_valid(self) -> Self:
        values = self.__pydantic_extra__ or {}
        problems: list[InitErrorDetails] = []
        for name, value in values.items():
            try:
                values[name] = _normal(name, value)
            except ValidationError as error:
                problems += [
                    _problem(found["type"], reason_of(found), found["input"], name, *found["loc"])
                    for found in error.errors()
                ]
            except UserError as error:
                problems.append(_problem("rule", str(error), value, name))
        if problems:
            raise ValidationError.from_exception_data("Prompt", problems)
        return self


def _normal(name: str, value: Any) -> Any:
    """Return the value of a rule as JSON has it, with the types of the rule's class."""
    if name not in rule_names():
        unknown = _problem("extra_forbidden", "no rule of this name is installed", value)
        raise ValidationError.from_exception_data(name, [unknown])
    return None if value is None else _rule(name, value).model_dump(mode="json")


def _rule(name: str, value: Any) -> Filter | Limit:
    """Raises UserError if the rule cannot be loaded, ValidationError if its value is not valid."""
    return _parsed(rule_class(name), json.dumps(to_jsonable_python(value)))


@lru_cache(maxsize=1024)
def _parsed(kind: type[Filter] | type[Limit], text: str) -> Filter | Limit:
    return kind.model_validate_json(text, strict=True)


def _problem(kind: str, says: str, value: Any, *place: str | int) -> InitErrorDetails:
    wrong = PydanticCustomError(kind, "{says}", {"says": says})
    return InitErrorDetails(type=wrong, loc=place, input=value)
