"""A grammar that people write: checked field by field, wrong ones named by file and line.

A file adds to the shipped grammar: its kinds and forms are added to, or replace, those of the
same name, its universal sentences instead of the shipped ones. With ``extends: false`` it stands
alone (another language, say).
"""

from __future__ import annotations

from pathlib import Path
from string import Formatter
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from contracts.errors import UserError
from inference.training.words.captions import GRAMMAR, PLAIN, Grammar
from inference.training.words.forms import COUNTS, SIZES, ZONES
from runtime.linefile.checked_yaml import check_yaml, did_you_mean
from runtime.linefile.yaml_lines import read_yaml

FORMS = (PLAIN, *ZONES, *SIZES, *COUNTS.values())


def _template(text: str) -> str:
    try:
        fields = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise ValueError(
            f"{text!r} is not a template ({error}); braces only around {{name}}"
        ) from None
    if fields != ["name"]:
        raise ValueError(f"{text!r} must hold {{name}} once, and nothing else in braces")
    return text


def _form(name: str) -> str:
    if name not in FORMS:
        raise ValueError(f"no such form; {did_you_mean(name, FORMS)}")
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
    document = read_yaml(path, see="docs/data.md for a grammar")
    return check_yaml(GrammarFile, document, document.data)
