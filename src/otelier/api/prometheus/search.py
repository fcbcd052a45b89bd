"""`search/*`: names of metrics and labels, and values of a label, that are like what somebody types.

Grafana's builder of queries asks them where they are, rather than for all names. Answers are lines of JSON: results,
some at a time, and at last whether there were more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from ...component import Clock
from ...query.metrics_reader import Found, MetricsReader, Selectors
from ...query.promql.ast import NAME
from ...server.endpoint import Response
from ...server.request import Query, Request
from ...server.router import Group
from ...storage.request_tenant import tenant
from ..form import by_get_and_post, parameters
from ..literals import boolean, integer, quoted
from . import parse as given_as
from .answer import ApiError, as_api_errors, warnings_of, write_error
from .likeness import likeness

_LINES = (("content-type", "application/x-ndjson; charset=utf-8"),)
_ALGORITHM = "subsequence"
_HOUR_MS = 3_600_000
_MANY = 100
_MOST_TERMS, _LONGEST_TERM = 32, 200


@dataclass(frozen=True, slots=True)
class _Asked:
    """What all three have in common."""

    terms: Sequence[str]
    least: float
    """Likeness."""
    folded: bool
    """Upper and lower case are the same."""
    order: str
    limit: int
    batch: int
    with_score: bool
    selectors: Selectors
    start_ms: int
    end_ms: int

    def chosen(self, texts: Sequence[str]) -> list[tuple[str, float]]:
        """Those that are like one of the terms, in order, with how much."""
        scored = ((text, self._score(text)) for text in texts)
        chosen = sorted((text, score) for text, score in scored if score > 0 and score >= self.least)
        if self.order == "score":
            chosen.sort(key=lambda each: -each[1])
        elif self.order == "dsc":
            chosen.reverse()
        return chosen

    def _score(self, text: str) -> float:
        text = text.lower() if self.folded else text
        return max((likeness(term, text) if term else 1.0 for term in self.terms), default=1.0)


class Search:
    """The routes over a reader of metrics."""

    def __init__(self, reader: MetricsReader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    def group(self) -> Group:
        """Each by GET, and by POST with a form."""
        routes = {"metric_names": self.metrics, "label_names": self.labels, "label_values": self.values}
        pairs = ((f"/api/v1/search/{name}", handler) for name, handler in routes.items())
        return Group(by_get_and_post(pairs), write_error)

    def metrics(self, request: Request) -> Response:
        """With `include_metadata` also their type, help and unit."""
        given = parameters(request)
        asked, metadata = self._asked(given), _flag(given, "include_metadata")
        whose = tenant(request)
        with as_api_errors():
            found = self._reader.label_values(whose, NAME, asked.selectors, asked.start_ms, asked.end_ms, 0)
            known = self._reader.metadata(whose, "", 0).items if metadata else []
        of_metric = {each.metric: {"type": each.type, "help": each.help, "unit": each.unit} for each in reversed(known)}
        return _answer(asked, found, lambda name: {"name": name, **of_metric.get(name, {})})

    def labels(self, request: Request) -> Response:
        """Names of labels."""
        asked = self._asked(parameters(request))
        with as_api_errors():
            found = self._reader.label_names(tenant(request), asked.selectors, asked.start_ms, asked.end_ms, 0)
        return _answer(asked, found, lambda name: {"name": name})

    def values(self, request: Request) -> Response:
        """Of `label`. Grafana reads them as `value`, older clients as `name`."""
        given = parameters(request)
        asked, label = self._asked(given), given.first("label")
        if not label:
            raise ApiError("bad_data", 'missing required parameter "label"')
        with as_api_errors():
            found = self._reader.label_values(tenant(request), label, asked.selectors, asked.start_ms, asked.end_ms, 0)
        return _answer(asked, found, lambda value: {"name": value, "value": value})

    def _asked(self, given: Query) -> _Asked:
        """Raises ApiError."""
        now_ms = given_as.now_ms(self._clock)
        terms, folded = given.all("search[]"), not _flag(given, "case_sensitive", default=True)
        if given.first("search_expr"):
            raise ApiError(
                "bad_data", "search_expr is not supported; give the terms by search[], of which one must fit"
            )
        if len(terms) > _MOST_TERMS or any(len(term) > _LONGEST_TERM for term in terms):
            raise ApiError("bad_data", f"search[] has at most {_MOST_TERMS} terms of {_LONGEST_TERM} characters")
        if (algorithm := given.first("fuzz_alg") or _ALGORITHM) != _ALGORITHM:
            raise ApiError("bad_data", f"unsupported fuzz_alg {quoted(algorithm)}: must be {_ALGORITHM}")
        least = _count(given, "fuzz_threshold", 0)
        if least > 100:
            raise ApiError("bad_data", f'invalid fuzz_threshold "{least}": must be 0-100')
        return _Asked(
            terms=[term.lower() for term in terms] if folded else terms,
            least=least / 100,
            folded=folded,
            order=_order(given),
            limit=_count(given, "limit", _MANY) or _MANY,
            batch=_count(given, "batch_size", _MANY) or _MANY,
            with_score=_flag(given, "include_score"),
            selectors=given_as.matches(given),
            start_ms=given_as.instant(given, "start", now_ms - _HOUR_MS),
            end_ms=given_as.instant(given, "end", now_ms),
        )


def _order(given: Query) -> str:
    """`asc` or `dsc` by the alphabet, or `score`. Raises ApiError."""
    by, direction = given.first("sort_by"), given.first("sort_dir")
    if by not in ("", "alpha", "score"):
        raise ApiError("bad_data", f'invalid sort_by {quoted(by)}: must be "alpha" or "score"')
    if direction and not by:
        raise ApiError("bad_data", "sort_dir is only valid when sort_by is set")
    if direction and by == "score":
        raise ApiError("bad_data", "sort_dir is not supported for sort_by=score")
    if direction not in ("", "asc", "dsc"):
        raise ApiError("bad_data", f'invalid sort_dir {quoted(direction)}: must be "asc" or "dsc"')
    if by == "score" and not given.all("search[]"):
        raise ApiError("bad_data", "sort_by=score requires search[] to be set")
    return by if by == "score" else direction or "asc"


def _count(given: Query, name: str, default: int) -> int:
    """Raises ApiError."""
    text = given.first(name)
    try:
        found = integer(text) if text else default
    except ValueError:
        found = -1
    if found < 0:
        raise ApiError("bad_data", f"invalid {name} {quoted(text)}: must be non-negative integer")
    return found


def _flag(given: Query, name: str, *, default: bool = False) -> bool:
    """Raises ApiError."""
    text = given.first(name)
    try:
        return boolean(text) if text else default
    except ValueError as error:
        raise ApiError("bad_data", f"invalid {name} {quoted(text)}: must be boolean") from error


def _answer(asked: _Asked, found: Found[str], record: Callable[[str], dict[str, str]]) -> Response:
    """Warnings come with the first results."""
    chosen = asked.chosen(found.items)
    records = [
        {**record(text), "score": score} if asked.with_score else record(text) for text, score in chosen[: asked.limit]
    ]
    starts = range(0, max(len(records), 1), asked.batch)
    lines: list[dict[str, object]] = [{"results": records[start : start + asked.batch]} for start in starts]
    if warnings := warnings_of(found):
        lines[0]["warnings"] = warnings
    lines.append({"status": "success", "has_more": len(chosen) > asked.limit})
    return Response(200, _LINES, b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
