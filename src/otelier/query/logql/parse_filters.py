"""LogQL to its tree: conditions on labels, in selectors and in `| …`."""

from typing import cast

from . import ast
from .addresses import matcher as address_matcher
from .lex import Token, duration_ns, number_of, size_bytes
from .patterns import check
from .words import Words

_MATCHES = ("=", "!=", "=~", "!~")
_COMPARES = ("==", "!=", ">", ">=", "<", "<=", "=")


def matcher(words: Words) -> ast.Matcher:
    """`label="text"`. Raises LogqlError."""
    label = words.word("name", "the name of a label")
    if not words.is_sign(*_MATCHES):
        words.fail(f"expected one of = != =~ !~ behind the label, found {words.now}")
    op = words.take()
    value = words.word("string", f'the value in quotes, as in {label.text}{op.text}"…"')
    if op.text in ("=~", "!~"):
        check(words, value.at, value.text)
    return ast.Matcher(label.text, cast("ast.MatchOp", op.text), value.text)


def label_filter(words: Words) -> ast.LabelTest:
    """`a = "x" and (b > 5 or c < 10ms)`; a comma, or nothing between two, is `and`. Raises LogqlError."""
    parts = [_all_of(words)]
    while words.is_name("or"):
        words.take()
        parts.append(_all_of(words))
    return parts[0] if len(parts) == 1 else ast.Either(parts)


def _all_of(words: Words) -> ast.LabelTest:
    parts = [_one(words)]
    while True:
        if words.is_name("and") or words.is_sign(","):
            words.take()
        elif words.now.kind != "name" or words.is_name("or", "offset"):
            return parts[0] if len(parts) == 1 else ast.Both(parts)
        parts.append(_one(words))


def _one(words: Words) -> ast.LabelTest:
    if words.skip("("):
        words.deeper()
        inner = label_filter(words)
        words.expect(")", " to close the parenthesis")
        words.shallower()
        return inner
    if words.now.kind != "name":
        words.fail(f"expected a stage such as json, or a label to compare, found {words.now}")
    if not (words.then.kind == "sign" and words.then.text in (*_MATCHES, *_COMPARES)):
        words.fail(
            f"`{words.now.text}` is no stage; there are json, logfmt, pattern, regexp, unpack, line_format, "
            "label_format, drop, keep, decolorize and words"
        )
    label, op = words.take().text, words.take()
    return _text_test(words, label, op) if words.is_kind("string") else _number_test(words, label, op)


def _text_test(words: Words, label: str, op: Token) -> ast.Matcher:
    if op.text not in _MATCHES:
        words.fail(f"`{op.text}` compares numbers, durations and sizes, which stand without quotes")
    value = words.take()
    if op.text in ("=~", "!~"):
        check(words, value.at, value.text)
    return ast.Matcher(label, op.text, value.text)


def ip(words: Words) -> ast.Ip:
    """`ip("10.0.0.0/8")`. Raises LogqlError."""
    words.take()
    words.expect("(")
    value = words.word("string", "an address, a network or a range, in quotes")
    try:
        address_matcher(value.text)
    except ValueError as error:
        words.fail(f"{error}; there are addresses, networks as 10.0.0.0/8, and ranges as 10.0.0.1-10.0.0.9", value.at)
    words.expect(")")
    return ast.Ip(value.text)


def _number_test(words: Words, label: str, op: Token) -> ast.NumberTest | ast.IpTest:
    if words.is_name("ip"):
        if op.text not in ("=", "!="):
            words.fail(f"ip(…) goes with `=` and `!=`, not with `{op.text}`")
        return ast.IpTest(label, op.text, ip(words))
    if op.text not in _COMPARES:
        words.fail(f"`{op.text}` takes a text in quotes, found {words.now}")
    compare = "==" if op.text == "=" else op.text
    sign = -1 if words.skip("-") else 1
    words.skip("+")
    value = words.now
    match value.kind:
        case "number":
            number, unit = number_of(value.text), "number"
        case "duration":
            length_ns = duration_ns(value.text)
            if length_ns is None:
                words.fail(f"`{value.text}` is more than 292 years")
            number, unit = length_ns / 1e9, "duration"
        case "bytes":
            number, unit = size_bytes(value.text) or 0.0, "bytes"
        case _:
            words.fail(f"expected a text in quotes, a number, a duration or a size, found {value}")
    words.take()
    return ast.NumberTest(label, compare, sign * number, unit)
