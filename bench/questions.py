"""Questions to the query API, with parameters drawn anew each time from what the corpus holds."""

import json
import random
import struct
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otelier._core import Batch

from . import corpus

API = "http://127.0.0.1:16686"
_MASK = 0x9E37_79B9_7F4A_7C15
_ROUND_NS = 60 * 10**9


class Questions:
    """`all()`: name → a call that asks once and answers the number of results."""

    def __init__(self, requests: Path, sent: int) -> None:
        """`sent` requests of the file, round after round, are stored."""
        self._rng = random.Random()
        in_file = list(corpus.read(requests))
        self._ids = [_first_ids(request) for request, _ in in_file[:: max(1, len(in_file) // 200)]]
        self._attributes = _attributes(in_file[0][0])
        self._rounds = max(1, sent // len(in_file))
        self._last_id = _first_ids(in_file[(sent - 1) % len(in_file)][0])[-1]
        self._last_round = (sent - 1) // len(in_file)

    def all(self) -> dict[str, Callable[[], int]]:
        return {
            "trace": self._trace,
            "trace-classic": self._trace_classic,
            "frequent": lambda: self._summaries(minimum="1ms", error=True),
            "rare": lambda: self._summaries(minimum="400ms", error=True),
            "frequent-classic": lambda: self._classic(minimum="1ms"),
            "rare-classic": lambda: self._classic(minimum="400ms"),
            "attribute": self._attribute,
            "services": lambda: len(_get("/api/v3/services")["services"]),
            "operations": self._operations,
        }

    def all_found(self) -> bool:
        """Whether the trace of the last request that was stored is found."""
        try:
            return bool(_get(f"/api/v3/traces/{_moved(self._last_id, self._last_round).hex()}")["result"])
        except (urllib.error.URLError, OSError):
            return False

    def _trace(self) -> int:
        return len(_get(f"/api/v3/traces/{self.some_trace()}")["result"]["resourceSpans"])

    def _trace_classic(self) -> int:
        return len(_get(f"/api/traces/{self.some_trace()}")["data"][0]["spans"])

    def some_trace(self) -> str:
        """Its id, in hex."""
        ids = self._rng.choice(self._ids)
        return _moved(self._rng.choice(ids), self._rng.randrange(self._rounds)).hex()

    def where(self) -> tuple[str, str]:
        """A service and one of its operations; few are asked for most of the time."""
        operation = min(int(self._rng.expovariate(1 / 40)), corpus.OPERATIONS - 1)
        service = (operation * 7 + self._rng.randrange(5)) % corpus.SERVICES
        verb = ["GET", "POST", "publish", "SELECT"][operation % 4]
        return f"service-{service:02}", f"{verb} /operation/{operation:03}"

    def some_attribute(self) -> tuple[str, str]:
        """Key and value of a span; few have the same."""
        return self._rng.choice(self._attributes)

    def _summaries(self, *, minimum: str, error: bool) -> int:
        service, operation = self.where()
        return len(
            _get(
                "/api/v3/trace-summaries",
                **{
                    "query.serviceName": service,
                    "query.operationName": operation,
                    "query.durationMin": minimum,
                    "query.attributes": json.dumps({"error": "true"} if error else {}),
                    "query.searchDepth": "20",
                    **self._window(),
                },
            )["summaries"]
        )

    def _window(self) -> dict[str, str]:
        return {"query.startTimeMin": "2026-09-01T00:00:00Z", "query.startTimeMax": "2026-12-01T00:00:00Z"}

    def _classic(self, *, minimum: str) -> int:
        service, operation = self.where()
        tags = json.dumps({"error": "true"})
        times = {"start": str(corpus.BASE_NS // 1000), "end": str((corpus.BASE_NS + 3600 * 10**9 * 24) // 1000)}
        found = _get(
            "/api/traces", service=service, operation=operation, minDuration=minimum, tags=tags, limit="20", **times
        )
        return len(found["data"])

    def _attribute(self) -> int:
        key = self._rng.choice([3, 11, 19, 27, 35, 43])
        name = corpus.key_name(key)
        value = f"{self._rng.choice(corpus.WORDS)}-{self._rng.randrange(16**8):08x}"
        attributes = json.dumps({name: value})
        return len(
            _get(
                "/api/v3/trace-summaries",
                **{"query.attributes": attributes, "query.searchDepth": "20", **self._window()},
            )["summaries"]
        )

    def _operations(self) -> int:
        return len(_get("/api/v3/operations", service=self.where()[0])["operations"])


def _first_ids(request: bytes) -> list[bytes]:
    ids = Batch.from_otlp("traces", request).trace_ids()
    return [ids[at : at + 16] for at in range(0, min(len(ids), 32 * 16), 16)]


def _attributes(request: bytes) -> list[tuple[str, str]]:
    """Those whose values are like ids."""
    read = ExportTraceServiceRequest.FromString(request)
    spans = (span for of in read.resource_spans for scoped in of.scope_spans for span in scoped.spans)
    found = ((each.key, each.value.string_value) for span in spans for each in span.attributes)
    return [each for each in found if each[0].rpartition(".k")[2].isdigit() and int(each[0][-3:]) % 8 == 3]


def _moved(trace_id: bytes, round_number: int) -> bytes:
    """The trace's id in this round (bench/load/src/unique.rs)."""
    mask = round_number * _MASK % 2**64
    return struct.pack("<Q", struct.unpack("<Q", trace_id[:8])[0] ^ mask) + trace_id[8:]


def _get(path: str, **query: str) -> Any:
    url = f"{API}{path}?{urllib.parse.urlencode(query)}" if query else API + path
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)
