"""Converters of strings: joined, split, cut, trimmed, compared."""

from typing import cast

from ..values import OttlError, Value
from .patterns import Regex, regular_expression
from .registry import StringLike, converter
from .string_like import string_like


@converter("Concat")
def concat(values: list[Value], delimiter: str) -> str:
    """Join values as text; nil is "<nil>", as upstream."""
    return delimiter.join("<nil>" if value is None else string_like(value) or "" for value in values)


@converter("Split")
def split(target: str, delimiter: str) -> list[Value]:
    """Split at a delimiter; at an empty one into characters."""
    return cast("list[Value]", target.split(delimiter) if delimiter else list(target))


@converter("Substring")
def substring(target: str, start: int, length: int, utf8_safe: bool = False) -> str:
    """So many bytes from an offset; with `utf8_safe` only whole characters of them."""
    data = target.encode("utf-8", "surrogateescape")
    if start < 0:
        raise OttlError(f"Substring can't start at {start}")
    if length <= 0:
        raise OttlError(f"Substring takes a length of 1 or more, not {length}")
    if start + length > len(data):
        raise OttlError(f"Substring from {start} to {start + length} is more than the string's {len(data)} bytes")
    if not utf8_safe:
        return data[start : start + length].decode("utf-8", "surrogateescape")
    end = start + length
    while start < end and data[start] & 0xC0 == 0x80:
        start += 1
    return data[start:end].decode("utf-8", "ignore")


@converter("Trim")
def trim(target: str, replacement: str = " ") -> str:
    """Without any of these characters at both ends."""
    return target.strip(replacement) if replacement else target


@converter("TrimPrefix")
def trim_prefix(value: str, prefix: str) -> str:
    """Without this beginning."""
    return value.removeprefix(prefix)


@converter("TrimSuffix")
def trim_suffix(value: str, suffix: str) -> str:
    """Without this end."""
    return value.removesuffix(suffix)


@converter("HasPrefix")
def has_prefix(value: str, prefix: str) -> bool:
    """Does it begin so?"""
    return value.startswith(prefix)


@converter("HasSuffix")
def has_suffix(value: str, suffix: str) -> bool:
    """Does it end so?"""
    return value.endswith(suffix)


@converter("IsMatch")
def is_match(target: StringLike, pattern: Regex) -> bool:
    """Does a regular expression match anywhere in the value's text? Never in nil."""
    return target is not None and regular_expression(pattern).search(target)


@converter("ExtractPatterns")
def extract_patterns(target: str, pattern: Regex) -> dict[str, Value]:
    """What the named groups of a regular expression match first; empty if it doesn't match."""
    expression = regular_expression(pattern)
    if not any(expression.names):
        raise OttlError(f"ExtractPatterns needs a group with a name, as in (?P<name>…): {pattern!r}")
    found = expression.captures(target) or ()
    return {name: text or "" for name, text in zip(expression.names, found, strict=False) if name}
