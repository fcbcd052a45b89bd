"""LogQL to its tree: stream selectors with their stages, and their ranges in metric queries."""

from typing import NamedTuple, cast, get_args

from . import ast
from .lex import LONGEST_NS, duration_ns
from .parse_filters import label_filter, matcher
from .parse_stages import COMPARISONS, is_unwrap, stages
from .words import Words

_CONVERSIONS = frozenset(each for each in get_args(ast.Conversion) if each)


class Ranged(NamedTuple):
    """What a range aggregation is over."""

    query: ast.LogQuery
    unwrap: ast.Unwrap | None
    range_ns: int
    offset_ns: int


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
        return ast.LogQuery(inner.matchers, (*inner.stages, *stages(words)))
    return ast.LogQuery(_selector(words), stages(words))


def ranged_query(words: Words) -> Ranged:
    """`{…} stages | unwrap label [5m] offset 1h`; the range may stand behind the selector, too. Raises LogqlError."""
    if not looks_like_lines(words):
        words.fail(f"expected a stream selector `{{…}}`, found {words.now}")
    if words.is_sign("("):
        return _in_parentheses(words)
    return _ranged(words, ast.LogQuery(_selector(words), stages(words)), _unwrap(words))


def _in_parentheses(words: Words) -> Ranged:
    """The range may stand within them or behind them."""
    words.take()
    words.deeper()
    if words.is_sign("("):
        inner = _in_parentheses(words)
    else:
        query, unwrap = ast.LogQuery(_selector(words), stages(words)), _unwrap(words)
        if words.is_sign(")"):
            words.take()
            words.shallower()
            query = ast.LogQuery(query.matchers, (*query.stages, *(stages(words) if unwrap is None else ())))
            return _ranged(words, query, unwrap or _unwrap(words))
        inner = _ranged(words, query, unwrap)
    words.expect(")", " to close the parenthesis")
    words.shallower()
    return inner


def _ranged(words: Words, query: ast.LogQuery, unwrap: ast.Unwrap | None) -> Ranged:
    if not words.is_sign("["):
        words.fail(f"expected the range, as in [5m], found {words.now}")
    range_ns = _range(words)
    offset_ns = 0
    if words.is_name("offset"):
        words.take()
        offset_ns = _duration(words)
    if unwrap is None:
        query = ast.LogQuery(query.matchers, (*query.stages, *stages(words)))
        unwrap = _unwrap(words)
    return Ranged(query, unwrap, range_ns, offset_ns)


def _unwrap(words: Words) -> ast.Unwrap | None:
    """`| unwrap bytes(size) | size > 0`."""
    if not is_unwrap(words):
        return None
    words.take()
    words.take()
    name = words.word("name", "the label whose numbers are meant")
    conversion = ""
    if words.is_sign("("):
        if name.text not in _CONVERSIONS:
            words.fail(f"`{name.text}` is no conversion; there are {', '.join(sorted(_CONVERSIONS))}", name.at)
        words.take()
        conversion, name = name.text, words.word("name", "the label whose numbers are meant")
        words.expect(")")
    tests: list[ast.LabelTest] = []
    while words.is_sign("|"):
        words.take()
        if not words.is_sign("(") and words.then.text not in COMPARISONS:
            words.fail(f"only conditions on labels may stand behind `unwrap`, found {words.now}")
        tests.append(label_filter(words))
    return ast.Unwrap(name.text, cast("ast.Conversion", conversion), tuple(tests))


def _range(words: Words) -> int:
    words.expect("[")
    at = words.now.at
    range_ns = _duration(words)
    if range_ns <= 0:
        words.fail("a range is longer than nothing", at)
    words.expect("]", " to close the range")
    return range_ns


def _duration(words: Words) -> int:
    sign = -1 if words.skip("-") else 1
    word = words.word("duration", "a duration such as 5m or 1h30m")
    length_ns = duration_ns(word.text)
    if length_ns is None or length_ns > LONGEST_NS:
        words.fail(f"`{word.text}` is more than 50 years", word.at)
    return sign * length_ns


def _selector(words: Words) -> tuple[ast.Matcher, ...]:
    words.expect("{", " of a stream selector")
    matchers: list[ast.Matcher] = []
    while not words.is_sign("}"):
        matchers.append(matcher(words))
        if not words.skip(","):
            break
    words.expect("}", " or `,` in the stream selector")
    return tuple(matchers)
