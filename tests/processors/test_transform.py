"""transform: statements run where and when the configuration says, and a failure does what its error mode says."""

import json
import logging

import pytest
import yaml

from otelier.component import Meter, Permanent
from otelier.config import ConfigError, decode, load
from otelier.processors.transform import Transform, TransformConfig
from otelier.testing import FakeClock, MemoryExporter, component_context, log_record, logs, span, traces
from otelier.testing import decode as opened

_SEED = """
error_mode: ignore
trace_statements:
  - context: resource
    statements: ['truncate_all(attributes, 300)']
  - context: span
    statements: ['truncate_all(attributes, 300)']
"""
_DELETED = ["thread.name", "messaging.kafka.message_offset", "process.command_args", "telemetry.sdk.version"]


def read(yaml):
    document = load([f"yaml:{yaml}"])
    return decode(TransformConfig, document.tree, (), document)


class Setup:
    """A transform processor in front of a memory exporter."""

    def __init__(self, yaml, signal="traces"):
        self.clock = FakeClock()
        self.meter = Meter()
        self.out = MemoryExporter()
        context = component_context("transform", clock=self.clock, meter=self.meter, signal=signal)
        self.processor = Transform(read(yaml), context)
        self.processor.next = self.out

    def spans(self, *spans, resource=None):
        """What becomes of these spans: (name, attributes) each."""
        self.processor.consume(traces(*spans, resource=resource or {}))
        scopes = [s for r in opened(self.out.batches[-1]).resource_spans for s in r.scope_spans]
        return [(each.name, _plain(each.attributes)) for scope in scopes for each in scope.spans]

    def resource(self):
        return _plain(opened(self.out.batches[-1]).resource_spans[0].resource.attributes)

    def errors(self, statement):
        counter = self.meter.counter("otelcol_processor_transform_errors", "", "")
        return counter.value(component="transform", statement=statement)


def _plain(pairs):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value") for pair in pairs}


def test_the_seed_truncates_texts_by_bytes_and_never_through_a_character():
    it = Setup(_SEED)
    long = {
        "a": "a" * 300,
        "b": "b" * 301,
        "hangul": "가" * 101,
        "mixed": "ab" + "가" * 101,
        "int": 10**18,
    }
    [(name, attributes)] = it.spans(span("n" * 400, attributes=long), resource={"r": "r" * 301})
    assert name == "n" * 400
    assert attributes == {
        "a": "a" * 300,
        "b": "b" * 300,
        "hangul": "가" * 100,
        "mixed": "ab" + "가" * 99,
        "int": 10**18,
    }
    assert len(attributes["mixed"].encode()) == 299
    assert it.resource() == {"r": "r" * 300}


def test_deleting_keys_that_are_not_there_is_no_error():
    keys = ", ".join(f'"{key}"' for key in _DELETED)
    it = Setup(f"trace_statements: ['delete_keys(span.attributes, [{keys}])']")
    present = dict.fromkeys(_DELETED, "x") | {"kept": "y"}
    assert it.spans(span(attributes=present), span(number=2)) == [("GET /", {"kept": "y"}), ("GET /", {})]


def test_what_nothing_changes_is_the_same_batch():
    it = Setup(_SEED)
    batch = traces(span(attributes={"a": "short"})).with_metadata({"tenant": ["x"]})
    it.processor.consume(batch)
    assert it.out.batches[0].to_otlp() == batch.to_otlp()
    assert it.out.batches[0].metadata == {"tenant": ("x",)}


def test_an_edited_batch_keeps_its_metadata():
    it = Setup('trace_statements: ["set(span.name, \\"x\\")"]')
    it.processor.consume(traces(span()).with_metadata({"tenant": ["x"]}))
    assert it.out.batches[0].metadata == {"tenant": ("x",)}


def test_a_statement_can_ask_for_the_senders_metadata():
    it = Setup("""trace_statements: ['set(span.name, otelcol.client.metadata["tenant"][0])']""")
    it.processor.consume(traces(span()).with_metadata({"tenant": ["x"]}))
    assert opened(it.out.batches[0]).resource_spans[0].scope_spans[0].spans[0].name == "x"


def test_statements_run_in_order_and_groups_one_after_the_other():
    it = Setup("""
trace_statements:
  - context: span
    conditions: ['name == "a"', 'name == "b"']
    statements: ['set(attributes["n"], name)', 'set(name, "z")']
  - 'set(span.attributes["then"], span.name)'
  - 'set(resource.attributes["last"], span.name)'
""")
    assert it.spans(span("a"), span("c", number=2)) == [("z", {"n": "a", "then": "z"}), ("c", {"then": "c"})]
    assert it.resource() == {"last": "c"}


@pytest.mark.parametrize(("shared", "seen"), [("false", {}), ("true", {"first": "a"})])
def test_a_cache_is_an_items_own_unless_it_is_shared(shared, seen):
    it = Setup(f"""
trace_statements:
  - context: span
    shared_cache: {shared}
    statements: ['set(cache["first"], name) where cache["first"] == nil and name == "a"']
  - context: span
    shared_cache: {shared}
    statements: ['set(attributes["first"], cache["first"])']
""")
    assert it.spans(span("a"), span("b", number=2)) == [("a", seen), ("b", seen)]


def test_propagate_refuses_the_batch_whole():
    it = Setup("trace_statements: ['set(span.name, 5)']")
    with pytest.raises(
        Permanent, match=r"transform: `set\(span.name, 5\)`: set: expected a string, got an int; error_mode"
    ):
        it.spans(span())
    assert it.out.batches == []


def test_ignore_goes_on_counts_and_warns_once_in_ten_seconds(caplog):
    it = Setup("{error_mode: ignore, trace_statements: ['set(span.name, 5)', 'set(span.name, \"x\")']}")
    with caplog.at_level(logging.WARNING, "otelier.test"):
        assert [name for name, _ in it.spans(span(), span(number=2))] == ["x", "x"]
        it.clock.advance(11)
        it.spans(span())
    assert it.errors("set(span.name, 5)") == 3
    first, second = (record.getMessage() for record in caplog.records)
    assert first == "passed over `set(span.name, 5)`: set: expected a string, got an int"
    assert second == first + " (1 more like this)"


def test_silent_only_counts(caplog):
    it = Setup("""
error_mode: ignore
trace_statements: [{context: span, error_mode: silent, statements: ['set(name, 5)']}]
""")
    it.spans(span())
    assert it.errors("set(name, 5)") == 1
    assert caplog.records == []


def test_flattened_records_can_change_their_resource_alone():
    statements = '{context: log, statements: [\'set(resource.attributes["to"], attributes["to"])\']}'
    it = Setup(f"{{flatten_data: true, log_statements: [{statements}]}}", "logs")
    records = [log_record(str(n), attributes={"to": "ab"[n % 2]}) for n in range(4)]
    it.processor.consume(logs(*records, resource={"service.name": "shop"}))
    found = [
        (
            _plain(each.resource.attributes)["to"],
            [record.body.string_value for record in each.scope_logs[0].log_records],
        )
        for each in opened(it.out.batches[0]).resource_logs
    ]
    assert found == [("a", ["0", "2"]), ("b", ["1", "3"])]


def test_every_mistake_is_told_with_its_place():
    with pytest.raises(ConfigError) as error:
        read("""
trace_statements:
  - set(span.nam, "x")
  - context: spam
    statements: []
  - context: span
    statements:
      - sett(name, "x")
      - set(name, "x") where kind == SPAN_KIND_SERVR
    conditions: ['name = "a"']
log_statements: ['set(span.name, "x")']
""")
    told = [f"{problem.location.line}: {problem.message}" for problem in error.value.problems]
    assert told == [
        "3: `trace_statements[0]`: column 5: span has no path `nam`; did you mean `name`?",
        "4: `context`: `spam` is no context of traces; did you mean `span`?",
        "10: `conditions[0]`: column 6: `=` gives an argument its name; compare with `==`",
        "11: `log_statements[0]`: column 5: `span` is no context of logs",
    ]


def test_names_are_checked_as_soon_as_the_grammar_is_right():
    with pytest.raises(ConfigError) as error:
        read("""
trace_statements:
  - context: span
    statements:
      - sett(name, "x")
      - set(name, "x") where kind == SPAN_KIND_SERVR
""")
    assert [problem.message for problem in error.value.problems] == [
        "`statements[0]`: column 1: there is no editor `sett`; did you mean `set`?",
        "`statements[1]`: column 30: there is no enum `SPAN_KIND_SERVR`; did you mean `SPAN_KIND_SERVER`?",
    ]


@pytest.mark.shared
def test_the_real_configuration_is_taken(shared):
    written = yaml.safe_load((shared / "configs/layer1-loadbalancing.yaml").read_text())["config"]["processors"]
    it = Setup(json.dumps(written["transform"]))
    assert it.spans(span(attributes={"a": "a" * 301})) == [("GET /", {"a": "a" * 300})]
