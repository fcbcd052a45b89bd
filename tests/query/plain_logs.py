"""Logs made by chance, and a plain scan over them that answers what the core answers."""

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from otelier._core import Disk, Log, View, flush, merge
from otelier.query.log_labels import LEVEL, LEVEL_ALIAS, Record, Scope, metadata_labels, stream_labels
from otelier.query.logs import Count, Counted, Found, Looked, Streams
from otelier.telemetry import Batch
from otelier.testing import log_record, logs
from otelier.testing.telemetry import START_NS

NOTHING_LOOKED = Looked(0, 0, 0, partial=False)


class Logged(NamedTuple):
    """A record as it is sent, and what its labels are to be."""

    message: LogRecord
    resource: Mapping[str, Any]
    record: Record
    labels: dict[str, str]

    @property
    def line(self) -> str:
        return self.record.body

    def get(self, name: str) -> str:
        if name == LEVEL_ALIAS and name not in self.labels:
            return self.labels[LEVEL]
        return self.labels.get(name, "")


def logged(message: LogRecord, resource: Mapping[str, Any], scope: str = "test") -> Logged:
    """What is known of a record that is sent."""
    record = Record(
        message.time_unix_nano or message.observed_time_unix_nano,
        message.observed_time_unix_nano,
        message.severity_number,
        message.severity_text,
        message.event_name,
        text(message.body),
        message.trace_id.hex(),
        message.span_id.hex(),
        message.flags,
        [(each.key, text(each.value)) for each in message.attributes],
        0,
        0,
    )
    stream = stream_labels([(key, text_of(value)) for key, value in resource.items()])
    return Logged(message, resource, record, metadata_labels(record, Scope(scope, "", ())) | stream)


def text(value: Any) -> str:
    """An AnyValue as text."""
    kind = value.WhichOneof("value")
    return "" if kind is None else text_of(plain(value))


def plain(value: Any) -> Any:
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [plain(each) for each in value.array_value.values]
        case "kvlist_value":
            return {each.key: plain(each.value) for each in value.kvlist_value.values}
        case kind:
            return getattr(value, kind)


def text_of(value: Any) -> str:
    """Numbers in their shortest form, structures as JSON with sorted keys."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if value == math.trunc(value):
            return str(int(value))
        case int() | float():
            return str(value)
        case _:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


_SCRIPTS = ("HANGUL", "HIRAGANA", "KATAKANA", "CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH")


def is_of_run(char: str) -> bool:
    return unicodedata.name(char, "").startswith(_SCRIPTS)


def parts(line: str) -> list[tuple[str, bool]]:
    """Words in lower case, and runs of Hangul, Han and Kana."""
    found: list[tuple[str, bool]] = []
    before = None
    for char in line:
        kind = is_of_run(char) if char.isalnum() or char == "_" else None
        if kind is not None:
            if kind == before:
                found[-1] = (found[-1][0] + char.lower(), kind)
            else:
                found.append((char.lower(), kind))
        before = kind
    return found


def has_words(line: str, words: str) -> bool:
    whole = {word for word, run in parts(line) if not run}
    return all(part in line if run else part in whole for part, run in parts(words))


def holds(filter_: Mapping[str, Any], of: Logged) -> bool:
    """What a filter says of a record."""
    if "all" in filter_:
        return all(holds(each, of) for each in filter_["all"])
    if "any" in filter_:
        return any(holds(each, of) for each in filter_["any"])
    if "not" in filter_:
        return not holds(filter_["not"], of)
    field, op, value = filter_["field"], filter_["op"], filter_.get("value")
    match field["scope"], field["key"], op:
        case "intrinsic", "line", "contains":
            return value in of.line
        case "intrinsic", "line", "words":
            return has_words(of.line, value)
        case "intrinsic", "line", "=~":
            return re.search(value, of.line) is not None
        case "intrinsic", "severity", _:
            number, wanted = of.record.severity_number, int(value["int"])
            return {"=": number == wanted, ">=": number >= wanted, "<=": number <= wanted}[op]
        case "label", name, _:
            found = of.get(name)
            return {
                "=": found == value,
                "!=": found != value,
                "exists": bool(found),
                "=~": op == "=~" and re.search(value, found) is not None,
                "!~": op == "!~" and re.search(value, found) is None,
            }[op]
        case _:
            raise AssertionError(filter_)


class PlainLogs:
    """A Source over records in memory."""

    def __init__(self, records: Iterable[Logged]) -> None:
        self.records = list(records)

    def meant(self, filter_: Mapping[str, Any], start_ns: int, end_ns: int) -> list[Logged]:
        return [each for each in self.records if start_ns <= each.record.time_ns <= end_ns and holds(filter_, each)]

    def search(
        self, filter_: Mapping[str, Any], start_ns: int, end_ns: int, limit: int, *, oldest_first: bool, room: int = 1
    ) -> Found:
        found = sorted(self.meant(filter_, start_ns, end_ns), key=lambda each: each.record.time_ns)
        if not oldest_first:
            found.reverse()
        resources = [[(key, text_of(value)) for key, value in each.resource.items()] for each in found[:limit]]
        records = [each.record._replace(resource=at) for at, each in enumerate(found[:limit])]
        return Found(records, resources, [Scope("test", "", ())], False, NOTHING_LOOKED)

    def count(
        self,
        filter_: Mapping[str, Any],
        start_ns: int,
        end_ns: int,
        part_ns: int,
        by: Sequence[str],
        *,
        sizes: bool,
    ) -> Counted:
        counts: dict[tuple[tuple[tuple[str, str], ...], int], list[int]] = {}
        for each in self.meant(filter_, start_ns, end_ns):
            labels = {name: each.get(name) for name in by if name != "*"}
            if "*" in by:
                labels |= stream_labels([(key, text_of(value)) for key, value in each.resource.items()])
            name = tuple(sorted((label, value) for label, value in labels.items() if value))
            count = counts.setdefault((name, (each.record.time_ns - start_ns) // part_ns), [0, 0])
            count[0] += 1
            count[1] += len(each.line.encode()) if sizes else 0
        groups = sorted({name for name, _ in counts})
        return Counted(
            [list(name) for name in groups],
            [Count(groups.index(name), part, *count) for (name, part), count in counts.items()],
            NOTHING_LOOKED,
        )

    def streams(self, start_ns: int, end_ns: int) -> Streams:
        raise NotImplementedError


class Store:
    """Logs in the hot tier and in segments, as far as they were flushed and merged."""

    def __init__(self) -> None:
        self.disk = Disk.simulated()
        self._log = Log(self.disk, "log")
        self.view = View(self.disk)
        self._retired = 0
        self._paths: list[str] = []

    def put(self, records: Sequence[Logged]) -> None:
        for each in records:
            self._log.append("default", logs(each.message, resource=each.resource), START_NS)
        self.refresh()

    def put_batch(self, batch: Batch) -> None:
        self._log.append("default", batch, START_NS)
        self.refresh()

    def flush(self) -> None:
        self._retired = self._log.rotate()
        numbers = [number for number, _ in self._log.generations() if number <= self._retired]
        flushed = flush(self.disk, self._log, numbers, now_ns=START_NS, idle_ns=0, max_open_ns=0)
        self._paths += [json.loads(each)["path"] for each in flushed.segments]
        self._log.retire(self._retired)
        self.refresh()

    def merge(self) -> None:
        if self._paths:
            merged = merge(self.disk, "default", "logs", self._paths)
            self._paths = [json.loads(each)["path"] for each in merged.segments]
        self.refresh()

    def refresh(self) -> None:
        self.view.refresh(self._paths, self._retired)


class StoredLogs:
    """A Source over a view."""

    def __init__(self, view: View, page_bytes: int = 2**26) -> None:
        self._view = view
        self._page_bytes = page_bytes

    def search(
        self, filter_: Mapping[str, Any], start_ns: int, end_ns: int, limit: int, *, oldest_first: bool, room: int = 1
    ) -> Found:
        records, resources, scopes, more, looked = self._view.search_logs(
            "default",
            json.dumps(filter_).encode(),
            start_ns,
            end_ns,
            limit,
            oldest_first=oldest_first,
            max_bytes=room * self._page_bytes,
        )
        return Found(
            [Record(*each) for each in records],
            resources,
            [Scope(name, version, tuple(attributes)) for name, version, attributes in scopes],
            more,
            Looked(*looked),
        )

    def count(
        self,
        filter_: Mapping[str, Any],
        start_ns: int,
        end_ns: int,
        part_ns: int,
        by: Sequence[str],
        *,
        sizes: bool,
    ) -> Counted:
        groups, counts, looked = self._view.count_logs(
            "default", json.dumps(filter_).encode(), start_ns, end_ns, part_ns, list(by), sizes=sizes
        )
        return Counted(groups, [Count(*each) for each in counts], Looked(*looked))


WORDS = (
    "GET", "get", "timeout", "Timeout:", "timeouts", "order_id=42", "42", "4242", "작업을", "작업", "결제 실패", "업",
    "取消", "已取消", "エラー", "エラーが", "작업v2", "école", "ÉCOLE", "{", "\"", "level=error", "\t", "k8s/pod-1",
)  # fmt: skip
_lines = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
_bodies = st.one_of(
    _lines,
    _lines,
    _lines,
    st.fixed_dictionaries({"msg": _lines, "status": st.sampled_from([200, 500])}),
    st.sampled_from([None, 7, 2.5, True, ["a", 1]]),
)
_values = st.sampled_from(["GET", "POST", "", "500", 500, 2.5, True, ["x"], "작업"])
_attributes = st.dictionaries(
    st.sampled_from(["http.method", "http_method", "code", "level", "trace_id", "service.name", "rare"]),
    _values,
    max_size=4,
)
_resources = st.sampled_from(
    [
        {"service.name": "shop", "k8s.pod.name": "shop-1"},
        {"service.name": "shop", "k8s.pod.name": "shop-2", "code": "R"},
        {"service.name": "결제"},
        {"http.method": "of the resource"},
        {},
    ]
)


@st.composite
def _logged(draw: st.DrawFn) -> Logged:
    message = log_record(
        draw(_bodies),
        severity=draw(st.sampled_from(["", "INFO", "warning", "loud"])),
        number=draw(st.sampled_from([0, 0, 1, 9, 17, 24])),
        trace=draw(st.sampled_from([None, 1, 2])),
        time_ns=START_NS + draw(st.integers(0, 50)) * 10**8,
        attributes=draw(_attributes),
    )
    if draw(st.integers(0, 9)) == 0:
        message.time_unix_nano, message.observed_time_unix_nano = 0, message.time_unix_nano
    if draw(st.integers(0, 9)) == 0:
        message.event_name, message.flags = "paid", 1
    return logged(message, draw(_resources))


records = st.lists(_logged(), min_size=1, max_size=40)

LABELS = (
    "service_name", "k8s_pod_name", "detected_level", "level", "severity_text", "severity_number", "trace_id",
    "http_method", "code", "rare", "event_name", "flags", "observed_timestamp", "scope_name", "nothing",
)  # fmt: skip
_texts = st.sampled_from(
    ["shop", "결제", "error", "info", "GET", "500", "", "unknown_service", "R", "2.5", '["x"]', "test"]
)
_patterns = st.sampled_from(["^shop", "^(?:error|warn)$", "^$", ".+", "5", "작업|GET"])
_needles = st.one_of(
    st.sampled_from(
        ["작업", "업을", "time", "timeout ", "get", " 42 ", "v", "", "取", "エラー が", "1", '":', "{", "2.5", "true"]
    ),
    _lines,
)
_tests = st.one_of(
    st.builds(
        lambda name, op, value: {"field": {"scope": "label", "key": name}, "op": op, "value": value},
        st.sampled_from(LABELS),
        st.sampled_from(["=", "!=", "exists"]),
        _texts,
    ),
    st.builds(
        lambda name, op, value: {"field": {"scope": "label", "key": name}, "op": op, "value": value},
        st.sampled_from(LABELS),
        st.sampled_from(["=~", "!~"]),
        _patterns,
    ),
    st.builds(
        lambda op, value: {"field": {"scope": "intrinsic", "key": "line"}, "op": op, "value": value},
        st.sampled_from(["contains", "words"]),
        _needles,
    ),
    st.builds(lambda value: {"field": {"scope": "intrinsic", "key": "line"}, "op": "=~", "value": value}, _patterns),
    st.builds(
        lambda op, value: {"field": {"scope": "intrinsic", "key": "severity"}, "op": op, "value": {"int": str(value)}},
        st.sampled_from(["=", ">=", "<="]),
        st.sampled_from([0, 9, 17]),
    ),
)
filters = st.recursive(
    _tests,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=5,
)
