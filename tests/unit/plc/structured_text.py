"""Runs a function block in the plain structured text that docs/plc uses: no more of the language.

Each line of the block becomes one of Python. Numbers keep the width that they were declared with,
so that encoders and sequences go over their ends as they do in a PLC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

BITS = {"UINT": 16, "WORD": 16, "UDINT": 32}
WORDS = {"AND": "and", "OR": "or", "NOT": "not", "TRUE": "True", "FALSE": "False", "MOD": "%"}
DECLARED = re.compile(r"(\w+) : (?:ARRAY\[0\.\.(\d+)\] OF )?(\w+)(?: := (-?\w+))?;")


class Ton:
    """TON: on after ``PT`` ms of IN. ``scan_ms`` is what time a scan takes."""

    def __init__(self, scan_ms: int) -> None:
        self.Q = False
        self._on_ms = 0
        self._scan_ms = scan_ms

    def __call__(self, IN: bool, PT: int) -> None:
        self._on_ms = self._on_ms + self._scan_ms if IN else 0
        self.Q = IN and self._on_ms >= PT


@dataclass
class Record:
    """A structure; values wrap at their declared width."""

    kinds: dict[str, str]
    values: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        return self.__dict__["values"][name]

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("kinds", "values"):
            self.__dict__[name] = value
        else:
            bits = 0 if isinstance(value, list) else BITS.get(self.kinds[name], 0)
            self.values[name] = value % (1 << bits) if bits else value


def load(source: str, scan_ms: int) -> tuple[Record, Any]:
    """The block's variables, and a function that runs it once."""
    source = re.sub(r"\(\*.*?\*\)", "", source, flags=re.DOTALL)
    struct, block = source.split("END_TYPE")
    fields = DECLARED.findall(struct)
    head, body = block[: block.rindex("END_VAR")], block[block.rindex("END_VAR") + 7 :]
    kinds = {name: kind for name, _, kind, _ in DECLARED.findall(head)}

    def fresh(kind: str, start: str) -> Any:
        if kind == "TON":
            return Ton(scan_ms)
        if kind.startswith("ST_"):
            of = Record({name: each for name, _, each, _ in fields})
            of.values = {name: fresh(each, "") for name, _, each, _ in fields}
            return of
        return start == "TRUE" if kind == "BOOL" else int(start or 0)

    values = {
        name: [fresh(kind, start) for _ in range(int(last) + 1)] if last else fresh(kind, start)
        for name, last, kind, start in DECLARED.findall(head)
    }
    fb = Record(kinds, values)
    code = compile(_python(body.split("END_FUNCTION_BLOCK")[0], kinds), "referee_gate.st", "exec")
    given = {"fb": fb, "UINT_TO_WORD": int, "UINT_TO_UDINT": int, "UDINT_TO_UINT": int}
    return fb, lambda: exec(code, given)


def _python(body: str, variables: dict[str, str]) -> str:
    lines, depth = [], 0
    for statement in re.sub(r"\s*\n\s*(AND|OR)\b", r" \1", body).splitlines():
        text = statement.strip()
        if text in ("END_IF;", "END_FOR;"):
            depth -= 1
        elif text:
            inner = text.startswith(("ELSE", "ELSIF"))
            lines.append("    " * (depth - inner) + _statement(text, variables))
            depth += text.endswith((" THEN", " DO")) and not inner
    assert depth == 0, "an IF or FOR without its end"
    return "\n".join(lines)


def _statement(text: str, variables: dict[str, str]) -> str:
    if loop := re.fullmatch(r"FOR (\w+) := (.+) TO (.+) DO", text):
        return f"for fb.{loop[1]} in range({loop[2]}, {loop[3]} + 1):"
    if text in ("EXIT;", "ELSE"):
        return "break" if text == "EXIT;" else "else:"
    if branch := re.fullmatch(r"(IF|ELSIF) (.+) THEN", text):
        return f"{'el' * (branch[1] == 'ELSIF')}if {_expression(branch[2], variables)}:"
    if call := re.fullmatch(r"(\w+)\(IN := (.+), PT := T#(\d+)ms\);", text):
        return f"fb.{call[1]}({_expression(call[2], variables)}, {call[3]})"
    target, value = re.fullmatch(r"(\S+) := (.+);", text).groups()
    return f"{_expression(target, variables)} = {_expression(value, variables)}"


def _expression(text: str, variables: dict[str, str]) -> str:
    text = re.sub(r"(\w+) AND (16#\w+)", r"\1 & \2", text).replace("16#", "0x")
    text = re.sub(r"(?<![<>:=])=", "==", text).replace("<>", "!=").replace(" / ", " // ")
    text = re.sub(r"(Encoder|Way) - (Slots\[\w+\]\.Encoder)", r"((\1 - \2) % 2**32)", text)

    def word(found: re.Match[str]) -> str:
        name = found[0]
        return WORDS.get(name) or (f"fb.{name}" if name in variables else name)

    return re.sub(r"(?<![\w.#])[A-Za-z_]\w*", word, text)
