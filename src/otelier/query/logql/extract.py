"""`| json` and `| logfmt`: a line's parts as labels."""

import json
import re
from collections.abc import Sequence
from typing import Any, cast

from ..log_labels import label_name
from . import ast
from .line import Line

_PAIR = re.compile(r'\s*([^\s="]+)(?:=(?:"((?:\\.|[^"\\])*)"|([^\s"]*)))?(?=\s|$)')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


def extract_json(line: Line, paths: Sequence[tuple[str, tuple[str | int, ...]]]) -> bool:
    """Members by their names, nested ones joined by `_`; lists and null only where a path asks for them."""
    try:
        value = json.loads(line.text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        line.fail("JSONParserErr", str(error))
        return True
    if not isinstance(value, dict):
        line.fail("JSONParserErr", "the line is no JSON object")
        return True
    if paths:
        for label, path in paths:
            line.extract(label, _text(_at(value, path)))
    else:
        _members(line, "", cast("dict[str, Any]", value))
    return True


def extract_logfmt(line: Line, stage: ast.Logfmt) -> bool:
    """`key=value key="a value" key`."""
    wanted = dict[str, str]((key, label) for label, key in stage.keys)
    at, text, found = 0, line.text, dict[str, str]()
    while at < len(text) and not text[at:].isspace():
        pair = _PAIR.match(text, at)
        if pair is None:
            if stage.strict:
                line.fail("LogfmtParserErr", f"what stands at character {at} is no key=value")
                break
            # As tolerant as it can be: go on behind the next space.
            space = re.compile(r"\s").search(text, at + 1)
            at = space.end() if space else len(text)
            continue
        quoted, plain = pair[2], pair[3]
        value = _ESCAPE.sub(_unescaped, quoted) if quoted is not None else plain or ""
        if value or stage.keep_empty:
            found.setdefault(pair[1], value)
        at = pair.end()
    for key, value in found.items():
        if not stage.keys:
            line.extract(label_name(key), value)
        elif key in wanted:
            line.extract(wanted[key], value)
    return True


def _members(line: Line, before: str, members: dict[str, Any]) -> None:
    for key, value in members.items():
        name = f"{before}_{label_name(key)}" if before else label_name(key)
        if isinstance(value, dict):
            _members(line, name, cast("dict[str, Any]", value))
        elif isinstance(value, str | bool):
            line.extract(name, _text(value))


def _at(value: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        if isinstance(value, dict) and isinstance(part, str):
            value = cast("dict[str, Any]", value).get(part)
        elif isinstance(value, list) and isinstance(part, int):
            items = cast("list[Any]", value)
            value = items[part] if part < len(items) else None
        else:
            return None
    return value


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _unescaped(escape: re.Match[str]) -> str:
    return _ESCAPED.get(escape[1], escape[1])
