"""Editors that replace text: by globs whole strings, by regular expressions what matches in them."""

from collections.abc import Callable
from typing import Literal

from ..any_value import type_name
from ..values import OttlError
from .patterns import Glob, Regex, glob, regular_expression
from .registry import FunctionRef, Target, editor
from .targets import map_at


@editor("replace_match")
def replace_match(
    target: Target,
    pattern: Glob,
    replacement: str,
    function: FunctionRef | None = None,
    replacementFormat: str | None = None,  # noqa: N803
) -> None:
    """Replace a string that a glob matches."""
    value = target.get()
    if isinstance(value, str) and glob(pattern).search(value):
        target.set(_treated(replacement, function, replacementFormat))


@editor("replace_all_matches")
def replace_all_matches(
    target: Target,
    pattern: Glob,
    replacement: str,
    function: FunctionRef | None = None,
    replacementFormat: str | None = None,  # noqa: N803
) -> None:
    """Replace each string of a map that a glob matches."""
    matches = glob(pattern).search
    text = _treated(replacement, function, replacementFormat)
    entries = map_at(target)
    target.set({
        key: text if isinstance(value, str) and matches(value) else value for key, value in entries.items()
    })  # fmt: skip


@editor("replace_pattern")
def replace_pattern(
    target: Target,
    regex: Regex,
    replacement: str,
    function: FunctionRef | None = None,
    replacementFormat: str | None = None,  # noqa: N803
) -> None:
    """Replace what matches in a string; `$1` and `${name}` stand for groups."""
    value = target.get()
    if isinstance(value, str):
        replaced = _replacer(regex, replacement, function, replacementFormat)(value)
        if replaced != value:
            target.set(replaced)


@editor("replace_all_patterns")
def replace_all_patterns(
    target: Target,
    mode: Literal["key", "value"],
    regex: Regex,
    replacement: str,
    function: FunctionRef | None = None,
    replacementFormat: str | None = None,  # noqa: N803
) -> None:
    """Replace what matches in the strings of a map (mode "value") or in its keys (mode "key")."""
    replace = _replacer(regex, replacement, function, replacementFormat)
    entries = map_at(target)
    if mode == "value":
        target.set({key: replace(value) if isinstance(value, str) else value for key, value in entries.items()})
    else:
        target.set({replace(key): value for key, value in entries.items()})


def _replacer(
    regex: str, replacement: str, function: FunctionRef | None, replacement_format: str | None
) -> Callable[[str], str]:
    pattern = regular_expression(regex)
    if function is None:
        return lambda text: pattern.replace_all(text, replacement)

    def replace(text: str) -> str:
        pieces = pattern.pieces(text, replacement)
        pieces[1::2] = [_treated(piece, function, replacement_format) for piece in pieces[1::2]]
        return "".join(pieces)

    return replace


def _treated(text: str, function: FunctionRef | None, replacement_format: str | None) -> str:
    """The format is the function's: without one it isn't used, as upstream."""
    if function is None:
        return text
    result = function(text)
    if not isinstance(result, str):
        raise OttlError(f"the function of a replacement must answer a string, not {type_name(result)}")
    if replacement_format is None:
        return result
    if replacement_format.count("%s") != 1 or "%" in replacement_format.replace("%s", ""):
        raise OttlError(f'a replacementFormat has exactly one "%s" and no other %: "{replacement_format}"')
    return replacement_format.replace("%s", result)
