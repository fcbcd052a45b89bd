"""Patterns of functions, compiled once: regular expressions, and globs written as such."""

from functools import lru_cache
from typing import Annotated, TypeAlias

from ..._core import Pattern
from ..values import OttlError


@lru_cache(4096)
def regular_expression(text: str) -> Pattern:
    """Of RE2's syntax. Raises OttlError."""
    try:
        return Pattern(text)
    except ValueError as error:
        raise OttlError(str(error)) from None


@lru_cache(4096)
def glob(text: str) -> Pattern:
    r"""`*` and `**`: any text; `?`: any character; `[a-z]`, `[!a-z]`; `{one,other}`; `\` takes the next as it is.

    It matches a whole string. Raises OttlError.
    """
    out: list[str] = []
    depth = position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character == "\\" and position < len(text):
            out.append(_literal(text[position]))
            position += 1
        elif character == "[":
            end = text.find("]", position + 1)
            if end < 0:
                raise OttlError(f"{text!r} is no glob: [ at character {position - 1} is never closed")
            out.append(_characters(text[position:end]))
            position = end + 1
        elif character == "{" and "}" in text[position:]:
            depth += 1
            out.append("(?:")
        elif character == "}" and depth:
            depth -= 1
            out.append(")")
        else:
            plain = "|" if character == "," and depth else _literal(character)
            out.append({"*": ".*", "?": "."}.get(character, plain))
    return regular_expression(rf"(?s)\A(?:{''.join(out)}{')' * depth})\z")


def _characters(inside: str) -> str:
    negated = inside.startswith("!")
    body = inside[negated:]
    if len(body) == 3 and body[1] == "-":
        body = f"{_literal(body[0])}-{_literal(body[2])}"
    else:
        body = "".join(map(_literal, body))
    return f"[{'^' if negated else ''}{body}]"


def _literal(character: str) -> str:
    return character if character.isalnum() else rf"\x{{{ord(character):x}}}"


Regex: TypeAlias = Annotated[str, regular_expression]
"""A parameter that is a regular expression: a wrong one is told when the statement is read."""
Glob: TypeAlias = Annotated[str, glob]
"""The same for globs."""
