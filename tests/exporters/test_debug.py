"""debug prints what arrived: all of it if asked, never anything that steers a terminal."""

import io
import logging
import sys

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from otelier.component import CustodyKind, StartError
from otelier.exporters.debug import Debug, DebugConfig, render, values
from otelier.sending import QueueSettings
from otelier.telemetry import Batch
from otelier.testing import (
    FakeClock,
    component_context,
    counter,
    gauge,
    items,
    log_record,
    logs,
    metrics,
    request,
    traces,
)
from otelier.testing import span as a_span


def text(batch, verbosity):
    return "\n".join(render(batch, verbosity))


@pytest.fixture
def ctx():
    return component_context("debug", clock=FakeClock(), signal="traces")


def started(ctx, **keys):
    debug = Debug(DebugConfig(**keys), ctx)
    debug.start()
    return debug


# -- what is printed ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signal", "count", "line"),
    [
        ("traces", 1, "traces: 1 span, "),
        ("metrics", 3, "metrics: 3 data points, "),
        ("logs", 2, "logs: 2 log records, "),
    ],
)
def test_basic_is_one_line_with_counts(signal, count, line):
    printed = text(items(signal, count), "basic")
    assert printed.startswith(line)
    assert "\n" not in printed


def test_normal_is_one_line_per_item_with_what_people_look_for():
    lines = text(
        traces(
            a_span("GET /cart", trace=1, number=1, duration_ns=1_500_000, attributes={"http.route": "/cart", "n": 7}),
            a_span("query", trace=1, number=2, parent=1, duration_ns=10, status="ERROR"),
        ),
        "normal",
    ).splitlines()
    assert len(lines) == 1 + 1 + 1 + 2
    assert 'service.name="shop"' in lines[1]
    assert "scope test" in lines[2]
    assert lines[3].strip() == (
        'GET /cart trace=c4ca4238a0b923820dcc509a6f75849b span=0dcc509a6f75849b 1.5ms http.route="/cart" n=7'
    )
    assert "parent=0dcc509a6f75849b" in lines[4]
    assert "ERROR" in lines[4]


def test_normal_prints_each_point_and_record():
    points = text(metrics(gauge("heap", 1.5, 2.5, unit="By"), counter("calls", 3, attributes={"op": "x"})), "normal")
    assert [line.strip() for line in points.splitlines()[3:]] == [
        "heap 1.5 By (gauge)", "heap 2.5 By (gauge)", 'calls{op="x"} 3.0 1 (sum)',
    ]  # fmt: skip
    records = text(logs(log_record("hello", trace=1, attributes={"k": True})), "normal").splitlines()
    assert records[-1].strip() == (
        '2023-11-14T22:13:20.000000000Z INFO "hello" trace=c4ca4238a0b923820dcc509a6f75849b '
        "span=0dcc509a6f75849b k=true"
    )


class Filler:
    """Sets every field of a message to a value of its own, and remembers how each must be printed."""

    def __init__(self, variant: int) -> None:
        self.expected: list[str] = []
        self._variant = variant
        self._number = 1000

    def fill(self, message: Message, depth: int = 0) -> None:
        if depth > 9:
            return
        for field in message.DESCRIPTOR.fields:
            choice = field.containing_oneof
            if field.name.endswith("_strindex"):  # of profiles only
                continue
            if choice and len(choice.fields) > 1:
                fields = [each for each in choice.fields if not each.name.endswith("_strindex")]
                if fields[self._variant % len(fields)] is not field:
                    continue
            self._set(message, field, depth)

    def _set(self, message: Message, field: FieldDescriptor, depth: int) -> None:
        many = field.is_repeated
        if field.message_type is not None:
            below = getattr(message, field.name)
            for each in [below.add(), below.add()] if many else [below]:
                each.SetInParent()
                self.fill(each, depth + 1)
            return
        self._number += 1
        value, printed = self._value(field)
        self.expected.append(printed)
        if many:
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)

    def _value(self, field: FieldDescriptor):
        number = self._number
        if field.enum_type is not None:
            known = field.enum_type.values[-1]
            return known.number, known.name.rpartition("_")[2]
        if field.type == FieldDescriptor.TYPE_BOOL:
            return True, "true"
        if field.type == FieldDescriptor.TYPE_STRING:
            return f"text{number}", f"text{number}"
        if field.type == FieldDescriptor.TYPE_BYTES:
            size = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}.get(field.name, 3)
            return number.to_bytes(size), number.to_bytes(size).hex()
        if field.type in (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT):
            return number + 0.5, f"{number}.5"
        if field.name.endswith("_unix_nano"):
            return number, values.time(number)
        return number, str(number)


@pytest.mark.parametrize("variant", range(7))
@pytest.mark.parametrize("signal", ["traces", "metrics", "logs"])
def test_detailed_omits_nothing(signal, variant):
    filler, message = Filler(variant), request(signal)
    filler.fill(message)
    printed = text(Batch.from_otlp(signal, message.SerializeToString()), "detailed")
    assert len(filler.expected) > 40
    assert [value for value in filler.expected if value not in printed] == []


def test_an_unknown_enumeration_value_is_printed_as_its_number():
    span = a_span()
    span.kind = 77
    assert "kind: 77" in text(traces(span), "detailed")


HOSTILE = "a\x1b[2J\x1b]0;owned\x07\r\n\x9b31m\u202eb\x00\u2028\x7f"


@pytest.mark.parametrize("verbosity", ["normal", "detailed"])
@pytest.mark.parametrize("signal", ["traces", "metrics", "logs"])
def test_telemetry_can_not_steer_the_terminal(signal, verbosity):
    keys = {"attributes": {HOSTILE: [{HOSTILE: HOSTILE}]}}
    batch = {
        "traces": lambda where: traces(a_span(HOSTILE, **keys), **where),
        "metrics": lambda where: metrics(gauge(HOSTILE, 1.0, unit=HOSTILE, **keys), **where),
        "logs": lambda where: logs(log_record(HOSTILE, severity=HOSTILE, **keys), **where),
    }[signal]({"resource": {HOSTILE: HOSTILE}, "scope": HOSTILE})
    printed = text(batch, verbosity)
    assert all(char == "\n" or char.isprintable() for char in printed)
    assert "owned" in printed


def test_korean_and_emoji_are_printed_as_they_are():
    assert '"장바구니 🛒"' in text(logs(log_record("장바구니 🛒")), "detailed")


@pytest.mark.parametrize(
    ("ns", "printed"),
    [(0, "0ns"), (999, "999ns"), (1500, "1.5us"), (10**6, "1ms"), (90 * 10**9, "90s"), (-2_000_001, "-2.000001ms")],
)
def test_durations_are_exact(ns, printed):
    assert values.duration(ns) == printed


def test_the_latest_time_that_otlp_can_say_is_printed():
    assert values.time(2**64 - 1) == "2554-07-21T23:34:33.709551615Z"


# -- where and how often ------------------------------------------------------------------------


@pytest.mark.proves("debug.use_internal_logger")
def test_by_default_it_prints_through_the_log(ctx, caplog, capsys):
    with caplog.at_level(logging.INFO, "otelier.test"):
        started(ctx).consume(items("traces", 3))
    assert [message for message in caplog.messages if "3 spans" in message]
    assert capsys.readouterr().out == ""


@pytest.mark.proves("debug.{output_paths,verbosity}")
def test_it_prints_a_batch_at_once_to_each_output_path(ctx, tmp_path, monkeypatch):
    class Counting(io.StringIO):
        writes = 0

        def write(self, text):
            self.writes += 1
            return super().write(text)

    out, err = Counting(), Counting()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    path = tmp_path / "debug.txt"
    debug = started(ctx, verbosity="detailed", use_internal_logger=False, output_paths=("stdout", "stderr", str(path)))
    debug.consume(items("traces", 2))
    debug.stop(0)
    assert out.getvalue() == err.getvalue() == path.read_text() == text(items("traces", 2), "detailed") + "\n"
    assert (out.writes, err.writes) == (1, 1)


def test_a_file_that_can_not_be_opened_stops_the_start(ctx, tmp_path):
    with pytest.raises(StartError, match="output_paths"):
        started(ctx, use_internal_logger=False, output_paths=(str(tmp_path / "no" / "file"),))


@pytest.mark.proves("debug.sampling_{initial,thereafter}")
@pytest.mark.parametrize(
    ("initial", "thereafter", "printed"), [(2, 1, 10), (2, 4, 2 + 2), (0, 5, 2), (3, 0, 3), (0, 0, 0)]
)
def test_sampling_prints_the_first_of_each_second_and_then_every_nth(ctx, capsys, initial, thereafter, printed):
    keys = {"use_internal_logger": False, "sampling_initial": initial, "sampling_thereafter": thereafter}
    debug = started(ctx, **keys)
    for _ in range(2):
        for _ in range(10):
            debug.consume(items("traces", 1))
        assert capsys.readouterr().out.count("traces: 1 span") == printed
        ctx.clock.advance(1)
    assert ctx.meter.counter("otelcol_exporter_sent_spans", "", "").value(exporter="debug") == 20


def test_it_is_the_end_of_the_pipeline_unless_it_queues(ctx):
    assert Debug(DebugConfig(), ctx).custody().kind == CustodyKind.STORES
    assert Debug(DebugConfig(sending_queue=QueueSettings()), ctx).custody().kind == CustodyKind.BUFFERS
