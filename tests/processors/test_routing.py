"""The former routing processor: exporters of its own pipeline, chosen by an attribute."""

import pytest

from otelier.component import ComponentID, Invalid, OtelierError
from otelier.processors.routing import Routing, RoutingConfig, RoutingRow
from otelier.telemetry import Batch
from otelier.testing import MemoryExporter, component_context, decode, span, traces

PROD, TEST, DEBUG = ComponentID("otlp", "prod"), ComponentID("otlp", "test"), ComponentID("debug")


def processor(*rows, default=(DEBUG,), **keys):
    config = RoutingConfig(table=rows, default_exporters=default, **keys)
    made = Routing(config, component_context("routing", signal="traces", pipeline="traces"))
    made.exporters = {PROD: MemoryExporter(), TEST: MemoryExporter(), DEBUG: MemoryExporter()}
    made.next = MemoryExporter()
    made.start()
    return made


def of(environment):
    return traces(span(), resource={"deployment.environment": environment})


def arrived(made):
    return [sink.items for sink in made.exporters.values()]


@pytest.mark.proves(
    "processors.routing.{attribute_source,from_attribute,default_exporters,table.value,table.exporters}"
)
def test_the_resource_s_attribute_decides_and_the_rest_goes_to_the_default():
    made = processor(
        RoutingRow(value="production", exporters=(PROD,)),
        RoutingRow(value="test", exporters=(TEST,)),
        attribute_source="resource",
        from_attribute="deployment.environment",
    )
    made.consume(Batch.join([of("production"), of("test"), of("production"), traces(span(), resource={})]))
    assert arrived(made) == [2, 1, 1]
    assert made.next.items == 0


@pytest.mark.proves("processors.routing.drop_resource_routing_attribute")
def test_the_attribute_goes_once_it_has_decided_if_told_so():
    made = processor(
        RoutingRow(value="production", exporters=(PROD,)),
        attribute_source="resource",
        from_attribute="deployment.environment",
        drop_resource_routing_attribute=True,
    )
    made.consume(of("production"))
    [batch] = made.exporters[PROD].batches
    assert not decode(batch).resource_spans[0].resource.attributes


@pytest.mark.proves("processors.routing.{attribute_source,from_attribute}")
def test_client_metadata_decides_for_the_whole_batch():
    made = processor(RoutingRow(value="acme", exporters=(PROD, TEST)), from_attribute="X-Tenant")
    made.consume(of("production").with_metadata({"x-tenant": ("acme",)}))
    made.consume(of("production"))
    assert arrived(made) == [1, 1, 1]


@pytest.mark.proves("processors.routing.table.statement")
def test_a_resource_may_match_several_statements():
    made = processor(
        RoutingRow(statement='route() where IsMatch(attributes["deployment.environment"], "^prod")', exporters=(PROD,)),
        RoutingRow(statement='route() where attributes["deployment.environment"] != nil', exporters=(TEST,)),
    )
    made.consume(Batch.join([of("production"), of("test"), traces(span(), resource={})]))
    assert arrived(made) == [1, 2, 1]


@pytest.mark.proves("processors.routing.error_mode")
def test_a_statement_that_fails_refuses_the_batch_unless_told_to_go_on():
    failing = RoutingRow(
        statement='route() where ParseInt(attributes["deployment.environment"], 10) == 1', exporters=(PROD,)
    )
    with pytest.raises(Invalid):
        processor(failing).consume(of("production"))
    made = processor(failing, error_mode="ignore")
    made.consume(of("production"))
    assert arrived(made) == [0, 0, 1]


def test_without_a_default_what_nothing_matches_is_dropped_and_counted():
    made = processor(
        RoutingRow(value="production", exporters=(PROD,)),
        default=(),
        attribute_source="resource",
        from_attribute="deployment.environment",
    )
    made.consume(Batch.join([of("production"), of("test")]))
    [dropped] = [each for each in made.ctx.meter.collect() if each.name == "otelcol_processor_dropped_spans"]
    assert [(dict(labels)["reason"], value) for labels, value in dropped.values.items()] == [("no_route", 1)]


def test_an_exporter_outside_the_pipeline_is_told_at_the_start():
    with pytest.raises(OtelierError, match="exporter otlp/other is not in the pipeline traces"):
        processor(RoutingRow(value="x", exporters=(ComponentID("otlp", "other"),)), from_attribute="a")


def test_rows_need_a_value_or_a_statement_and_values_an_attribute():
    assert [path for path, _ in RoutingRow(exporters=(PROD,)).problems()] == ["value"]
    config = RoutingConfig(table=(RoutingRow(value="x", exporters=(PROD,)),))
    assert [path for path, _ in config.problems()] == ["from_attribute"]
