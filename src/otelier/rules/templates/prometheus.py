"""Functions that templates of alerts have besides Go's own."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import re2  # pyright: ignore[reportMissingTypeStubs]

from ...component.prometheus_values import PrometheusDuration
from ...query.templates.builtins import url_escaped
from ...query.templates.errors import CallError
from ...query.templates.functions import Function
from ...query.templates.values import AnyMap, Sample, Samples, Value
from . import humanize

_REFERENCE = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")
_WORD = re.compile(r"\w[\w'’]*")


def functions(
    query: Callable[[str], Samples], external_url: str, now_s: float, template: Callable[[str, Value], str]
) -> dict[str, Function]:
    """`query` raises CallError; `template`: a defined template for some data."""
    return {
        **_STATELESS,
        "query": Function(query, ("string",)),
        "now": Function(lambda: now_s),
        "externalURL": Function(lambda: external_url),
        "pathPrefix": Function(lambda: urlsplit(external_url).path),
        "tmpl": Function(template, ("string", "any")),
    }


def _first(found: Samples) -> Sample:
    if not found:
        raise CallError("first() called on vector with no elements")
    return found[0]


def _label(name: str, sample: Sample) -> str:
    return sample.labels.get(name, "")


def _value(sample: Sample) -> float:
    return sample.value


def _link(tab: int, text: str) -> str:
    return f"/graph?g0.expr={url_escaped(text)}&g0.tab={tab}"


def _arguments(*values: Value) -> AnyMap:
    return AnyMap({f"arg{number}": value for number, value in enumerate(values)})


def _compiled(pattern: str) -> Any:
    api: Any = re2
    options = api.Options()
    options.log_errors = False
    try:
        return api.compile(pattern.encode(errors="surrogateescape"), options)
    except api.error as error:
        reason = error.args[0]
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise CallError(f"regexp: Compile(`{pattern}`): error parsing regexp: {text}") from None


def _replace_all(pattern: str, replacement: str, text: str) -> str:
    compiled = _compiled(pattern)
    names: Mapping[str, int] = compiled.groupindex

    def filled(match: Any) -> bytes:
        def group(reference: re.Match[str]) -> str:
            if reference[1]:
                return "$"
            name = reference[2] or reference[3]
            number = int(name) if name.isdigit() else names.get(name, -1)
            found: bytes | None = match.group(number) if 0 <= number <= compiled.groups else None
            return "" if found is None else found.decode(errors="surrogateescape")

        return _REFERENCE.sub(group, replacement).encode(errors="surrogateescape")

    data = text.encode(errors="surrogateescape")
    pieces: list[bytes] = []
    at = 0
    for number, match in enumerate(compiled.finditer(data)):
        if number and match.start() == match.end() == at:
            continue  # nothing right behind a match is none
        pieces += [data[at : match.start()], filled(match)]
        at = match.end()
    return b"".join([*pieces, data[at:]]).decode(errors="surrogateescape")


def _matches(pattern: str, text: str) -> bool:
    return _compiled(pattern).search(text.encode(errors="surrogateescape")) is not None


def _title(text: str) -> str:
    return _WORD.sub(lambda match: match[0][0].upper() + match[0][1:], text)


def _split(host_port: str) -> tuple[str, str] | None:
    """Host and port; None if that is not what it is."""
    host, colon, port = host_port.rpartition(":")
    if not colon:
        return None
    if host.startswith("["):
        return (host[1:-1], port) if host.endswith("]") and "[" not in host[1:] else None
    return None if ":" in host or "[" in host_port or "]" in host_port else (host, port)


def _strip_port(host_port: str) -> str:
    found = _split(host_port)
    return host_port if found is None else found[0]


def _strip_domain(host_port: str) -> str:
    host, port = _split(host_port) or (host_port, "")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        host = host.split(".")[0]
        return f"{host}:{port}" if port else host
    return host_port


def _sorted(label: str, found: Samples) -> Samples:
    return Samples(sorted(found, key=lambda each: each.labels.get(label, "")))


def _seconds(text: str) -> float:
    try:
        return float(PrometheusDuration.parse(text))
    except ValueError:
        raise CallError(f'not a valid duration string: "{text}"') from None


_STATELESS: Mapping[str, Function] = {
    "first": Function(_first, ("template.queryResult",)),
    "label": Function(_label, ("string", "*template.sample")),
    "value": Function(_value, ("*template.sample",)),
    "strvalue": Function(partial(_label, "__value__"), ("*template.sample",)),
    "sortByLabel": Function(_sorted, ("string", "template.queryResult")),
    "args": Function(_arguments, (), "any"),
    "reReplaceAll": Function(_replace_all, ("string", "string", "string")),
    "match": Function(_matches, ("string", "string")),
    "safeHtml": Function(str, ("string",)),
    "title": Function(_title, ("string",)),
    "toUpper": Function(str.upper, ("string",)),
    "toLower": Function(str.lower, ("string",)),
    "graphLink": Function(partial(_link, 0), ("string",)),
    "tableLink": Function(partial(_link, 1), ("string",)),
    "urlQueryEscape": Function(url_escaped, ("string",)),
    "stripPort": Function(_strip_port, ("string",)),
    "stripDomain": Function(_strip_domain, ("string",)),
    "humanize": Function(humanize.humanize, ("any",)),
    "humanize1024": Function(humanize.humanize_1024, ("any",)),
    "humanizeDuration": Function(humanize.humanize_duration, ("any",)),
    "humanizePercentage": Function(humanize.humanize_percentage, ("any",)),
    "humanizeTimestamp": Function(humanize.humanize_timestamp, ("any",)),
    "toTime": Function(humanize.to_time, ("any",)),
    "toDuration": Function(humanize.to_duration, ("any",)),
    "parseDuration": Function(_seconds, ("string",)),
}
