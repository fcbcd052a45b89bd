"""filter: what a condition holds for is dropped and counted, with whatever has nothing left; all else stays."""

import json

import pytest
import yaml

from otelier.component import Meter, Permanent
from otelier.config import ConfigError, decode, load
from otelier.processors.filter import Filter, FilterConfig
from otelier.telemetry import Batch
from otelier.testing import MemoryExporter, component_context, counter, gauge, log_record, logs, metrics, span, traces
from otelier.testing import decode as opened

_SEED = """
metrics:
  datapoint:
    - 'attributes["span.kind"] == "SPAN_KIND_CLIENT"'
    - 'attributes["span.kind"] == "SPAN_KIND_INTERNAL"'
"""
_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")


def read(yaml):
    document = load([f"yaml:{yaml}"])
    return decode(FilterConfig, document.tree, (), document)


class Setup:
    """A filter in front of a memory exporter."""

    def __init__(self, yaml, signal="traces"):
        self.meter = Meter()
        self.out = MemoryExporter()
        self.processor = Filter(read(yaml), component_context("filter", meter=self.meter, signal=signal))
        self.processor.next = self.out

    def consume(self, batch):
        self.processor.consume(batch)
        return [opened(each) for each in self.out.batches]

    def spans(self, *spans):
        """Names of the spans that are left."""
        found = self.consume(traces(*spans))
        return [each.name for m in found for r in m.resource_spans for s in r.scope_spans for each in s.spans]

    def filtered(self, what):
        return self.meter.counter(f"otelcol_processor_filter_{what}.filtered", "", "").value(processor="filter")


def _of_kinds(name, *kinds):
    points = [counter(name, 1.0, attributes={"span.kind": f"SPAN_KIND_{kind}"}).sum.data_points[0] for kind in kinds]
    metric = counter(name, 1.0)
    del metric.sum.data_points[:]
    metric.sum.data_points.extend(points)
    return metric


def test_the_seed_keeps_the_kinds_that_dashboards_show():
    it = Setup(_SEED, "metrics")
    shop = metrics(_of_kinds("calls", *_KINDS), _of_kinds("events", "CLIENT"), resource={"service.name": "shop"})
    only = metrics(_of_kinds("calls", "CLIENT"), resource={"service.name": "onlyclient"})
    [left] = it.consume(Batch.join([shop, only]))
    [resource] = left.resource_metrics
    assert resource.resource.attributes[0].value.string_value == "shop"
    [metric] = resource.scope_metrics[0].metrics
    assert metric.name == "calls"
    kinds = [point.attributes[0].value.string_value.removeprefix("SPAN_KIND_") for point in metric.sum.data_points]
    assert kinds == ["UNSPECIFIED", "SERVER", "PRODUCER", "CONSUMER"]
    assert it.filtered("datapoints") == 4


def test_a_batch_of_nothing_goes_nowhere():
    it = Setup("traces: {span: ['true']}")
    assert it.spans(span(), span(number=2)) == []
    assert it.out.batches == []
    assert it.filtered("spans") == 2


def test_nothing_dropped_is_the_same_batch():
    it = Setup("traces: {span: ['name == \"x\"']}")
    batch = traces(span()).with_metadata({"tenant": ["x"]})
    it.processor.consume(batch)
    assert it.out.batches[0] is batch or it.out.batches[0].digest() == batch.digest()
    assert it.out.batches[0].metadata == {"tenant": ("x",)}


def test_conditions_of_all_contexts_are_alternatives():
    it = Setup("""
traces:
  resource: ['attributes["service.name"] == "noise"']
  span: ['name == "a"', 'kind == SPAN_KIND_CLIENT']
""")
    assert it.spans(span("a"), span("b", number=2, kind="CLIENT"), span("c", number=3)) == ["c"]
    it.consume(traces(span("d"), resource={"service.name": "noise"}))
    assert len(it.out.batches) == 1


def test_events_are_dropped_without_their_spans():
    it = Setup("traces: {spanevent: ['name == \"noise\"']}")
    first = span("a")
    for name in ("noise", "kept", "noise"):
        first.events.add(name=name)
    [left] = it.consume(traces(first))
    [kept] = left.resource_spans[0].scope_spans[0].spans
    assert [event.name for event in kept.events] == ["kept"]


def test_metrics_are_dropped_whole():
    it = Setup("metrics: {metric: ['HasAttrKeyOnDatapoint(\"a\")']}", "metrics")
    [left] = it.consume(metrics(gauge("g", 1.0, 2.0, attributes={"a": "x"}), gauge("h", 1.0)))
    assert [metric.name for metric in left.resource_metrics[0].scope_metrics[0].metrics] == ["h"]
    assert it.filtered("datapoints") == 2


def test_inferred_contexts():
    it = Setup(
        """
log_conditions:
  - 'log.body == "a"'
  - {context: resource, conditions: ['attributes["x"] == 1']}
  - {conditions: ['IsMatch(log.body, "^b")'], error_mode: ignore}
""",
        "logs",
    )
    [left] = it.consume(logs(log_record("a"), log_record("bc"), log_record("c")))
    assert [record.body.string_value for record in left.resource_logs[0].scope_logs[0].log_records] == ["c"]
    assert it.filtered("logs") == 2


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        ("include: {match_type: strict, span_names: [a, b]}", ["a", "b"]),
        ("exclude: {match_type: regexp, span_names: ['^[ab]$']}", ["c"]),
        ("include: {match_type: strict, services: [shop]}, exclude: {match_type: strict, span_names: [c]}", ["a", "b"]),
        ("include: {match_type: strict, services: [other]}", []),
        ("include: {match_type: regexp, span_kinds: ['CLIENT$'], services: [shop]}", ["b"]),
        ("exclude: {match_type: strict, services: [shop], attributes: [{key: k, value: 5}]}", ["b", "c"]),
        ("exclude: {match_type: strict, services: [shop], attributes: [{key: k}]}", ["b", "c"]),
        ("include: {match_type: strict, libraries: [{name: test}], resources: [{key: service.name}]}", ["a", "b", "c"]),
    ],
)
def test_the_older_form(keys, left):
    it = Setup(f"spans: {{{keys}}}")
    assert it.spans(span("a", attributes={"k": 5}), span("b", number=2, kind="CLIENT"), span("c", number=3)) == left


def test_a_condition_that_fails_keeps_the_item_or_refuses_the_batch():
    condition = "'attributes[\"a\"] / 0 == 1'"
    it = Setup(f"{{error_mode: ignore, traces: {{span: [{condition}, 'name == \"b\"']}}}}")
    assert it.spans(span("a", attributes={"a": 1}), span("b", number=2, attributes={"a": 1})) == ["a"]
    it = Setup(f"traces: {{span: [{condition}]}}")
    with pytest.raises(Permanent, match="division by zero; error_mode `ignore` would keep the item"):
        it.spans(span(attributes={"a": 1}))


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("traces: {span: [name]}", "`span[0]`: column 1: `name` is a value, expected a condition"),
        ("traces: {span: ['true', 'nam == 1']}", "`span[1]`: column 1: span has no path `nam`; did you mean `name`?"),
        ("log_conditions: ['body == 1']", "`log_conditions[0]`: column 1: `body` doesn't say whose; write `log.body`"),
        ("log_conditions: [{context: log, conditions: ['bod == 1']}]", "`conditions[0]`: column 1: log has no path"),
        (
            "spans: {include: {match_type: strict}}\ntraces: {span: ['true']}",
            "can't be used together with `spans.include`",
        ),
        ("logs: {include: {match_type: strict, severity_number: {min: LOUD}}}", "`LOUD` is no severity"),
    ],
)
def test_a_mistake_is_told_with_its_place(yaml, message):
    with pytest.raises(ConfigError) as error:
        read(yaml)
    assert message in str(error.value)


@pytest.mark.shared
def test_the_real_configuration_is_taken(shared):
    written = yaml.safe_load((shared / "configs/layer2-spanmetrics.yaml").read_text())["config"]["processors"]
    it = Setup(json.dumps(written["filter"]), "metrics")
    it.consume(metrics(_of_kinds("calls", *_KINDS)))
    assert it.filtered("datapoints") == 2
