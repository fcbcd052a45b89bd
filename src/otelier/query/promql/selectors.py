"""The parts of a text that select: label matchers, lists of labels, and the modifiers of a vector."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from .ast import (
    NAME,
    AtModifier,
    Call,
    Expression,
    Matcher,
    MatchOperator,
    Number,
    Paren,
    Range,
    Selector,
    Subquery,
    Unary,
)
from .cursor import Cursor
from .durations import milliseconds, varies
from .errors import ExecutionError
from .lex import Token
from .matchers import BadPattern, Pattern
from .strings import is_utf8

_OPERATORS: dict[str, MatchOperator] = {"=": "=", "!=": "!=", "=~": "=~", "!~": "!~"}
_INT_MAX = 2**63 - 1
_PRECEDED = "modifier must be preceded by an instant vector selector or range vector selector or a subquery"
_T = TypeVar("_T")


def selector(cursor: Cursor) -> Selector:
    """`name`, `name{…}` or `{…}`."""
    start = cursor.token.at
    matchers: list[Matcher] = []
    if cursor.token.kind == "name":
        matchers.append(Matcher("=", NAME, cursor.advance().text))
    if cursor.at_sign("{"):
        matchers += _braces(cursor, matchers)
    return Selector(tuple(matchers), at=start, end=cursor.end)


def labels(cursor: Cursor, context: str) -> tuple[str, ...]:
    """`(a, b)`."""
    cursor.expect("(", context)
    return tuple(several(cursor, ")", lambda: label(cursor, context), context))


def label(cursor: Cursor, context: str) -> str:
    """A label's name, bare or in quotes."""
    token = cursor.token
    if token.kind == "string":
        if not token.text or not is_utf8(token.text):
            cursor.fail(f'invalid label name "{token.text}" in {context}: it is empty or not UTF-8', token.at)
    elif not _bare(token):
        cursor.unexpected(context, ["a label's name"])
    return cursor.advance().text


def several(cursor: Cursor, end: str, part: Callable[[], _T], context: str) -> list[_T]:
    """Parts with commas between them, up to `end`, which is taken, too; a comma may stand before it."""
    found: list[_T] = []
    while not cursor.taken(end):
        found.append(part())
        if cursor.at_sign(end):
            continue
        if not cursor.taken(","):
            cursor.unexpected(context, [",", end])
    return found


def modified(cursor: Cursor, node: Expression, duration: Callable[[], Expression]) -> Expression:
    """Range, subquery, `offset`, `@`, `anchored` and `smoothed`, in whatever order they come. `duration` reads one."""
    while True:
        token = cursor.token
        if cursor.at_sign("["):
            node = _bracketed(cursor, node, duration)
        elif cursor.at_word("offset"):
            cursor.advance()
            start = cursor.token.at
            offset = _offset(cursor, duration)
            if not varies(offset):
                _constant(cursor, offset, start)
            node = _with_offset(cursor, node, offset, token)
        elif cursor.at_sign("@"):
            cursor.advance()
            node = _with_pin(cursor, node, _pin(cursor), token)
        elif cursor.at_word("anchored", "smoothed") and isinstance(node, Selector | Range):
            node = _with_extent(cursor, node, token)
        else:
            return node


def _braces(cursor: Cursor, before: list[Matcher]) -> list[Matcher]:
    cursor.expect("{", "label matching")
    named = before[0].value if before else None
    found: list[Matcher] = []

    def one() -> None:
        nonlocal named
        token = cursor.token
        name = label(cursor, "label matching")
        if token.kind == "string" and (cursor.at_sign(",", "}")):
            if named is not None:
                cursor.fail(f'metric name must not be set twice: "{named}" or "{name}"', token.at)
            named = name
            found.insert(0, Matcher("=", NAME, name))
            return
        if name == NAME and before:
            cursor.fail(f'metric name must not be set twice: "{before[0].value}" or "{NAME}"', token.at)
        found.append(_matcher(cursor, name))

    several(cursor, "}", one, "label matching")
    return found


def _matcher(cursor: Cursor, name: str) -> Matcher:
    operator = _OPERATORS.get(cursor.token.text) if cursor.token.kind == "sign" else None
    if operator is None:
        cursor.unexpected("label matching", _OPERATORS)
    cursor.advance()
    token = cursor.token
    if token.kind != "string":
        cursor.unexpected("label matching", ["a string in quotes"])
    cursor.advance()
    if not is_utf8(token.text):
        cursor.fail("invalid label value: it is not UTF-8", token.at)
    if operator in ("=~", "!~"):
        try:
            Pattern(token.text)
        except BadPattern as error:
            cursor.fail(f"error parsing regexp: {error}: `{token.text}`", token.at)
    return Matcher(operator, name, token.text)


def _bare(token: Token) -> bool:
    """A name that may be a label's; `inf` and `nan` are read as numbers."""
    return (token.kind == "name" and ":" not in token.text) or (token.kind == "number" and token.text.isalpha())


def _bracketed(cursor: Cursor, node: Expression, duration: Callable[[], Expression]) -> Expression:
    opening = cursor.expect("[", "a range")
    length = _positive(cursor, duration)
    if cursor.taken(":"):
        step = None if cursor.at_sign("]") else _positive(cursor, duration)
        cursor.expect("]", "subquery selector")
        return Subquery(node, length, step, at=node.at, end=cursor.end)
    if not cursor.at_sign("]"):
        cursor.unexpected("subquery or range selector", [":", "]"])
    cursor.advance()
    if not isinstance(node, Selector):
        cursor.fail("ranges only allowed for vector selectors; write [5m:] for a subquery", opening.at)
    if node.offset is not None or node.pinned is not None:
        cursor.fail("no offset and no @ modifiers allowed before range", opening.at)
    return Range(node, length, at=node.at, end=cursor.end)


def _positive(cursor: Cursor, duration: Callable[[], Expression]) -> Expression:
    """A duration between brackets, refused if its text alone says that it is not positive."""
    start = cursor.token.at
    found = duration()
    if not varies(found) and _constant(cursor, found, start) <= 0:
        cursor.fail("duration must be greater than 0", start)
    return found


def _constant(cursor: Cursor, duration: Expression, start: int) -> int:
    try:
        return milliseconds(duration)
    except ExecutionError as error:
        cursor.fail(str(error), start)


def _offset(cursor: Cursor, duration: Callable[[], Expression]) -> Expression:
    """A number, a duration, a call or something in parentheses, with a sign: no operator binds to it without."""
    token = cursor.token
    if token.text in ("+", "-") and token.kind == "sign":
        cursor.advance()
        value = _offset(cursor, duration)
        return Unary(token.text, value, at=token.at, end=cursor.end)
    if token.kind in ("number", "duration"):
        cursor.advance()
        return Number(token.value, token.kind == "duration", at=token.at, end=token.end)
    if cursor.taken("("):
        value = duration()
        cursor.expect(")", "a duration")
        return Paren(value, at=token.at, end=cursor.end)
    if token.kind == "name" and cursor.followed_by("("):
        return duration_call(cursor, duration)
    return cursor.unexpected("offset", ["a number or a duration"])


def duration_call(cursor: Cursor, duration: Callable[[], Expression]) -> Expression:
    """`step()`, `range()`, `min_of(a, b)` or `max_of(a, b)` in a duration."""
    token = cursor.advance()
    wanted = {"step": 0, "range": 0, "min_of": 2, "max_of": 2}.get(token.word)
    if wanted is None:
        cursor.fail(f"{token} is no part of a duration; there are step(), range(), min_of(…) and max_of(…)", token.at)
    cursor.expect("(", "a duration")
    arguments = several(cursor, ")", duration, "a duration")
    if len(arguments) != wanted:
        cursor.fail(f'expected {wanted} argument(s) in call to "{token.word}", got {len(arguments)}', token.at)
    return Call(token.word, tuple(arguments), at=token.at, end=cursor.end)


def _with_offset(cursor: Cursor, node: Expression, offset: Expression, token: Token) -> Expression:
    match node:
        case Selector() | Subquery() if node.offset is None:
            return replace(node, offset=offset, end=cursor.end)
        case Range() if node.selector.offset is None:
            return replace(node, selector=replace(node.selector, offset=offset), end=cursor.end)
        case Selector() | Subquery() | Range():
            return cursor.fail("offset may not be set multiple times", token.at)
        case _:
            return cursor.fail(f"offset {_PRECEDED}", token.at)


def _with_pin(cursor: Cursor, node: Expression, pin: AtModifier, token: Token) -> Expression:
    match node:
        case Selector() | Subquery() if node.pinned is None:
            return replace(node, pinned=pin, end=cursor.end)
        case Range() if node.selector.pinned is None:
            return replace(node, selector=replace(node.selector, pinned=pin), end=cursor.end)
        case Selector() | Subquery() | Range():
            return cursor.fail("@ <timestamp> may not be set multiple times", token.at)
        case _:
            return cursor.fail(f"@ {_PRECEDED}", token.at)


def _with_extent(cursor: Cursor, node: Selector | Range, token: Token) -> Expression:
    inner = node.selector if isinstance(node, Range) else node
    if inner.extent:
        cursor.fail(f"{inner.extent} and {token.word} can't both be set", token.at)
    if token.word == "anchored" and isinstance(node, Selector):
        cursor.fail("anchored modifier can only be used with range vectors, as in increase(a[5m] anchored)", token.at)
    cursor.advance()
    marked = replace(inner, extent="anchored" if token.word == "anchored" else "smoothed")
    if isinstance(node, Range):
        return replace(node, selector=marked, end=cursor.end)
    return replace(marked, end=cursor.end)


def _pin(cursor: Cursor) -> AtModifier:
    token = cursor.token
    if cursor.at_word("start", "end"):
        cursor.advance()
        cursor.expect("(", "@")
        cursor.expect(")", "@")
        return "start" if token.word == "start" else "end"
    sign = 1
    while cursor.at_sign("+", "-"):
        sign *= -1 if cursor.advance().text == "-" else 1
    number = cursor.token
    if number.kind not in ("number", "duration"):
        cursor.unexpected("@", ["a timestamp in seconds", "start()", "end()"])
    cursor.advance()
    seconds = sign * number.value
    if not abs(seconds) * 1000 <= _INT_MAX:
        cursor.fail(f"timestamp out of bounds for @ modifier: {number.text}", number.at)
    return round(seconds * 1000)
