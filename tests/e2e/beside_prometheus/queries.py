"""Queries to ask two databases, and data for them: dashboards' expressions as they are, and random ones from a grammar.

Left out of the random ones is what ties decide (`topk`, `bottomk`, `limitk`, `limit_ratio`: Prometheus breaks them by
the order of a hash table).
"""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from otelier.query.errors import BadQuery
from otelier.query.promql import ast, parse
from otelier.query.promql.labels import Labels, labels_of

_VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)|\[\[(\w+)\]\]")
_TIMES = {"__rate_interval": "5m", "__interval": "1m", "__range": "10m", "__interval_ms": "60000"}
VALUE = "v"
"""What every variable of a dashboard stands for."""

_OF_RANGE = """absent_over_time avg_over_time changes count_over_time delta deriv idelta increase irate last_over_time
    max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time"""
_OF_VECTOR = """abs absent acosh asinh atan ceil cos cosh deg exp floor ln log10 log2 rad sgn sin sinh sort_desc sqrt
    tan tanh timestamp hour minute day_of_week"""
_AGGREGATIONS = ["avg", "count", "group", "max", "min", "stddev", "stdvar", "sum"]
_ARITHMETIC = ["+", "-", "*", "/", "%", "^", "atan2"]
_COMPARISONS = ["==", "!=", ">", "<", ">=", "<="]
_SETS = ["and", "or", "unless"]


def expressions(folder: Path) -> list[str]:
    """Every expression of the dashboards in a folder, once, with its variables filled in."""
    found: dict[str, None] = {}
    for path in sorted(folder.glob("*.json")):
        for text in _written(json.loads(path.read_text("utf-8"))):
            found[_VARIABLE.sub(lambda m: _TIMES.get(m[1] or m[2] or m[3], VALUE), text)] = None
    return list(found)


def _written(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "expr" and isinstance(value, str) and value.strip():
                yield value
            else:
                yield from _written(value)
    elif isinstance(node, list):
        for each in node:
            yield from _written(each)


def series_for(texts: list[str], chance: random.Random) -> list[Labels]:
    """Label sets that the selectors in these texts find, several for each, as far as plain matchers say."""
    found: dict[Labels, None] = {}
    for text in texts:
        try:
            tree = parse(text)
        except BadQuery:
            continue
        for selector in (node for node in _nodes(tree) if isinstance(node, ast.Selector)):
            for number in range(4):
                labels = {"job": VALUE, "instance": f"i{number}", "service_name": f"s{number % 2}"}
                for each in selector.matchers:
                    if each.operator in ("=", "=~") and re.fullmatch(r"[\w.:/ -]+", each.value):
                        labels[each.label] = each.value
                if labels.get("__name__", "").endswith("_bucket"):
                    for bound in ("0.1", "1", "10", "+Inf"):
                        found[labels_of({**labels, "le": bound}.items())] = None
                elif "__name__" in labels:
                    found[labels_of(labels.items())] = None
    return chance.sample(list(found), min(len(found), 3_000))


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for name in getattr(node, "__slots__", None) or getattr(node, "__dataclass_fields__", ()):
        value = getattr(node, name, None)
        for each in value if isinstance(value, (tuple, list)) else (value,):
            if hasattr(each, "__dataclass_fields__"):
                yield from _nodes(each)


class Grammar:
    """Random queries for instant vectors over `demo_*` metrics."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def query(self) -> str:
        return self._vector(0)

    def _one(self, choices: list[str]) -> str:
        return self._chance.choice(choices)

    def _selector(self) -> str:
        name = self._one(
            ["demo_requests_total", "demo_memory_bytes", "demo_flapping", "demo_latency_bucket", "demo_up"]
        )
        matchers = self._one(
            [
                "",
                "",
                '{job="a"}',
                '{instance=~"i[01]"}',
                '{job!="b"}',
                '{instance!~"i2|i3"}',
                '{nothing=""}',
                '{job="none"}',
            ]
        )
        return name + matchers

    def _modifier(self) -> str:
        return self._one(["", "", "", "", " offset 1m", " offset -30s", " @ end()", " @ start()"])

    def _range(self, depth: int) -> str:
        if depth < 2 and self._chance.random() < 0.15:
            return f"({self._vector(depth + 1)})[{self._one(['2m', '5m'])}:{self._one(['', '30s', '1m'])}]"
        return f"{self._selector()}[{self._one(['30s', '1m', '5m', '90s'])}]{self._modifier()}"

    def _vector(self, depth: int) -> str:
        kind = self._chance.random() if depth < 3 else 0.0
        if kind < 0.2:
            return self._selector() + self._modifier()
        if kind < 0.4:
            return f"{self._one(_OF_RANGE.split())}({self._range(depth)})"
        if kind < 0.5:
            return f"{self._one(_OF_VECTOR.split())}({self._vector(depth + 1)})"
        if kind < 0.7:
            grouping = self._one(
                ["", " by (job)", " by (job, instance)", " without (instance)", " by ()", " by (le, job)"]
            )
            return f"{self._one(_AGGREGATIONS)}{grouping}({self._vector(depth + 1)})"
        if kind < 0.75:
            share = self._one(["0.5", "0.9", "-1", "2"])
            return f"quantile{self._one(['', ' by (job)'])}({share}, {self._vector(depth + 1)})"
        if kind < 0.8:
            of = f"rate(demo_latency_bucket[{self._one(['1m', '5m'])}])"
            grouped = self._one([of, f"sum by (le, job) ({of})", f"sum by (le) ({of})"])
            return f"histogram_quantile({self._one(['0.5', '0.95', '0.99', '1', '0'])}, {grouped})"
        return self._binary(depth)

    def _binary(self, depth: int) -> str:
        left, right = self._vector(depth + 1), self._vector(depth + 1)
        if self._chance.random() < 0.4:
            right = self._one(["1", "0", "2.5", "-3", "1e3", "time()", "NaN", "Inf"])
            operator = self._one(_ARITHMETIC + _COMPARISONS)
            mode = "bool " if operator in _COMPARISONS and self._chance.random() < 0.4 else ""
            return f"({left}) {operator} {mode}{right}"
        matching = self._one(["", "", "on (job, instance) ", "ignoring (le) ", "on (job, instance) group_left () "])
        operator = self._one(_ARITHMETIC + _COMPARISONS + _SETS)
        if operator in _SETS:
            matching = matching.replace("group_left () ", "")
        return f"({left}) {operator} {matching}({right})"
