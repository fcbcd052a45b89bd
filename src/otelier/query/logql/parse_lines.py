"""LogQL to its tree: stream selectors and the stages behind them."""

import re
from collections.abc import Callable
from typing import cast

from . import ast
from .lex import Token, duration_ns
from .parse_filters import label_filter, matcher
from .patterns import check
from .words import Words

_LINE_OPS = ("|=", "!=", "|~", "!~")
_NOT_YET = {
    "pattern": "use `| json`, `| logfmt`, or line filters",
    "regexp": "use `| json`, `| logfmt`, or line filters",
    "unpack": "use `| json`",
    "unwrap": "metric queries count lines and bytes",
    "decolorize": "lines are shown as they came",
    "distinct": "count by the label instead",
}
_PLACEHOLDER = re.compile(r"\{\{-?\s*(?:\.([A-Za-z_][A-Za-z0-9_]*)|(__line__))\s*-?\}\}")
_PATH = re.compile(r"""\.?([A-Za-z_][A-Za-z0-9_-]*)|\[([0-9]+)\]|\["((?:[^"\\]|\\.)*)"\]""")


def looks_like_lines(words: Words) -> bool:
    """Whether a query for lines begins here: a selector, in parentheses perhaps."""
    return words.is_sign("{") or (words.is_sign("(") and words.then.kind == "sign" and words.then.text == "{")


def log_query(words: Words) -> ast.LogQuery:
    """`{…} stages`. Raises LogqlError."""
    if words.skip("("):
        words.deeper()
        inner = log_query(words)
        words.expect(")", " to close the parenthesis")
        words.shallower()
        return ast.LogQuery(inner.matchers, (*inner.stages, *_stages(words)))
    return ast.LogQuery(_selector(words), _stages(words))


def ranged_query(words: Words) -> tuple[ast.LogQuery, int, int]:
    """The same with its range, which may stand behind the selector or behind the stages; range and offset in ns."""
    if not looks_like_lines(words):
        words.fail(f"expected a stream selector `{{…}}`, found {words.now}")
    query = log_query(words)
    if not words.is_sign("["):
        words.fail(f"expected the range, as in [5m], found {words.now}")
    range_ns = _range(words)
    offset_ns = 0
    if words.is_name("offset"):
        words.take()
        offset_ns = _duration(words)
    stages = _stages(words)
    return ast.LogQuery(query.matchers, (*query.stages, *stages)), range_ns, offset_ns


def _range(words: Words) -> int:
    words.expect("[")
    at = words.now.at
    range_ns = _duration(words)
    if range_ns <= 0:
        words.fail("a range is longer than nothing", at)
    words.expect("]", " to close the range")
    return range_ns


def _duration(words: Words) -> int:
    sign = "-" if words.skip("-") else ""
    return duration_ns(sign + words.word("duration", "a duration such as 5m or 1h30m").text) or 0


def _selector(words: Words) -> tuple[ast.Matcher, ...]:
    words.expect("{", " of a stream selector")
    matchers: list[ast.Matcher] = []
    while not words.is_sign("}"):
        matchers.append(matcher(words))
        if not words.skip(","):
            break
    words.expect("}", " or `,` in the stream selector")
    return tuple(matchers)


def _stages(words: Words) -> tuple[ast.Stage, ...]:
    stages: list[ast.Stage] = []
    while True:
        if words.is_sign(*_LINE_OPS):
            stages.append(_line_filter(words))
        elif words.is_sign("|>", "!>"):
            words.fail(f"pattern filters (`{words.now.text}`) aren't supported; use `|~` with a regular expression")
        elif words.skip("|"):
            stages.append(_stage(words))
        else:
            return tuple(stages)


def _line_filter(words: Words) -> ast.LineFilter:
    op = words.take()
    values = [_line_value(words)]
    while words.is_name("or") and words.then.kind in ("string", "name"):
        words.take()
        values.append(_line_value(words))
    if op.text in ("|~", "!~"):
        for value in values:
            check(words, op.at, value)
    return ast.LineFilter(cast("ast.LineOp", op.text), tuple(values))


def _line_value(words: Words) -> str:
    if words.is_name("ip"):
        words.fail("ip(…) isn't supported; use `|~` with a regular expression")
    return words.word("string", "the text to look for, in quotes").text


def _stage(words: Words) -> ast.Stage:
    name = words.now
    if name.kind == "name" and not (words.then.kind == "sign" and words.then.text in _COMPARISONS):
        if make := _STAGES.get(name.text):
            words.take()
            return make(words, name)
        if instead := _NOT_YET.get(name.text):
            words.fail(f"`| {name.text}` isn't supported; {instead}")
    return ast.LabelFilter(label_filter(words))


_COMPARISONS = frozenset({"=", "!=", "=~", "!~", "==", ">", ">=", "<", "<="})


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
        words.expect("=")
        if words.now.kind == "string":
            changes.append((label.text, _template(words, words.take())))
        else:
            changes.append((label.text, words.word("name", "a label's name, or a template in quotes").text))
        if not words.skip(","):
            return ast.LabelFormat(tuple(changes))


def _template(words: Words, token: Token) -> ast.Template:
    parts: list[str] = []
    at = 0
    for found in _PLACEHOLDER.finditer(token.text):
        parts += [token.text[at : found.start()], found[1] or found[2]]
        at = found.end()
    parts.append(token.text[at:])
    if any("{{" in text for text in parts[::2]):
        words.fail("templates put in labels, as in {{.method}}, and {{__line__}}; functions aren't supported", token.at)
    return ast.Template(tuple(parts))


def _drop(words: Words, _name: Token) -> ast.Drop:
    return ast.Drop(_labels(words))


def _keep(words: Words, _name: Token) -> ast.Keep:
    return ast.Keep(_labels(words))


def _labels(words: Words) -> tuple[str | ast.Matcher, ...]:
    labels: list[str | ast.Matcher] = []
    while True:
        if words.then.kind == "sign" and words.then.text in _COMPARISONS:
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
}
