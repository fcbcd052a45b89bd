"""`View.gather`, `spans_of`, `aggregate`: what a plain reading of the decoded spans says, wherever these lie."""

import json
import struct
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otelier._core import Batch, Column, Disk, Log, SpanTable, View, merge
from otelier.testing.telemetry import START_NS, decode, span, trace_id, traces

from .otlp_messages import requests
from .test_view import EVERYTHING, FOREVER, flush_all, without_duplicates

NAME = {"scope": "intrinsic", "key": "name"}
SERVICE = {"scope": "intrinsic", "key": "service"}
IDENTITY = [{"scope": "intrinsic", "key": key} for key in ("span_id", "start_ns", "kind", "parent_span_id")]


def values(column: Column) -> list[Any]:
    """As Python's; arrays and others as their text."""
    tags, data, texts = column.tags, column.data, column.texts
    size = len(column.raw) // len(column) if len(column) else 0
    if size:
        return [column.raw[at * size : at * size + size] for at in range(len(column))]
    out: list[Any] = []
    for at, tag in enumerate(tags):
        cell = data[8 * at : 8 * at + 8]
        (number,) = struct.unpack("<q", cell)
        match tag:
            case 0:
                out.append(None)
            case 2:
                out.append(bool(number))
            case 3:
                out.append(number)
            case 4:
                out.append(struct.unpack("<d", cell)[0])
            case _:
                out.append(texts[number])
    return out


def codes(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 4}I", data)


def gather(view: View, filter_: object, *fields: object, newest: int = 0) -> SpanTable:
    return view.gather("default", json.dumps(filter_).encode(), json.dumps(fields).encode(), *FOREVER, newest=newest)


def each_span(batch: Batch) -> Iterator[tuple[Resource, Span]]:
    for resource in decode(batch).resource_spans:
        for scope in resource.scope_spans:
            for each in scope.spans:
                yield resource.resource, each


def plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind in ("string_value", "bool_value", "int_value", "double_value") else None


def service(resource: Resource) -> str | None:
    names = (plain(pair.value) for pair in resource.attributes if pair.key == "service.name")
    return next((name for name in names if isinstance(name, str)), None)


def store(batches: list[Batch], flushed: int, merged: bool) -> View:
    disk = Disk.simulated()
    log, view = Log(disk, "log"), View(disk)
    paths: list[str] = []
    sealed = 0
    for at, batch in enumerate(batches):
        log.append("default", batch, START_NS)
        if at < flushed:
            sealed, more = flush_all(disk, log)
            log.retire(sealed)
            paths += more
    if merged and paths:
        paths = [json.loads(each)["path"] for each in merge(disk, "default", "traces", paths).segments]
    view.refresh(paths, sealed)
    return view


@settings(max_examples=60, deadline=None)
@given(st.lists(requests("traces"), min_size=1, max_size=3), st.integers(0, 3), st.booleans())
def test_columns_say_what_the_decoded_spans_say(messages: list[Any], flushed: int, merged: bool) -> None:
    batches = [Batch.from_otlp("traces", message.SerializeToString()) for message in messages]
    view = store(batches, flushed, merged)
    spans = list(each_span(without_duplicates(Batch.join(batches))))
    keys = sorted({pair.key for _, each in spans for pair in each.attributes})[:3]
    fields = [*IDENTITY, NAME, SERVICE, *({"scope": "span", "key": key} for key in keys)]
    table = gather(view, {"all": []}, *fields)
    columns = [values(table.column(at)) for at in range(len(fields))]
    ids = [table.trace_ids[16 * code : 16 * code + 16] for code in codes(table.trace_codes)]
    rows = {(trace, row[0], row[1] % 2**64, row[2]): row for trace, *row in zip(ids, *columns, strict=True)}
    assert len(rows) == table.rows == len(spans)
    for resource, each in spans:
        row = rows[each.trace_id, each.span_id, each.start_time_unix_nano, each.kind]
        assert row[3] == (each.parent_span_id or bytes(8))
        assert (row[4], row[5]) == (each.name, service(resource))
        for at, key in enumerate(keys):
            given = [plain(pair.value) for pair in each.attributes if pair.key == key]
            if len(given) <= 1 and given != [None]:
                assert repr(row[6 + at]) == repr(given[0] if given else None)
    counted = view.aggregate("default", EVERYTHING, json.dumps([NAME]).encode(), *FOREVER, 2**62)
    steps = struct.unpack(f"<{len(counted.counts) // 8}Q", counted.counts)
    names = values(counted.group_columns[0])
    found: Counter[str] = Counter()
    for group, count in zip(codes(counted.cell_groups), steps, strict=True):
        found[names[group]] += count
    assert found == Counter(each.name for _, each in spans)


def test_rows_of_whole_traces_are_trees_wherever_their_parts_lie() -> None:
    # 1 ─ 2 ─ 3, 1 ─ 4; 6 is an orphan with a child. Each span comes alone.
    parents = {1: None, 2: 1, 3: 2, 4: 1, 6: 5, 7: 6}
    parts = [traces(span(number=n, parent=parent, start_ns=START_NS + n)) for n, parent in parents.items()]
    view = store(parts, 3, merged=False)
    fields = json.dumps([{"scope": "intrinsic", "key": "start_ns"}]).encode()
    table = view.spans_of("default", trace_id(2) + trace_id(1), fields)
    assert table.trace_ids == trace_id(1)
    assert [start - START_NS for start in values(table.column(0))] == [1, 2, 3, 4, 6, 7]
    assert struct.unpack("<6i", table.parents) == (-1, 0, 1, 0, -1, 4)
    assert codes(table.descendants) == (3, 1, 0, 0, 1, 0)


def test_relatives_are_asked_for_wherever_they_lie() -> None:
    parts = [
        traces(span("query", number=3, parent=2, start_ns=START_NS + 2)),
        traces(span("call", number=2, parent=1, start_ns=START_NS + 1, status="ERROR")),
        traces(span("root", number=1)),
        traces(span("query", trace=2)),
    ]
    failed = {"field": {"scope": "intrinsic", "key": "status"}, "op": "=", "value": {"int": "2"}}
    query = {"field": NAME, "op": "=", "value": "query"}
    below = {"all": [query, {"has": "ancestor", "filter": failed}]}
    for flushed in range(5):
        view = store(parts, flushed, merged=flushed == 4)
        table = gather(view, below, NAME, {**NAME, "parent": True}, {"scope": "intrinsic", "key": "root_name"})
        assert [values(table.column(at)) for at in range(3)] == [["query"], ["call"], ["root"]]
        assert view.search("default", json.dumps(below).encode(), *FOREVER, 20) == [(trace_id(1), START_NS + 2)]
        alone = gather(view, {"all": [query, {"not": {"has": "trace", "filter": failed}}]}, NAME)
        assert alone.trace_ids == trace_id(2)


def test_roll_ups_answer_like_spans() -> None:
    minute = 60 * 10**9
    spans = [
        span(f"op {n % 3}", trace=n, start_ns=minute * (100 + n % 5) + n % 2, duration_ns=n * 1000)
        for n in range(1, 90)
    ]
    view = store([traces(*spans)], 1, merged=False)
    groups, duration = json.dumps([SERVICE]).encode(), b'{"scope":"intrinsic","key":"duration_ns"}'
    for start in (minute * 100, minute * 100 + 1):
        window = (start, start + 3 * minute - 1)
        both = [
            view.aggregate("default", EVERYTHING, groups, *window, minute, duration, "histogram", rollups=rollups)
            for rollups in (True, False)
        ]
        assert [each.read["rollup_files"] for each in both] == [1, 0]
        for name in ("counts", "cell_steps", "bucket_numbers", "bucket_counts"):
            assert getattr(both[0], name) == getattr(both[1], name)


def test_names_and_values_of_attributes_are_listed() -> None:
    parts = [
        traces(span(attributes={"route": "/a", "n": 1}), resource={"service.name": "shop", "zone": "eu"}),
        traces(span(trace=2, attributes={"route": "/b"})),
    ]
    for flushed in range(3):
        view = store(parts, flushed, merged=False)
        assert view.tag_names("default", *FOREVER) == [
            ("resource", "service.name", "string"),
            ("resource", "zone", "string"),
            ("span", "n", "int"),
            ("span", "route", "string"),
        ]
        route = json.dumps({"scope": "span", "key": "route"}).encode()
        assert values(view.tag_values("default", route, EVERYTHING, *FOREVER)) == ["/a", "/b"]
        has_n = json.dumps({"field": {"scope": "span", "key": "n"}, "op": "exists"}).encode()
        assert values(view.tag_values("default", route, has_n, *FOREVER)) == ["/a"]
        assert values(view.tag_values("default", route, EVERYTHING, *FOREVER, limit=1)) == ["/a"]


@pytest.mark.parametrize(
    ("filter_", "fields", "why"),
    [
        ({"has": "cousin", "filter": {"all": []}}, [], "has is one of"),
        ({"all": []}, [{"scope": "link", "key": "x", "intrinsic": True}], "trace_id and span_id"),
        ({"all": []}, {}, "array"),
    ],
)
def test_what_is_no_filter_or_field_is_refused(filter_: object, fields: object, why: str) -> None:
    view = store([], 0, merged=False)
    with pytest.raises(ValueError, match=why):
        view.gather("default", json.dumps(filter_).encode(), json.dumps(fields).encode(), *FOREVER)


def test_a_step_of_nothing_is_refused() -> None:
    view = store([], 0, merged=False)
    with pytest.raises(ValueError, match="step_ns"):
        view.aggregate("default", EVERYTHING, b"[]", *FOREVER, 0)
