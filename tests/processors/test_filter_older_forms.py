"""The older `include` and `exclude` of filter: each property chooses, kept by the one and dropped by the other."""

import pytest

from otelier.component import Meter
from otelier.config import decode, load
from otelier.processors.filter import Filter, FilterConfig
from otelier.telemetry import Batch, Signal
from otelier.testing import MemoryExporter, component_context, gauge, log_record, logs, metrics, request, span, traces
from otelier.testing import decode as opened


def left(yaml: str, batch: Batch) -> list[str]:
    """Names of spans and metrics, bodies of records that are still there."""
    document = load([f"yaml:{yaml}"])
    config = decode(FilterConfig, document.tree, (), document)
    it = Filter(config, component_context("filter", meter=Meter(), signal=batch.signal))
    it.next = out = MemoryExporter()
    it.consume(batch)
    return [name for each in out.batches for name in names(each)]


def names(batch: Batch) -> list[str]:
    message = opened(batch)
    match batch.signal:
        case "traces":
            return [s.name for r in message.resource_spans for scope in r.scope_spans for s in scope.spans]
        case "metrics":
            return [m.name for r in message.resource_metrics for scope in r.scope_metrics for m in scope.metrics]
        case _:
            found = [each for r in message.resource_logs for scope in r.scope_logs for each in scope.log_records]
            return [each.body.string_value for each in found]


def check(place: str, properties: str, chosen: set[str], batch: Batch) -> None:
    """`place` with a mark for the way: include keeps what is chosen, exclude all else."""
    everything = names(batch)
    included = left(place.format(f"include: {{{properties}}}"), batch)
    excluded = left(place.format(f"exclude: {{{properties}}}"), batch)
    assert included == [name for name in everything if name in chosen]
    assert excluded == [name for name in everything if name not in chosen]


def both_resources(signal: Signal, first: Batch, second: Batch, version: str) -> Batch:
    """Two resources; the first one's scope has a version."""
    message = request(signal)
    message.ParseFromString(Batch.join([first, second]).to_otlp())
    if signal == "traces":
        message.resource_spans[0].scope_spans[0].scope.version = version
    return Batch.from_otlp(signal, message.SerializeToString())


SPANS = both_resources(
    "traces",
    traces(
        span("GET /a", attributes={"code": 200, "ok": True}),
        span("GET /b", number=2, kind="CLIENT", attributes={"code": 500, "ok": False}),
        resource={"service.name": "shop", "region": "eu"},
        scope="http",
    ),
    traces(span("job", number=3, attributes={"share": 0.5}), resource={"service.name": "worker"}, scope="cron"),
    "1.2",
)


@pytest.mark.proves(
    "filter.spans.{include,exclude}.{match_type,regexp,services,span_names,span_kinds,attributes.key}",
    "filter.spans.{include,exclude}.{attributes.value,resources.key}",
    "filter.spans.{include,exclude}.{resources.value,libraries.name,libraries.version}",
)
@pytest.mark.parametrize(
    ("properties", "chosen"),
    [
        ("match_type: strict, services: [shop]", {"GET /a", "GET /b"}),
        ("match_type: regexp, services: ['^work', nothing]", {"job"}),
        ("match_type: strict, span_names: [GET /a, job]", {"GET /a", "job"}),
        ("match_type: strict, span_names: [GET]", set()),
        ("match_type: regexp, span_names: [GET]", {"GET /a", "GET /b"}),
        ("match_type: regexp, regexp: {cacheenabled: true}, span_names: [GET]", {"GET /a", "GET /b"}),
        ("match_type: strict, span_kinds: [SPAN_KIND_CLIENT]", {"GET /b"}),
        ("match_type: regexp, span_kinds: [SERVER$]", {"GET /a", "job"}),
        ("match_type: strict, attributes: [{key: code, value: 500}]", {"GET /b"}),
        ("match_type: strict, attributes: [{key: code}]", {"GET /a", "GET /b"}),
        ("match_type: strict, attributes: [{key: code}, {key: ok, value: true}]", {"GET /a"}),
        ("match_type: strict, attributes: [{key: share, value: 0.5}]", {"job"}),
        ("match_type: strict, resources: [{key: region, value: eu}]", {"GET /a", "GET /b"}),
        ("match_type: regexp, resources: [{key: region, value: ^e}]", {"GET /a", "GET /b"}),
        ("match_type: strict, libraries: [{name: http}]", {"GET /a", "GET /b"}),
        ("match_type: strict, libraries: [{name: http, version: '1.2'}]", {"GET /a", "GET /b"}),
        ("match_type: strict, libraries: [{name: http, version: '1.3'}]", set()),
        ("match_type: regexp, libraries: [{name: ^cr}]", {"job"}),
        ("match_type: strict, services: [shop], span_names: [GET /b, job]", {"GET /b"}),
    ],
)
def test_spans(properties: str, chosen: set[str]):
    check("spans: {{{}}}", properties, chosen, SPANS)


@pytest.mark.parametrize(
    ("properties", "chosen"),
    [
        ("match_type: regexp, services: ['.*']", {"anonymous", "GET /a"}),
        ("match_type: regexp, services: [^sh]", {"GET /a"}),
        ("match_type: strict, services: [<nil-service-name>]", {"anonymous"}),
    ],
)
def test_a_resource_without_service_has_the_name_that_the_collector_gives_it(properties: str, chosen: set[str]):
    named = traces(span("GET /a"), resource={"service.name": "shop"})
    batch = Batch.join([named, traces(span("anonymous", number=2), resource={"region": "eu"})])
    check("spans: {{{}}}", properties, chosen, batch)


METRICS = Batch.join(
    [
        metrics(gauge("cpu.user", 1.0), gauge("cpu.system", 1.0), gauge("mem", 1.0), resource={"host": "a"}),
        metrics(gauge("disk", 1.0), resource={"host": "b", "spare": True}),
    ]
)


@pytest.mark.proves(
    "filter.metrics.{include,exclude}.{match_type,regexp}",
    "filter.metrics.{include,exclude}.{metric_names,resource_attributes.key,resource_attributes.value}",
)
@pytest.mark.parametrize(
    ("properties", "chosen"),
    [
        ("match_type: strict, metric_names: [mem, cpu]", {"mem"}),
        ("match_type: regexp, metric_names: [^cpu]", {"cpu.user", "cpu.system"}),
        ("match_type: regexp, regexp: {cacheenabled: true, cachemaxnumentries: 9}, metric_names: [^m]", {"mem"}),
        ("match_type: strict, resource_attributes: [{key: host, value: b}]", {"disk"}),
        ("match_type: strict, resource_attributes: [{key: spare}]", {"disk"}),
        ("match_type: regexp, resource_attributes: [{key: host, value: '[ab]'}]", {*names(METRICS)}),
    ],
)
def test_metrics(properties: str, chosen: set[str]):
    check("metrics: {{{}}}", properties, chosen, METRICS)


def records() -> Batch:
    first, second, third = (
        log_record("started", severity="INFO", attributes={"user": "ann"}),
        log_record("failed", severity="ERROR", attributes={"user": "bob"}),
        log_record("who knows", severity=""),
    )
    first.severity_number, second.severity_number = 9, 17
    return Batch.join([logs(first, second, resource={"host": "a"}), logs(third, resource={"host": "b"})])


@pytest.mark.proves(
    "filter.logs.{include,exclude}.{match_type,resource_attributes.key}",
    "filter.logs.{include,exclude}.{resource_attributes.value,record_attributes.key}",
    "filter.logs.{include,exclude}.{record_attributes.value,severity_texts}",
    "filter.logs.{include,exclude}.{severity_number.min,severity_number.match_undefined,bodies}",
)
@pytest.mark.parametrize(
    ("properties", "chosen"),
    [
        ("match_type: strict, bodies: [failed, start]", {"failed"}),
        ("match_type: regexp, bodies: [ed$]", {"started", "failed"}),
        ("match_type: strict, severity_texts: [ERROR]", {"failed"}),
        ("match_type: regexp, severity_texts: ['^(INFO|WARN)$']", {"started"}),
        ("match_type: strict, severity_number: {min: WARN}", {"failed"}),
        ("match_type: strict, severity_number: {min: 9}", {"started", "failed"}),
        ("match_type: strict, severity_number: {min: WARN, match_undefined: true}", {"failed", "who knows"}),
        ("match_type: strict, record_attributes: [{key: user, value: ann}]", {"started"}),
        ("match_type: strict, record_attributes: [{key: user}]", {"started", "failed"}),
        ("match_type: strict, resource_attributes: [{key: host, value: b}]", {"who knows"}),
    ],
)
def test_logs(properties: str, chosen: set[str]):
    check("logs: {{{}}}", properties, chosen, records())
