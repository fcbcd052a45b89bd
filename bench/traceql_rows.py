"""Rows of bench/traceql.py: questions to Tempo's API, with parameters drawn anew each time."""

import random
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any, NamedTuple

from . import corpus
from .questions import Questions

_API = "http://127.0.0.1:3200"
_QUERIES = "http://127.0.0.1:16686"
_WINDOW = {"start": str(corpus.BASE_NS // 10**9), "end": str(corpus.BASE_NS // 10**9 + 3600)}


class Answer(NamedTuple):
    """What a row needs of one."""

    found: int
    looked: int
    """Spans; 0 if the store knew without looking."""


class Question(NamedTuple):
    """To read an answer is the client's work and takes its time: it is not part of asking."""

    ask: Callable[[], bytes]
    read: Callable[[Any], Answer]
    """Of the answer's JSON."""


class Row(NamedTuple):
    """`must`: p50 in ms; 0: no such promise."""

    must: float
    question: Question


def rows(questions: Questions, rng: random.Random) -> dict[str, Row]:
    """By name."""
    by_service = "by (resource.service.name)"
    quantiles = f"quantile_over_time(duration, .5, .95, .99) {by_service}"
    of = _Drawn(questions, rng)
    return {
        "trace by id": Row(4, _listed(_API, lambda: f"/api/v2/traces/{questions.some_trace()}", "trace")),
        "service, name, duration, error: frequent": Row(8, _search(lambda: of.failed_longer_than("1ms"))),
        "service, name, duration, error: rare": Row(40, _search(lambda: of.failed_longer_than("400ms"))),
        "attribute, no hit": Row(5, _search(of.no_attribute)),
        "attribute, few hits": Row(8, _search(of.some_attribute)),
        "regex on a URL": Row(90, _search(of.url)),
        "rate by service": Row(15, _measure(lambda: f"{{ }} | rate() {by_service}", "60s")),
        "rate by service, from spans": Row(90, _measure(lambda: f"{of.nearly_all()} | rate() {by_service}", "60s")),
        "quantiles by service": Row(0, _measure(lambda: f"{{ }} | {quantiles}", "60s")),
        "quantiles by service, from spans": Row(200, _measure(lambda: f"{of.nearly_all()} | {quantiles}", "60s")),
        "structural, newest 20": Row(0, _search(lambda: f"{of.service()} >> {{ status = error }}")),
        "structural, all hits": Row(120, _search(lambda: "{ status = error } >> { kind = client }", 10_000)),
        "structural, all hits counted": Row(
            120, _measure(lambda: "{ status = error } >> { kind = client } | count_over_time()")
        ),
        "count by any attribute": Row(
            20, _measure(lambda: f"{{ }} | count_over_time() by (span.{of.key()}) | topk(10)")
        ),
        "compare": Row(0, _measure(lambda: f"{{ }} | compare({of.service()})")),
        "sorted by duration": Row(0, _search(lambda: "{ status = error } | sort(duration desc)")),
        "without a service": Row(0, _search(lambda: f"!{of.service()}")),
        "services": Row(10, _listed(_QUERIES, lambda: "/api/v3/services", "services")),
        "operations": Row(
            10, _listed(_QUERIES, lambda: f"/api/v3/operations?service={questions.where()[0]}", "operations")
        ),
        "tag names": Row(10, _listed(_API, lambda: "/api/v2/search/tags", "scopes")),
        "tag values": Row(10, _listed(_API, lambda: f"/api/v2/search/tag/span.{of.key()}/values", "tagValues")),
    }


class _Drawn:
    """Parts of queries."""

    def __init__(self, questions: Questions, rng: random.Random) -> None:
        self._questions = questions
        self._rng = rng

    def service(self) -> str:
        return f'{{ resource.service.name = "service-{self._rng.randrange(corpus.SERVICES):02}" }}'

    def failed_longer_than(self, length: str) -> str:
        service, name = self._questions.where()
        conditions = (f'resource.service.name = "{service}"', f'name = "{name}"', f"duration > {length}")
        return f"{{ {' && '.join(conditions)} && status = error }}"

    def nearly_all(self) -> str:
        """No roll-up knows it, nor do the bounds of pages: each duration is looked at."""
        return f"{{ duration != {self._rng.randrange(10**5, 10**8)}ns }}"

    def no_attribute(self) -> str:
        return f'{{ span.{self.key(3)} = "{self._word()}-{self._rng.randrange(16**8):08x}" }}'

    def some_attribute(self) -> str:
        key, value = self._questions.some_attribute()
        return f'{{ span.{key} = "{value}" }}'

    def url(self) -> str:
        return f'{{ span.{self.key(4)} =~ "/{self._word()}/{self._rng.randrange(500)}." }}'

    def key(self, of: int | None = None) -> str:
        """One of the 25 keys with such values (`corpus`): those of 3 are like ids, of 4 to 7 like paths."""
        kind = self._rng.randrange(8) if of is None else of
        return corpus.key_name(kind + 8 * self._rng.randrange(corpus.KEYS // 8))

    def _word(self) -> str:
        return self._rng.choice(corpus.WORDS)


def _search(query: Callable[[], str], limit: int = 20) -> Question:
    def read(found: Any) -> Answer:
        return Answer(len(found["traces"]), int(found["metrics"].get("inspectedSpans", 0)))

    return Question(lambda: _get(_API, "/api/search", q=query(), limit=str(limit)), read)


def _measure(query: Callable[[], str], step: str = "3600s") -> Question:
    """Over an hour: by steps, or in one."""

    def read(found: Any) -> Answer:
        return Answer(len(found["series"]), int(found["metrics"].get("inspectedSpans", 0)))

    return Question(lambda: _get(_API, "/api/metrics/query_range", q=query(), **_WINDOW, step=step), read)


def _listed(base: str, path: Callable[[], str], member: str) -> Question:
    def read(found: Any) -> Answer:
        return Answer(len(found[member]), 0)

    return Question(lambda: _get(base, path()), read)


def _get(base: str, path: str, **query: str) -> bytes:
    url = base + path + (f"?{urllib.parse.urlencode(query)}" if query else "")
    with urllib.request.urlopen(url, timeout=120) as answer:
        return answer.read()
