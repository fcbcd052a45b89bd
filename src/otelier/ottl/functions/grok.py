"""ExtractGrokPatterns: regular expressions put together from named ones.

`%{NAME}` stands for a pattern, `%{NAME:field}` keeps what it matches under a name, `%{NAME:field:type}` as an int
(`int`, `long`), a double (`float`, `double`), a bool (`bool`, `boolean`) or a string (`string`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..._core import Pattern
from ..values import OttlError, Value
from .conversions import parse_double, to_bool, to_int
from .grok_patterns import PATTERNS
from .patterns import regular_expression
from .registry import converter

_REFERENCE = re.compile(r"%\{(\w+)(?::([^:}]+))?(?::(\w+))?\}")
_NAMED = re.compile(r"(?<!\\)\(\?P?<([^>=!]+)>")
_DEPTH_MAX = 50
_TYPES: Mapping[str, Callable[[str], Value]] = {
    "int": to_int, "long": to_int, "float": parse_double, "double": parse_double,
    "bool": to_bool, "boolean": to_bool, "string": str,
}  # fmt: skip


@converter("ExtractGrokPatterns")
def extract_grok_patterns(
    target: str,
    pattern: str,
    namedCapturesOnly: bool = False,  # noqa: N803
    patternDefinitions: list[str] | None = None,  # noqa: N803
) -> dict[str, Value]:
    """What the fields of a grok pattern match first; empty if it doesn't match. Fields that match nothing are left out.

    Unless `namedCapturesOnly` asks otherwise, references without a field are kept under their pattern's name.
    """
    grok = _compiled(pattern, namedCapturesOnly, tuple(patternDefinitions or ()))
    entries: dict[str, Value] = {}
    for field, text in zip(grok.fields, grok.pattern.captures(target) or (), strict=False):
        if field and text:
            entries[field.name] = _typed(field, text)
    return entries


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class _Grok:
    pattern: Pattern
    fields: tuple[_Field | None, ...]
    """By group."""


def _typed(field: _Field, text: str) -> Value:
    value = _TYPES[field.type](text)
    if value is None:
        raise OttlError(f"{field.name} is {text!r}, which is no {field.type}")
    return value


@lru_cache(1024)
def _compiled(pattern: str, named_only: bool, definitions: tuple[str, ...]) -> _Grok:
    known = dict(PATTERNS)
    for definition in definitions:
        name, found, text = definition.partition("=")
        if not found:
            raise OttlError(f"a pattern definition is NAME=PATTERN, not {definition!r}")
        known[name] = text
    fields: dict[str, _Field] = {}

    def group(name: str, kind: str = "string") -> str:
        """Names of groups are ours: fields may have any characters, and come twice."""
        fields[f"f{len(fields)}"] = _Field(name, kind)
        return f"(?P<f{len(fields) - 1}>"

    def expand(text: str, depth: int) -> str:
        text = _NAMED.sub(lambda match: group(match[1]), text)
        return _REFERENCE.sub(lambda match: resolve(match, depth), text)

    def resolve(match: re.Match[str], depth: int) -> str:
        name, field, kind = match.groups()
        if name not in known:
            raise OttlError(f"%{{{name}}} is no grok pattern: give its definition, or use a known one")
        if kind and kind not in _TYPES:
            raise OttlError(f"{kind} of %{{{match[1]}:{field}:{kind}}} is no type: use {', '.join(_TYPES)}")
        if depth == _DEPTH_MAX:
            raise OttlError(f"the grok pattern {name} contains itself")
        opening = group(field, kind or "string") if field else "(?:" if named_only else group(name)
        return opening + expand(known[name], depth + 1) + ")"

    compiled = regular_expression(expand(pattern, 0))
    if named_only and not fields:
        raise OttlError(f"namedCapturesOnly is set, but no part of {pattern!r} has a name, as in %{{WORD:name}}")
    return _Grok(compiled, tuple(fields.get(name) for name in compiled.names))
