"""Values of telemetry as text that is safe on a terminal."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue


def plain(text: str) -> str:
    """The text without anything that could steer a terminal: what is not printable becomes an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def quoted(text: str) -> str:
    """As JSON writes it, but printable only."""
    return plain(json.dumps(text, ensure_ascii=False))


def any_value(value: AnyValue) -> str:
    """Like JSON; bytes as 0x…, and an empty value as null."""
    match value.WhichOneof("value"):
        case "string_value":
            return quoted(value.string_value)
        case "bool_value":
            return "true" if value.bool_value else "false"
        case "int_value":
            return str(value.int_value)
        case "double_value":
            return repr(value.double_value)
        case "bytes_value":
            return f"0x{value.bytes_value.hex()}"
        case "array_value":
            return f"[{', '.join(any_value(each) for each in value.array_value.values)}]"
        case "kvlist_value":
            pairs = (f"{quoted(pair.key)}: {any_value(pair.value)}" for pair in value.kvlist_value.values)
            return f"{{{', '.join(pairs)}}}"
        case _:
            return "null"


def attributes(pairs: Iterable[KeyValue]) -> str:
    """All on one line: `key=value key=value`."""
    return " ".join(f"{plain(pair.key)}={any_value(pair.value)}" for pair in pairs)


def time(ns: int) -> str:
    """UTC with nanoseconds."""
    return f"{datetime.fromtimestamp(ns // 10**9, UTC):%Y-%m-%dT%H:%M:%S}.{ns % 10**9:09d}Z"


def duration(ns: int) -> str:
    """In the largest unit below it, exactly."""
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if abs(ns) >= size:
            whole, rest = divmod(abs(ns), size)
            fraction = f".{rest:0{len(str(size)) - 1}d}".rstrip("0").rstrip(".")
            return f"{'-' if ns < 0 else ''}{whole}{fraction}{unit}"
    return f"{ns}ns"
