"""The search before TraceQL: `tags=service.name=cart http.url="api/my api"`, as TraceQL.

A value is looked for as part of the attribute's text, whatever its case; a number or boolean must be equal. Each tag
may be found in another span of the trace; the durations are the trace's.
"""

import json
import re
from collections.abc import Mapping

from ...server.request import HttpError

_PAIR = re.compile(r'\s*([^\s="]+)(?:=("(?:\\.|[^"\\])*"|[^\s"]*))?(?=\s|\Z)')
_WORD = re.compile(r"[A-Za-z0-9_.:/@#$-]+\Z")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
_SPECIAL = re.compile(r"([^\w\s])", re.ASCII)
_MEANT: Mapping[str, str] = {
    "service.name": "resource.service.name",
    "root.service.name": "rootServiceName",
    "root.name": "rootName",
    "name": "name",
}
_STATUS = ("status.code", "error")
_STATUSES = {"error": "error", "true": "error", "ok": "ok", "unset": "unset"}


def tags(text: str) -> dict[str, str]:
    """logfmt. Raises HttpError."""
    found: dict[str, str] = {}
    at = 0
    while text[at:].strip():
        pair = _PAIR.match(text, at)
        if not pair:
            raise HttpError(400, f'invalid tags: syntax error at pos {at + 1}; write key=value key2="value with space"')
        key, value = pair[1], pair[2] or ""
        if key in found:
            raise HttpError(400, f"invalid tags: tag {key} has been set twice")
        found[key] = _unquoted(value, at) if value.startswith('"') else value
        at = pair.end()
    return found


def query(wanted: Mapping[str, str], shortest_ns: int = 0, longest_ns: int = 0) -> str:
    """The same in TraceQL; the durations are of the trace, 0: any."""
    filters = [_filter(key, value) for key, value in wanted.items()]
    times = [f"traceDuration >= {shortest_ns}ns"] if shortest_ns else []
    times += [f"traceDuration <= {longest_ns}ns"] if longest_ns else []
    if times:
        filters.append(f"{{ {' && '.join(times)} }}")
    return " && ".join(filters) or "{ }"


def _filter(key: str, value: str) -> str:
    if key in _STATUS and value.lower() in _STATUSES:
        return f"{{ status = {_STATUSES[value.lower()]} }}"
    name = _MEANT.get(key) or f".{_name(key)}"
    pattern = _text("(?is).*" + _SPECIAL.sub(r"\\\1", value) + ".*")
    equal = f" || {name} = {value}" if _NUMBER.match(value) or value in ("true", "false") else ""
    return f"{{ {name} =~ {pattern}{equal if key not in _MEANT else ''} }}"


def _name(key: str) -> str:
    return key if _WORD.match(key) else _text(key)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _unquoted(value: str, at: int) -> str:
    try:
        return json.loads(value)
    except ValueError:
        raise HttpError(400, f"invalid tags: a quoted value can't be read at pos {at + 1}") from None
