"""LogQL to its tree: the stages behind a stream selector."""

import re
from collections.abc import Callable
from typing import cast

from ..templates.ast import Template
from ..templates.errors import TemplateError
from . import ast
from .captures import line_pattern, parser_pattern, regexp_names
from .formats import template
from .lex import Token
from .line import ERROR
from .parse_filters import ip, label_filter, matcher
from .patterns import check
from .words import Words

_LINE_OPS = ("|=", "!=", "|~", "!~", "|>", "!>")
COMPARISONS = frozenset({"=", "!=", "=~", "!~", "==", ">", ">=", "<", "<="})
"""What stands between a label and a value."""
_ALONE = frozenset({"json", "logfmt", "unpack", "decolorize"})
"""Stages that need nothing behind them."""
_INSTEAD = {"distinct": "count by the label instead"}
_PATH = re.compile(r"""\.?([A-Za-z_][A-Za-z0-9_-]*)|\[([0-9]+)\]|\["((?:[^"\\]|\\.)*)"\]""")


def stages(words: Words) -> tuple[ast.Stage, ...]:
    """As many as there are; `| unwrap` is none of them. Raises LogqlError."""
    found: list[ast.Stage] = []
    while True:
        if words.is_sign(*_LINE_OPS):
            found.append(_line_filter(words))
        elif words.is_sign("|") and not is_unwrap(words):
            words.take()
            found.append(_stage(words))
        else:
            return tuple(found)


def is_unwrap(words: Words) -> bool:
    """Whether `| unwrap` is next."""
    return words.is_sign("|") and words.then.kind == "name" and words.then.text == "unwrap"


def _line_filter(words: Words) -> ast.LineFilter:
    op = words.take()
    values = [_line_value(words, op)]
    while words.is_name("or") and (words.then.kind == "string" or words.then.text == "ip"):
        words.take()
        values.append(_line_value(words, op))
    return ast.LineFilter(cast("ast.LineOp", op.text), tuple(values))


def _line_value(words: Words, op: Token) -> str | ast.Ip:
    if words.is_name("ip"):
        if op.text not in ("|=", "!="):
            words.fail(f"ip(…) goes with `|=` and `!=`, not with `{op.text}`")
        return ip(words)
    value = words.word("string", "the text to look for, in quotes")
    if op.text in ("|~", "!~"):
        check(words, value.at, value.text)
    elif op.text in ("|>", "!>"):
        _checked(words, value, line_pattern)
    return value.text


def _checked(words: Words, value: Token, use: Callable[[str], object]) -> str:
    try:
        use(value.text)
    except ValueError as error:
        words.fail(str(error), value.at)
    return value.text


def _stage(words: Words) -> ast.Stage:
    name = words.now
    if name.kind == "name" and (words.then.text not in COMPARISONS or _is_whole(words)):
        if make := _STAGES.get(name.text):
            words.take()
            return make(words, name)
        if instead := _INSTEAD.get(name.text):
            words.fail(f"`| {name.text}` isn't supported; {instead}")
    return ast.LabelFilter(label_filter(words))


def _is_whole(words: Words) -> bool:
    """Whether a filter of lines follows: `| json != "x"` is none of a label named json."""
    return words.now.text in _ALONE and words.then.text in ("!=", "!~")


def _words(words: Words, _name: Token) -> ast.WordFilter:
    return ast.WordFilter(words.word("string", "the words to look for, in quotes").text)


def _json(words: Words, _name: Token) -> ast.Json:
    return ast.Json(tuple((label, _path(words, value)) for label, value in _extractions(words)))


def _logfmt(words: Words, _name: Token) -> ast.Logfmt:
    flags: set[str] = set()
    while words.now.kind == "flag":
        if words.now.text not in ("--strict", "--keep-empty"):
            words.fail(f"{words.now} is no flag of logfmt; there are --strict and --keep-empty")
        flags.add(words.take().text)
    keys = tuple((label, value.text) for label, value in _extractions(words))
    return ast.Logfmt(keys, "--strict" in flags, "--keep-empty" in flags)


def _extractions(words: Words) -> list[tuple[str, Token]]:
    """`a="x", b="y", c`: the last is short for `c="c"`."""
    found: list[tuple[str, Token]] = []
    while words.now.kind == "name":
        label = words.take()
        value = label
        if words.skip("="):
            value = words.word("string", "what to take, in quotes")
        found.append((label.text, value))
        if not words.skip(","):
            break
    return found


def _path(words: Words, token: Token) -> tuple[str | int, ...]:
    """`request.headers["user-agent"]`, `servers[0]`."""
    path: list[str | int] = []
    at = 0
    while at < len(token.text):
        found = _PATH.match(token.text, at)
        if found is None or (at == 0 and found[0].startswith(".")):
            words.fail(f"`{token.text}` is no path such as request.method or servers[0].name", token.at)
        if found[2] is not None:
            path.append(int(found[2]))
        else:
            path.append(found[1] if found[1] is not None else found[3].replace('\\"', '"'))
        at = found.end()
    if not path:
        words.fail("an empty path takes nothing", token.at)
    return tuple(path)


def _line_format(words: Words, _name: Token) -> ast.LineFormat:
    return ast.LineFormat(_template(words, words.word("string", "the template, in quotes")))


def _label_format(words: Words, _name: Token) -> ast.LabelFormat:
    changes: list[tuple[str, str | ast.Template]] = []
    while True:
        label = words.word("name", "the name of the label to make")
        if label.text == ERROR:
            words.fail(f"`{label.text}` can't be made", label.at)
        if any(label.text == made for made, _ in changes):
            words.fail(f"`{label.text}` is made twice", label.at)
        words.expect("=")
        if words.now.kind == "string":
            changes.append((label.text, _template(words, words.take())))
        else:
            changes.append((label.text, words.word("name", "a label's name, or a template in quotes").text))
        if not words.skip(","):
            return ast.LabelFormat(tuple(changes))


def _template(words: Words, token: Token) -> Template:
    try:
        return template(token.text)
    except TemplateError as error:
        words.fail(f"this is no template: {str(error).removeprefix('template: line:')}", token.at)


def _pattern(words: Words, _name: Token) -> ast.Pattern:
    value = words.word("string", 'the pattern in quotes, as in "<method> <_>"')
    return ast.Pattern(_checked(words, value, parser_pattern))


def _regexp(words: Words, _name: Token) -> ast.Regexp:
    value = words.word("string", "the regular expression, in quotes")
    return ast.Regexp(_checked(words, value, regexp_names))


def _unpack(_words: Words, _name: Token) -> ast.Unpack:
    return ast.Unpack()


def _decolorize(_words: Words, _name: Token) -> ast.Decolorize:
    return ast.Decolorize()


def _drop(words: Words, _name: Token) -> ast.Drop:
    return ast.Drop(_labels(words))


def _keep(words: Words, _name: Token) -> ast.Keep:
    return ast.Keep(_labels(words))


def _labels(words: Words) -> tuple[str | ast.Matcher, ...]:
    labels: list[str | ast.Matcher] = []
    while True:
        if words.then.kind == "sign" and words.then.text in COMPARISONS:
            labels.append(matcher(words))
        else:
            labels.append(words.word("name", "the name of a label").text)
        if not words.skip(","):
            return tuple(labels)


_STAGES: dict[str, Callable[[Words, Token], ast.Stage]] = {
    "json": _json,
    "logfmt": _logfmt,
    "line_format": _line_format,
    "label_format": _label_format,
    "drop": _drop,
    "keep": _keep,
    "words": _words,
    "pattern": _pattern,
    "regexp": _regexp,
    "unpack": _unpack,
    "decolorize": _decolorize,
}
