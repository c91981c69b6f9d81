"""What is wrong with a text that is not YAML, in plain words: PyYAML speaks of tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import yaml
from yaml.reader import ReaderError

from contracts.errors import BadYaml
from runtime.linefile.yaml_text import named

_WORDS: Mapping[str, tuple[str, str]] = {
    r"too deep": ("groups and lists are nested too deeply", ""),
    r"found character '\\t'": ("a tab is not allowed here", "indent with spaces"),
    r"found character '(.)'": ("text cannot begin with {0}", "put it in quotes"),
    r"mapping values are not allowed": (
        "a ':' is not allowed here",
        "check how far the lines above are indented; text that holds ': ' needs quotes",
    ),
    r"expected <block end>": (
        "this line does not fit those above it",
        "check how far it is indented; quotes and brackets must hold the whole value",
    ),
    r"could not find expected ':'": ("a ':' is missing", "write KEY: VALUE, or - VALUE in a list"),
    r"expected ',' or '(.)'": ("a list or group is not closed", "write , or {0}"),
    r"undefined alias '(.*)'": (
        "*{0} is used, and no &{0} comes before it",
        "text that begins with * needs quotes",
    ),
    r"undefined alias": ("an alias is used that nothing above defines", ""),
    r"duplicate anchor": ("an anchor of this name was given before", "choose another name"),
    r"unexpected end of stream": ("quotes are opened and not closed", "close them"),
    r"unexpected document separator": ("quotes are opened and not closed", "close them"),
    r"unknown escape character '(.)'": (
        "\\{0} means nothing in double quotes",
        "write \\\\, or put the text in single quotes",
    ),
    r"expected escape sequence": ("a number with letters after \\x or \\u is not complete", ""),
    r"found another document": ("the file holds a second document", "remove the line with ---"),
    r"expected '<document start>'": (
        "the value ended on the line above",
        "check how far this line is indented",
    ),
    r"incompatible YAML document": ("%YAML must say 1.2", "remove the line"),
    r"sequence entries are not allowed": (
        "a list cannot begin here",
        "begin it on a line of its own",
    ),
    r"mapping keys are not allowed": ("a key cannot stand here", ""),
    r"undefined tag handle|tag": ("text that begins with ! needs quotes", ""),
    r"anchor|alias": ("text that begins with & or * needs quotes", ""),
    r"directive": ("a line that begins with % is not known", "remove it"),
    r"chomping|indentation indicator": ("after | or > only + and - may follow", ""),
}


def mistake_of(path: Path, text: str, error: yaml.YAMLError) -> BadYaml:
    """Return the error of a text that PyYAML could not read, with line and column."""
    if isinstance(error, ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        says = f"the character {named(text[error.position])} is not allowed"
        return BadYaml(str(path), line, "", f"is not YAML: {says}", "remove it", column)
    assert isinstance(error, yaml.MarkedYAMLError)
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    says, remedy = _in_words(f"{error.problem}; {error.context}")
    return BadYaml(str(path), line, "", f"is not YAML: {says}", remedy, column)


def _in_words(problem: str) -> tuple[str, str]:
    for pattern, (says, remedy) in _WORDS.items():
        if found := re.search(pattern, problem):
            groups = found.groups()
            return says.format(*groups), remedy.format(*groups)
    return "this cannot be read", "check the quotes and how far the line is indented"
