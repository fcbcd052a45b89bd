"""Where `otelier tail` looks: a data directory, which it only reads, or a server's APIs."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from .. import __version__
from ..query.errors import BadQuery
from ..query.gate import Gate
from ..query.log_labels import LEVEL, SERVICE
from ..query.logql.run import Lines, run_range
from ..query.logql.series import Steps
from ..query.logs import Logs
from ..query.names import Names
from ..query.search import TraceSearch
from ..query.snapshot import Snapshot
from ..query.tail import MOST, TailedLine, TailedTrace, tailed
from ..query.traces import Traces
from ..storage.local.catalogue import CatalogueReader

_TIMEOUT_S = 30.0
_NOT_FOUND = 404
_ERRORS = frozenset({"error", "fatal"})


class Wanted(NamedTuple):
    """What is to be shown; empty: everything."""

    tenant: str
    services: tuple[str, ...]
    levels: tuple[str, ...]
    words: str
    query: str
    """LogQL, instead of the three above."""

    def logql(self) -> str:
        """The query for lines."""
        if self.query:
            return self.query
        selector = ", ".join(_one_of(SERVICE, self.services) + _one_of(LEVEL, (*self.levels, *self._critical())))
        return f"{{{selector}}}" + (f" | words {json.dumps(self.words, ensure_ascii=False)}" if self.words else "")

    def _critical(self) -> tuple[str, ...]:
        return ("critical",) if "fatal" in self.levels else ()

    def searches(self, start_ns: int, end_ns: int) -> list[TraceSearch]:
        """The searches for traces, one a service."""
        tags = (("error", "true"),) if self.levels and _ERRORS.issuperset(self.levels) else ()
        return [TraceSearch(start_ns, end_ns, each, tags=tags, limit=MOST) for each in self.services or ("",)]

    def means(self, trace: TailedTrace) -> bool:
        """Whether its root's name has the words."""
        return all(word in trace.name.lower() for word in self.words.lower().split())


class Directory:
    """A data directory; whoever writes it is not disturbed."""

    def __init__(self, directory: Path, wanted: Wanted) -> None:
        self._wanted = wanted
        gate = Gate(1, 1)
        self._snapshot = Snapshot(directory)
        self._logs = Logs(self._snapshot, gate).of(wanted.tenant)
        self._traces = Traces(self._snapshot, Names(self._snapshot.disk, CatalogueReader(directory)), gate)

    def lines(self, start_ns: int, end_ns: int) -> list[TailedLine]:
        """As `tail.AskLines`."""
        found = run_range(self._logs, self._wanted.logql(), Steps(start_ns, end_ns, 10**9), limit=MOST)
        if not isinstance(found, Lines):
            raise BadQuery("tail follows lines: the query is a metric query")
        return [tailed(line.record.time_ns, line.text, line.labels()) for line in found.lines]

    def traces(self, start_ns: int, end_ns: int) -> list[TailedTrace]:
        """As `tail.AskTraces`."""
        found = [
            TailedTrace(
                each.trace_id.hex(),
                each.start_ns,
                each.end_ns,
                each.root_service,
                each.root_name,
                each.spans,
                each.errors,
            )
            for search in self._wanted.searches(start_ns, end_ns)
            for each in self._traces.summaries(self._wanted.tenant, search)[1]
        ]
        return _distinct(each for each in found if self._wanted.means(each))


class Server:
    """A server of Otelier's, by Loki's API and Jaeger's."""

    def __init__(self, url: str, wanted: Wanted) -> None:
        self._url = url.rstrip("/")
        self._wanted = wanted

    def lines(self, start_ns: int, end_ns: int) -> list[TailedLine]:
        """As `tail.AskLines`."""
        parameters = {"query": self._wanted.logql(), "start": start_ns, "end": end_ns, "limit": MOST}
        data = self._get("/loki/api/v1/query_range", parameters)["data"]
        if data["resultType"] != "streams":
            raise BadQuery("tail follows lines: the query is a metric query")
        return [
            tailed(int(time), text, stream["stream"])
            for stream in data["result"]
            for time, text, *_ in stream["values"]
        ]

    def traces(self, start_ns: int, end_ns: int) -> list[TailedTrace]:
        """As `tail.AskTraces`."""
        found: list[TailedTrace] = []
        for search in self._wanted.searches(start_ns, end_ns):
            parameters = {
                "query.startTimeMin": _rfc3339(start_ns),
                "query.startTimeMax": _rfc3339(end_ns),
                "query.searchDepth": MOST,
                **({"query.serviceName": search.service} if search.service else {}),
                **({"query.attributes": json.dumps(dict(search.tags))} if search.tags else {}),
            }
            found += map(_trace, self._get("/api/v3/trace-summaries", parameters)["summaries"])
        return _distinct(each for each in found if self._wanted.means(each))

    def _get(self, path: str, parameters: Mapping[str, Any]) -> Any:
        """Raises OSError."""
        url = f"{self._url}{path}?{urllib.parse.urlencode(parameters)}"
        headers = {"X-Scope-OrgID": self._wanted.tenant, "User-Agent": f"otelier-tail/{__version__}"}
        try:
            request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the user's own URL
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            if error.code == _NOT_FOUND:
                raise BadQuery(f"{self._url}{path} is not there: is this the address of Otelier's UI?") from error
            raise BadQuery(f"{self._url}{path}: {error.read(2000).decode(errors='replace').strip()}") from error
        except urllib.error.URLError as error:
            raise OSError(f"nobody answers at {self._url}: {error.reason}") from error
        except ValueError as error:
            raise BadQuery(f"{self._url} does not answer as a server of Otelier's does: {error}") from error


def _trace(summary: Mapping[str, Any]) -> TailedTrace:
    return TailedTrace(
        summary["traceId"],
        int(summary["minStartTimeUnixNano"]),
        int(summary["maxEndTimeUnixNano"]),
        summary.get("rootServiceName", ""),
        summary.get("rootOperationName", ""),
        summary.get("spanCount", 0),
        summary.get("errorSpanCount", 0),
    )


def _distinct(traces: Iterable[TailedTrace]) -> list[TailedTrace]:
    return list({trace.trace_id: trace for trace in traces}.values())


def _one_of(label: str, texts: tuple[str, ...]) -> list[str]:
    """A matcher, if there is anything to match."""
    pattern = json.dumps("|".join(map(re.escape, texts)), ensure_ascii=False)
    return [f"{label}=~{pattern}"] if texts else []


def _rfc3339(ns: int) -> str:
    return datetime.fromtimestamp(ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{ns % 10**9:09}Z"
