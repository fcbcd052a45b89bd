"""A query that is written back is the same query."""

import random

import pytest

from otelier.query.logql.errors import LogqlError
from otelier.query.logql.parse import parse
from otelier.query.logql.text import duration, text

from ...e2e.beside_loki.queries import Grammar


@pytest.mark.parametrize("seed", range(20))
def test_what_is_written_reads_as_the_same(seed: int) -> None:
    grammar = Grammar(random.Random(seed))
    for query in [grammar.lines() for _ in range(20)] + [grammar.metric() for _ in range(20)]:
        try:
            read = parse(query)
        except LogqlError:
            continue  # `drop a` in front of a filter of lines reads on
        assert parse(text(read)) == read, query
        assert text(parse(text(read))) == text(read)


@pytest.mark.parametrize(
    ("query", "written"),
    [
        ('{ a="b" ,c=~`d` }|="x"|json', '{a="b", c=~"d"} |= "x" | json'),
        ('sum(rate({a="b"}[90s]))by(c)', 'sum by (c)(rate({a="b"} [1m30s]))'),
        ("1+2*(3-4)^2", "1 + 2 * (3 - 4) ^ 2"),
        ('{a="b"} | took>1.5s and (x="1" or y!="2")', '{a="b"} | took > 1s500ms and (x="1" or y!="2")'),
        ('{a="b"} | json c="d.e[0]"', '{a="b"} | json c="[\\"d\\"][\\"e\\"][0]"'),
        ("{} | words `결제`", '{} | words "결제"'),
    ],
)
def test_queries_are_written_in_one_way(query: str, written: str) -> None:
    assert text(parse(query)) == written


def test_long_queries_get_a_line_for_each_level() -> None:
    lines = " ".join(f'|= "a text number {number}"' for number in range(6))
    assert text(parse(f'{{a="b"}} {lines}')).splitlines()[:2] == ['{a="b"}', '  |= "a text number 0"']
    query = f'topk(3, sum by (x) (rate({{a="b"}} {lines} [5m])))'
    assert text(parse(query)).splitlines()[:2] == ["topk(3,", "  sum by (x)("]
    assert parse(text(parse(query))) == parse(query)


@pytest.mark.parametrize(
    ("ns", "written"), [(90 * 10**9, "1m30s"), (25 * 10**7, "250ms"), (-60 * 10**9, "-1m"), (0, "0s")]
)
def test_durations(ns: int, written: str) -> None:
    assert duration(ns) == written
