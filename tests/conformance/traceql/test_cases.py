"""The shared cases of TraceQL, asked of a store: from the log, from one segment, from traces split over segments, and
after these were merged."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from otelier.component import Meter, SystemClock
from otelier.query.gate import Gate
from otelier.query.snapshot import Snapshot
from otelier.query.traceql.answer import SearchAnswer
from otelier.query.traceql.engine import TraceQL
from otelier.storage.local import StoreSettings, close_store, open_store
from otelier.telemetry import Batch

pytestmark = pytest.mark.shared

COUNT = 15
PHASES = ("in the log", "in a segment", "split over segments", "merged")
_SECOND = 10**9


@pytest.fixture(scope="module")
def suite(shared: Path) -> dict[str, Any]:
    suite = json.loads((shared / "conformance" / "traceql" / "cases.json").read_text())
    assert len(suite["cases"]) == COUNT
    return suite


@pytest.fixture(scope="module", params=PHASES)
def traceql(request: pytest.FixtureRequest, suite: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TraceQL]:
    directory = tmp_path_factory.mktemp("data")
    engine = open_store(StoreSettings(data_dir=str(directory)), SystemClock(), Meter())
    whole = suite["traces"]
    split = request.param in ("split over segments", "merged")
    for part in [{"resourceSpans": [each]} for each in whole["resourceSpans"]] if split else [whole]:
        engine.append("default", Batch.from_json("traces", json.dumps(part).encode()))
        if request.param != "in the log":
            engine.flush(everything=True)
    if request.param == "merged":
        assert engine.compact()
    yield TraceQL(Snapshot(directory), Gate(1, 0))
    close_store(engine)


@pytest.mark.parametrize("number", range(COUNT))
def test_case(traceql: TraceQL, suite: Any, number: int):
    case = suite["cases"][number]
    request = case["request"]
    if case["kind"] == "search":
        answer = traceql.search(
            "default", case["query"], start_ns=0, end_ns=0, limit=request["limit"], spans_per_spanset=request["spss"]
        )
        assert shown(answer) == expected(case), case["rule"]
    else:
        metrics = traceql.metrics(
            "default",
            case["query"],
            start_ns=request["start"] * _SECOND,
            end_ns=request["end"] * _SECOND,
            step_ns=int(request["step"].removesuffix("s")) * _SECOND,
        )
        found = [
            (
                {key: value for key, value in series.labels if key != "__name__"},
                [
                    [at // 1000, pytest.approx(value, rel=case.get("tolerance_relative", 1e-9))]
                    for at, value in zip(metrics.timestamps_ms, series.values.tolist(), strict=True)
                    if value == value
                ],
            )
            for series in metrics.series
        ]
        assert found == [(series["labels"], series["samples"]) for series in case["expect"]["series"]], case["rule"]


def shown(answer: SearchAnswer) -> dict[str, Any]:
    return {
        trace.trace_id.hex().lstrip("0"): {
            "rootService": trace.root_service,
            "rootName": trace.root_name,
            "durationMs": trace.duration_ns // 10**6,
            "spanSets": [
                {
                    "spans": {each.span_id.hex() for each in spanset.spans},
                    "matched": spanset.matched,
                    "attributes": {key: str(value) for key, value in spanset.attributes},
                }
                for spanset in sorted(trace.spansets, key=lambda each: min(span.span_id for span in each.spans))
            ],
        }
        for trace in answer.traces
    }


def expected(case: Any) -> dict[str, Any]:
    return {
        trace["traceID"]: {
            **{key: trace[key] for key in ("rootService", "rootName", "durationMs")},
            "spanSets": [
                {
                    "spans": set(spanset["spans"]),
                    "matched": spanset["matched"],
                    "attributes": spanset.get("attributes", {}),
                }
                for spanset in sorted(trace["spanSets"], key=lambda each: min(each["spans"]))
            ],
        }
        for trace in case["expect"]["traces"]
    }
