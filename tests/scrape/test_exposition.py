"""The parser of expositions against what was written by a plain one in Python; and what must never happen."""

import math
import re
import struct
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from otelier._core import ScrapeCache
from otelier.testing.scrape import rows_of

NAMES = st.from_regex(r"[a-z_:][a-zA-Z0-9_:]{0,8}", fullmatch=True)
LABELS = st.from_regex(r"[a-z_][a-zA-Z0-9_]{0,8}", fullmatch=True).filter(lambda name: name != "__name__")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.one_of(
    st.floats(allow_nan=False), st.integers(-(10**18), 10**18).map(float), st.sampled_from([math.inf, -math.inf, -0.0])
)
TIMES = st.one_of(st.none(), st.integers(-(2**53), 2**53))


@st.composite
def samples(draw: Any) -> tuple[str, dict[str, str], float, int | None]:
    labels = draw(st.dictionaries(LABELS, TEXTS, max_size=4))
    return draw(NAMES), labels, draw(VALUES), draw(TIMES)


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def written(sample: tuple[str, dict[str, str], float, int | None], draw: Any, *, seconds: bool) -> str:
    """One line, with blanks and commas as the format allows them."""
    name, labels, value, ms = sample
    blank = "" if seconds else draw(st.sampled_from(["", " ", "\t "]))
    pairs = [f'{blank}{label}{blank}={blank}"{escaped(text)}"{blank}' for label, text in labels.items()]
    comma = "," if pairs and draw(st.booleans()) else ""
    inside = "{" + ",".join(pairs) + comma + "}" if pairs or draw(st.booleans()) else ""
    shown = {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, repr(value))
    time = "" if ms is None else f" {ms / 1000!r}" if seconds else f" {ms}"
    return f"{name}{inside} {shown}{time}\n"


def scraped(body: str, kind: Any) -> list[tuple[dict[str, str], int, float]]:
    cache = ScrapeCache([])
    cache.learn(cache.read(body.encode(), kind))
    return rows_of(cache.finish(7, 0.0, []).samples)


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def series_of(name: str, labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(({"__name__": name} | {label: text for label, text in labels.items() if text}).items()))


def distinct(all_: list[Any]) -> list[Any]:
    """Of a series without timestamps the first sample counts."""
    seen: set[Any] = set()
    found = []
    for name, labels, value, ms in all_:
        key = series_of(name, labels)
        if ms is not None or key not in seen:
            found.append((name, labels, value, ms))
        seen.add(key)
    return found


def as_set(rows: list[tuple[dict[str, str], int, float]]) -> set[Any]:
    return {(tuple(sorted(labels.items())), ms, bits(value)) for labels, ms, value in rows}


@settings(max_examples=300, deadline=None)
@given(st.lists(samples(), max_size=12), st.data())
def test_what_is_written_is_read(given_: list[Any], data: Any) -> None:
    body = "".join(written(sample, data.draw, seconds=False) for sample in given_)
    wanted = {
        (series_of(name, labels), 7 if ms is None else ms, bits(value)) for name, labels, value, ms in distinct(given_)
    }
    assert as_set(scraped(body, "text")) == wanted


@settings(max_examples=200, deadline=None)
@given(st.lists(samples().filter(lambda s: s[3] is None or abs(s[3]) < 2**40), max_size=12), st.data())
def test_open_metrics_is_read_the_same(given_: list[Any], data: Any) -> None:
    body = "".join(written(sample, data.draw, seconds=True) for sample in given_) + "# EOF\n"
    found = as_set(scraped(body, "openmetrics"))
    assert len(found) <= len(given_)
    for labels, ms, value in found:
        name = dict(labels)["__name__"]
        assert any(
            name == given_name
            and value == bits(given_value)
            and (ms == 7 or abs(ms - (7 if given_ms is None else given_ms)) <= 1)
            for given_name, _, given_value, given_ms in given_
        )


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["text", "openmetrics", "protobuf"]))
def test_no_answer_breaks_the_parser(body: bytes, kind: Any) -> None:
    cache = ScrapeCache([])
    try:
        unknown = cache.read(body, kind, native=True, classic=True)
    except ValueError as error:
        assert str(error)
        return
    cache.learn(unknown)
    cache.finish(7, 0.0, [])


@settings(max_examples=200, deadline=None)
@given(st.lists(samples(), min_size=1, max_size=8), st.integers(0, 7), st.data())
def test_the_line_that_is_wrong_is_named(given_: list[Any], at: int, data: Any) -> None:
    lines = [written(sample, data.draw, seconds=False) for sample in given_]
    at = min(at, len(lines))
    lines.insert(at, "name{x=} 1\n")
    cache = ScrapeCache([])
    try:
        cache.read("".join(lines).encode(), "text")
    except ValueError as error:
        assert re.match(rf"line {at + 1}: ", str(error))
    else:
        raise AssertionError("taken")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sets(st.integers(0, 5)), min_size=2, max_size=6))
def test_series_that_go_are_stale_once(scrapes: list[set[int]]) -> None:
    cache = ScrapeCache([])
    before: set[int] = set()
    for now, present in enumerate(scrapes, 1):
        cache.learn(cache.read("".join(f"a{n} 1\n" for n in present).encode(), "text"))
        rows = rows_of(cache.finish(now, 0.0, []).samples)
        stale = {int(labels["__name__"][1:]) for labels, _, value in rows if bits(value) == bits_of_stale()}
        assert stale == before - present
        assert {int(labels["__name__"][1:]) for labels, _, _ in rows} - stale == present
        before = present


def bits_of_stale() -> bytes:
    return struct.pack("<Q", 0x7FF0000000000002)
