"""LogQL beside Loki's own engine: both get the same lines and are asked the same.

`make conformance-logql` builds a program around the engine and runs this. Compared are lines with their labels and
times, and series with their values, to one part in 10⁹. Details of errors are worded differently and are left out; that
there is one is not.
"""

import json
import math
import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from otelier.component.go_text import unescaped
from otelier.query.errors import BadQuery
from otelier.query.log_labels import stream_labels
from otelier.query.logql.run import Lines as FoundLines
from otelier.query.logql.run import run_range
from otelier.query.logql.series import Steps
from otelier.query.logs import Source
from otelier.testing import log_record
from otelier.testing.telemetry import START_NS

from ...query.plain_logs import Logged, PlainLogs, logged
from .queries import ADDRESSES, RESOURCES, SECOND_NS, Grammar, Lines, times

pytestmark = pytest.mark.slow
ENGINE = Path("~/.cache/otelier/bench/peers/loki-logql").expanduser()
SEED = 20261126
ROUNDS = 60
LINE_QUERIES, METRIC_QUERIES = 25, 25
STEPS = Steps(START_NS + SECOND_NS, START_NS + 12 * SECOND_NS, SECOND_NS)
LOOSE = frozenset({"rate_counter"})
"""Loki calculates with times of several units here, which adds some millionths."""


class Loki:
    """Its engine in a process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([ENGINE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, streams: list[dict[str, Any]], texts: list[str]) -> list[dict[str, Any]]:
        at = {"start": STEPS.start_ns, "end": STEPS.end_ns, "step": STEPS.step_ns, "limit": 100_000, "forward": True}
        question = {"streams": streams, "queries": [{"text": text, **at} for text in texts]}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        self._process.stdin.flush()
        return [json.loads(self._process.stdout.readline()) for _ in texts]

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)


@pytest.fixture(scope="module")
def loki() -> Iterator[Loki]:
    if not ENGINE.exists():
        pytest.skip("make conformance-logql builds Loki's engine")
    loki = Loki()
    yield loki
    loki.close()


def ours(source: Source, text: str) -> dict[str, Any]:
    """In the form of the other's answers."""
    try:
        found = run_range(source, text, STEPS, limit=50_000, oldest_first=True)
    except BadQuery as error:
        return {"error": str(error)}
    if isinstance(found, FoundLines):
        return {"lines": [[line.labels(), line.record.time_ns, line.text] for line in found.lines]}
    if not isinstance(found.value, dict):
        return {"scalar": found.value}
    moments = [at // 10**6 for at in map(int, STEPS.times())]
    series = {
        labels: {at: value for at, value in zip(moments, map(float, values), strict=True) if not math.isnan(value)}
        for labels, values in found.value.items()
    }
    return {"series": {labels: points for labels, points in series.items() if points}}


def difference(mine: dict[str, Any], theirs: dict[str, Any], tolerance: float, *, only_values: bool = False) -> str:
    """Empty if there is none."""
    if "several series become" in mine.get("error", ""):
        return ""  # Loki goes on with two series of one name
    if "error" in mine or "error" in theirs:
        return "" if "error" in mine and "error" in theirs else "one of them is an error"
    if "lines" in theirs:
        left, right = Counter(map(_line, mine["lines"])), Counter(map(_line, theirs["lines"]))
        return "" if left == right else f"only ours: {left - right}; only theirs: {right - left}"
    if "scalar" in theirs:
        return "" if math.isclose(mine["scalar"], float(theirs["scalar"]), rel_tol=tolerance) else "another number"
    others = {_labels(each["labels"]): _defined(each["points"]) for each in theirs["series"]}
    if len(others) < len(theirs["series"]):
        return ""  # an empty label and none are two series there
    series = {_labels(dict(labels)): points for labels, points in mine["series"].items()}
    others = {labels: points for labels, points in others.items() if points}
    if only_values:
        series, others = {(): _values(series)}, {(): _values(others)}
    return "" if series == _about(others, tolerance) else f"ours: {series}; theirs: {others}"


def _defined(points: list[tuple[int, str]]) -> dict[int, float]:
    return {at: float(value) for at, value in points if not math.isnan(float(value))}


def _about(series: dict[Any, Any], tolerance: float) -> dict[Any, Any]:
    return {labels: pytest.approx(points, rel=tolerance, abs=1e-9) for labels, points in series.items()}


def _values(series: dict[Any, dict[int, float]]) -> dict[tuple[int, int], float]:
    """Those at each time, in order."""
    at: dict[int, list[float]] = {}
    for points in series.values():
        for time, value in points.items():
            at.setdefault(time, []).append(value)
    return {(time, rank): value for time, values in at.items() for rank, value in enumerate(sorted(values))}


def _line(line: list[Any]) -> tuple[Any, ...]:
    named: dict[str, str] = line[0] if isinstance(line[0], dict) else _parsed(line[0])
    return _labels(named), line[1], line[2]


def _labels(labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Without what the other can't know, and what is only worded in another way."""
    ignored = ("scope_name", "__error_details__")
    return tuple(sorted((name, text) for name, text in labels.items() if text and name not in ignored))


def _parsed(text: str) -> dict[str, str]:
    """`{a="x", b="y"}`, as Go quotes it."""
    found, at = dict[str, str](), 1
    while text[at] != "}":
        equal = text.index("=", at)
        end = equal + 2
        while text[end] != '"':
            end += 2 if text[end] == "\\" else 1
        found[text[at:equal]] = _unquoted(text[equal + 2 : end])
        at = end + 1 + (2 if text[end + 1] == "," else 0)
    return found


def _unquoted(text: str) -> str:
    return unescaped(text, stray="keep")


def made(seed: int) -> list[Logged]:
    """Lines of three streams."""
    random_ = random.Random(seed)
    lines = Lines(random_)
    return [
        logged(log_record(lines.one(), severity="", time_ns=at), random_.choice(RESOURCES), scope="")
        for at in times(40, random_)
    ]


def streams_of(records: list[Logged]) -> list[dict[str, Any]]:
    streams: dict[str, dict[str, Any]] = {}
    for each in records:
        labels = stream_labels([(key, str(value)) for key, value in each.resource.items()])
        entry = {"time": each.record.time_ns, "line": each.line, "metadata": {"detected_level": "unknown"}}
        streams.setdefault(str(labels), {"labels": labels, "entries": []})["entries"].append(entry)
    return list(streams.values())


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_both_answer_the_same(loki: Loki, round_: int) -> None:
    records = made(SEED + round_)
    grammar = Grammar(random.Random(SEED * 1000 + round_))
    texts = [
        *ADDRESSES,
        *(grammar.lines() for _ in range(LINE_QUERIES)),
        *(grammar.metric() for _ in range(METRIC_QUERIES)),
    ]
    source = PlainLogs(records)
    wrong: list[str] = []
    for text, theirs in zip(texts, loki.ask(streams_of(records), texts), strict=True):
        if theirs.get("parse"):
            continue  # `drop a` in front of a filter of lines reads on
        mine = ours(source, text)
        tolerance = 1e-4 if any(each in text for each in LOOSE) else 1e-9
        if found := difference(mine, theirs, tolerance, only_values=text.startswith(("topk", "bottomk"))):
            wrong.append(f"{text}\n    {found}\n    ours: {mine}\n    theirs: {theirs}")
    assert not wrong, f"{len(wrong)} of {len(texts)} differ\n" + "\n".join(wrong)
