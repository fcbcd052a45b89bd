"""Series and their values as tests of rules write them: `metric{a="b"} 1 2+3x10 _ stale {{count:1 sum:2}}`.

`a+bxN` is N+1 values that grow by b, `axN` is a and N more of it, `_` is no sample, `_xN` N of them. A histogram stands
in double braces and grows likewise. The values stand a fixed time apart; which, the caller knows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..errors import BadQuery
from .arrays import STALE
from .cursor import Cursor
from .errors import ParseError
from .histograms import CUSTOM, Hint, Histogram
from .histograms.arithmetic import add, subtract
from .histograms.model import compact
from .labels import Labels, labels_of
from .selectors import selector

_NUMBER = r"(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[iI][nN][fF]|[nN][aA][nN])"
_NAMED = re.compile(
    r'\s*[A-Za-z_:][A-Za-z0-9_:]*\s*(?:\{(?!\{)(?:[^"}]|"(?:\\.|[^"\\])*")*\})?|\s*\{(?!\{)(?:[^"}]|"(?:\\.|[^"\\])*")*\}'
)
_ITEM = re.compile(
    rf"""\s*(?:
        (?P<gap>_)
      | (?P<stale>stale)
      | (?P<histogram>\{{\{{[^}}]*\}}\}})(?:(?P<plus>[-+])(?P<growth>\{{\{{[^}}]*\}}\}}))?
      | (?P<number>[-+]?{_NUMBER})(?P<step>[-+]{_NUMBER})?
    )(?:x(?P<times>[0-9]+))?(?=\s|$)""",
    re.VERBOSE,
)
_FIELD = re.compile(r"([a-z_]+)\s*:\s*(\[[^\]]*\]|[^\s\]]+)")
_HINTS: dict[str, Hint] = {"gauge": "gauge", "reset": "reset", "not_reset": "not_reset", "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class Point:
    """One value: a float or a histogram, whose hint may have been written; neither, if there is no sample."""

    value: float | None = None
    histogram: Histogram | None = None
    hinted: bool = False


def parse_series(line: str) -> tuple[Labels, list[Point]]:
    """Raises BadQuery."""
    labels, rest = parse_labels(line)
    return labels, list(parse_values(rest))


def parse_labels(line: str) -> tuple[Labels, str]:
    """The label set with which a line begins, and what follows. Raises BadQuery."""
    match = _NAMED.match(line)
    if match is None:
        raise BadQuery(f"expected a series at the beginning of `{line.strip()}`")
    cursor = Cursor(match[0])
    found = selector(cursor)
    for each in found.matchers:
        if each.operator != "=":
            raise ParseError(match[0], 0, f"labels of a series are written with =, not with {each.operator}")
    return labels_of((each.label, each.value) for each in found.matchers), line[match.end() :]


def parse_values(text: str) -> Iterator[Point]:
    """Raises BadQuery."""
    at = 0
    while text[at:].strip():
        match = _ITEM.match(text, at)
        if match is None:
            raise BadQuery(f"expected a number, `_`, `stale` or a histogram at `{text[at:].strip()[:40]}`")
        at = match.end()
        yield from _points(match)


def _points(match: "re.Match[str]") -> Iterator[Point]:
    times = int(match["times"]) if match["times"] else 0
    if match["gap"]:
        yield from [Point()] * (times or 1)
    elif match["stale"]:
        yield from [Point(STALE)] * (times + 1)
    elif match["histogram"]:
        yield from _histograms(match, times)
    else:
        value = float(match["number"])
        step = float(match["step"]) if match["step"] else 0.0
        for number in range(times + 1):
            yield Point(value + step * number if number else value)


def _histograms(match: "re.Match[str]", times: int) -> Iterator[Point]:
    histogram, hinted = parse_histogram(match["histogram"])
    yield Point(None, histogram, hinted)
    growth = parse_histogram(match["growth"])[0] if match["growth"] else None
    for _ in range(times):
        if growth is not None:
            combined = add if match["plus"] == "+" else subtract
            histogram = replace(combined(histogram, growth).histogram, hint=histogram.hint)
        yield Point(None, histogram, hinted)


def parse_histogram(text: str) -> tuple[Histogram, bool]:
    """`{{schema:0 sum:5 count:4 buckets:[1 2 1]}}`, and whether a hint was written. Raises BadQuery."""
    fields = dict(_FIELD.findall(text[2:-2]))
    if unknown := set(fields) - _KNOWN:
        raise BadQuery(f"a histogram has no {', '.join(sorted(unknown))}")
    hint = fields.get("counter_reset_hint", "unknown")
    if hint not in _HINTS:
        raise BadQuery(f"counter_reset_hint is one of {', '.join(_HINTS)}, not {hint}")
    schema = int(fields.get("schema", "0"))
    bounds = tuple(_numbers(fields.get("custom_values", "[]")))
    histogram = Histogram(
        schema,
        float(fields.get("count", "0")),
        float(fields.get("sum", "0")),
        float(fields.get("z_bucket", "0")),
        float(fields.get("z_bucket_w", "0")),
        _buckets(fields.get("buckets", "[]"), fields.get("offset", "0")),
        _buckets(fields.get("n_buckets", "[]"), fields.get("n_offset", "0")),
        bounds if schema == CUSTOM else (),
        _HINTS[hint],
    )
    return histogram, "counter_reset_hint" in fields


_KNOWN = {
    "schema", "sum", "count", "z_bucket", "z_bucket_w", "buckets", "offset", "n_buckets", "n_offset", "custom_values",
    "counter_reset_hint",
}  # fmt: skip


def _numbers(text: str) -> list[float]:
    return [float(each) for each in text.strip("[]").split()]


def _buckets(text: str, offset: str) -> dict[int, float]:
    return dict(compact({int(offset) + number: count for number, count in enumerate(_numbers(text))}))
