"""A grammar that people write: checked field by field, wrong ones named by file and line.

A file adds to the shipped grammar: its kinds and forms stand beside or instead of those of the
same name, its universal sentences instead of the shipped ones. With ``extends: false`` it stands
alone (another language, say).
"""

from __future__ import annotations

import json
from difflib import get_close_matches
from pathlib import Path
from string import Formatter
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic_core import ErrorDetails

from contracts.errors import BadLineFile, UserError
from inference.training.words.captions import GRAMMAR, PLAIN, Grammar
from inference.training.words.referring import COUNTS, SIZES, ZONES
from runtime.linefile.yaml_lines import YamlLines, read_yaml

FORMS = (PLAIN, *ZONES, *SIZES, *COUNTS.values())


def _template(text: str) -> str:
    try:
        fields = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise ValueError(
            f"{text!r} is no template ({error}); braces only around {{name}}"
        ) from None
    if fields != ["name"]:
        raise ValueError(f"{text!r} must hold {{name}} once, and nothing else in braces")
    return text


def _form(name: str) -> str:
    if name not in FORMS:
        raise ValueError(f"no such form; {_near(name, FORMS)}")
    return name


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Template = Annotated[Words, AfterValidator(_template)]
Form = Annotated[str, AfterValidator(_form)]


class KindWords(BaseModel):
    """What people call a kind, and the kinds they may mix up with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    names: Annotated[tuple[Words, ...], Field(min_length=1)]
    near: tuple[str, ...] = ()


class GrammarFile(BaseModel):
    """A grammar as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    extends: bool = True
    universal: Annotated[tuple[Words, ...], Field(min_length=1)] | None = None
    forms: dict[Form, tuple[Template, ...]] = Field(default_factory=dict)
    kinds: dict[str, KindWords] = Field(default_factory=dict)

    def grammar(self) -> Grammar:
        return Grammar(
            universal=self.universal or (),
            forms=dict(self.forms),
            names={kind: words.names for kind, words in self.kinds.items()},
            near={kind: frozenset(words.near) for kind, words in self.kinds.items()},
        )


def read_grammar(path: Path | None = None) -> Grammar:
    """The shipped grammar, or what a file makes of it.

    Raises:
        UserError: with file, line, field, what is wrong and what would be right.
    """
    if path is None:
        return _parsed(GRAMMAR).grammar()
    own = _parsed(path)
    if own.extends:
        return _over(read_grammar(), own)
    if own.universal is None or not own.forms.get(PLAIN):
        raise UserError(f"{path}: extends nothing, so it needs `universal` and `forms.plain`")
    return own.grammar()


def _over(shipped: Grammar, own: GrammarFile) -> Grammar:
    added = own.grammar()
    return Grammar(
        universal=added.universal or shipped.universal,
        forms=shipped.forms | added.forms,
        names=shipped.names | added.names,
        near=shipped.near | added.near,
    )


def _parsed(path: Path) -> GrammarFile:
    try:
        document = read_yaml(path)
    except BadLineFile as error:
        where = f"{path}:{error.line}" if error.line else str(path)
        raise UserError(
            f"{where}: {error.field + ': ' if error.field else ''}{error.reason}; "
            f"{error.remedy or 'see docs/data.md for a grammar'}"
        ) from error
    try:
        return GrammarFile.model_validate_json(json.dumps(document.data), strict=True)
    except ValidationError as error:
        raise _first_of(error.errors(), document) from error


def _first_of(problems: list[ErrorDetails], document: YamlLines) -> UserError:
    place, problem = min(
        ((document.place(problem["loc"]), problem) for problem in problems),
        # A mistyped field is also missing under its right name: the typing error comes first.
        key=lambda pair: (pair[1]["type"] == "missing", pair[0].line),
    )
    said = f"{document.path}:{place.line}: {place.dotted}: {_explain(problem, place.dotted)}"
    more = len(problems) - 1
    return UserError(said + (f" (and {more} more)" if more else ""))


def _explain(problem: ErrorDetails, dotted: str) -> str:
    if problem["type"] == "extra_forbidden":
        inside = KindWords if dotted.startswith("kinds.") else GrammarFile
        return f"no such field; {_near(dotted.rsplit('.', 1)[-1], tuple(inside.model_fields))}"
    if problem["type"] == "missing":
        return "is missing; add it"
    message = problem["msg"].removeprefix("Value error, ")
    if isinstance(problem["input"], dict | list) or problem["type"] == "value_error":
        return message
    return f"{message}, not {problem['input']!r}"


def _near(word: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
