"""The routing connector: the first row that matches has it, copies go on, nothing is lost in between."""

import pytest

from otelier.component import ComponentID, Invalid, OtelierError, Retryable
from otelier.connectors.routing import Routing
from otelier.connectors.routing.config import RouteConfig, RoutingConfig
from otelier.telemetry import Batch
from otelier.testing import MemoryExporter, component_context, counter, decode, log_record, logs, metrics, span, traces


def pipelines(*names, signal="traces"):
    return tuple(ComponentID(signal, name) for name in names)


def row(*names, signal="traces", **keys):
    return RouteConfig(pipelines=pipelines(*names, signal=signal), **keys)


def connector(*rows, default=(), signal="traces", names=("a", "b", "rest"), **keys):
    config = RoutingConfig(table=rows, default_pipelines=pipelines(*default, signal=signal), **keys)
    made = Routing(config, component_context("routing", signal=signal, output_signal=signal))
    made.outputs = {id_: MemoryExporter() for id_ in pipelines(*names, signal=signal)}
    made.start()
    return made


def arrived(made):
    """Names of spans, by pipeline."""
    return {
        id_.name: sorted(
            span.name
            for batch in sink.batches
            for resource in decode(batch).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        )
        for id_, sink in made.outputs.items()
    }


def two_tenants():
    return Batch.join(
        [
            traces(span("1"), span("2", kind="CLIENT"), resource={"tenant": "acme"}),
            traces(span("3"), resource={"tenant": "else"}),
            traces(span("4"), resource={}),
        ]
    )


@pytest.mark.proves("connectors.routing.{table.condition,table.pipelines,default_pipelines}")
def test_each_resource_goes_to_the_first_row_that_matches_and_the_rest_to_the_default():
    made = connector(
        row("a", condition='attributes["tenant"] == "acme"'),
        row("b", condition='attributes["tenant"] != nil'),
        default=["rest"],
    )
    made.consume(two_tenants())
    assert arrived(made) == {"a": ["1", "2"], "b": ["3"], "rest": ["4"]}


@pytest.mark.proves("connectors.routing.table.action")
def test_what_a_row_copies_is_seen_by_later_rows_and_by_the_default():
    made = connector(
        row("a", condition='attributes["tenant"] == "acme"', action="copy"),
        row("b", condition='attributes["tenant"] == "else"'),
        default=["rest"],
    )
    made.consume(two_tenants())
    assert arrived(made) == {"a": ["1", "2"], "b": ["3"], "rest": ["1", "2", "4"]}


@pytest.mark.proves("connectors.routing.table.context")
def test_single_spans_are_routed_out_of_their_resource():
    made = connector(row("a", context="span", condition="kind == SPAN_KIND_CLIENT"), default=["rest"])
    made.consume(two_tenants())
    assert arrived(made) == {"a": ["2"], "b": [], "rest": ["1", "3", "4"]}


@pytest.mark.proves("connectors.routing.table.context")
def test_paths_say_what_a_row_is_about_if_it_does_not_say_itself():
    rows = [
        row("a", condition="span.kind == SPAN_KIND_CLIENT"),
        row("b", condition='resource.attributes["tenant"] == "acme"'),
        row("b", condition='log.body == "x"'),
    ]
    made = connector(*rows, default=["rest"])
    made.consume(two_tenants())
    assert arrived(made) == {"a": ["2"], "b": ["1"], "rest": ["3", "4"]}


@pytest.mark.parametrize(
    "keys", [{"condition": "name =="}, {"statement": "route( where true"}, {"condition": "span.nam == 1"}]
)
def test_what_is_no_condition_is_a_problem(keys):
    assert [key for key, _ in RouteConfig(pipelines=pipelines("a"), **keys).problems()] == list(keys)


@pytest.mark.proves("connectors.routing.table.statement")
def test_the_older_form_routes_and_may_edit_what_goes_its_way():
    made = connector(
        row("a", statement='delete_key(attributes, "tenant") where attributes["tenant"] == "acme"'),
        row("b", statement='route() where attributes["tenant"] == "else"'),
    )
    made.consume(two_tenants())
    [edited] = made.outputs[ComponentID("traces", "a")].batches
    assert not decode(edited).resource_spans[0].resource.attributes
    [kept] = made.outputs[ComponentID("traces", "b")].batches
    assert decode(kept).resource_spans[0].resource.attributes


@pytest.mark.proves("connectors.routing.match_once")
def test_without_match_once_all_rows_see_everything_and_the_default_what_none_wants():
    rows = [
        row("a", condition='attributes["tenant"] == "acme"'),
        row("b", context="request", condition='request["x"] == "y"'),
        row("c", condition='attributes["tenant"] != nil'),
    ]
    batch = two_tenants()
    made = connector(*rows, default=["rest"], match_once=True, names=("a", "b", "c", "rest"))
    made.consume(batch)
    assert arrived(made) == {"a": ["1", "2"], "b": [], "c": ["3"], "rest": ["4"]}
    made = connector(*rows, default=["rest"], match_once=False, names=("a", "b", "c", "rest"))
    made.consume(batch)
    assert arrived(made) == {"a": ["1", "2"], "b": [], "c": ["1", "2", "3"], "rest": ["4"]}
    made = connector(*rows, default=["rest"], match_once=False, names=("a", "b", "c", "rest"))
    made.consume(batch.with_metadata({"x": ("y",)}))
    assert arrived(made) == {"a": ["1", "2"], "b": ["1", "2", "3", "4"], "c": ["1", "2", "3"], "rest": []}


def test_what_nobody_wants_is_dropped_and_counted_with_the_reason():
    made = connector(row("a", condition='attributes["tenant"] == "acme"'))
    made.consume(two_tenants())
    [dropped] = [each for each in made.ctx.meter.collect() if each.name == "otelier_routing_dropped_spans"]
    assert [(dict(labels)["reason"], value) for labels, value in dropped.values.items()] == [("no_route", 2)]


@pytest.mark.proves("connectors.routing.table.context")
def test_client_metadata_routes_whole_batches():
    made = connector(row("a", context="request", condition='request["X-Tenant"] == "acme"'), default=["rest"])
    made.consume(traces(span("1")).with_metadata({"x-tenant": ("acme",)}))
    made.consume(traces(span("2")))
    assert arrived(made) == {"a": ["1"], "b": [], "rest": ["2"]}


@pytest.mark.parametrize(
    ("sent", "goes_to"), [((), "rest"), (("acme",), "rest"), (("else",), "a"), (("acme", "else"), "a")]
)
def test_client_metadata_that_is_not_there_is_not_unequal(sent, goes_to):
    made = connector(row("a", context="request", condition='request["x-tenant"] != "acme"'), default=["rest"])
    made.consume(traces(span("1")).with_metadata({"x-tenant": sent} if sent else {}))
    assert arrived(made)[goes_to] == ["1"]


@pytest.mark.proves("connectors.routing.table.context")
def test_metrics_and_data_points_and_log_records_are_routed_too():
    made = connector(
        row("a", signal="metrics", context="metric", condition='name == "m1"'),
        row("b", signal="metrics", context="datapoint", condition='attributes["n"] == 2'),
        default=["rest"],
        signal="metrics",
    )
    made.consume(metrics(counter("m1", 1.0), counter("m2", 1.0, attributes={"n": 2}), counter("m3", 1.0)))
    assert [sink.items for sink in made.outputs.values()] == [1, 1, 1]
    made = connector(row("a", signal="logs", context="log", condition='body == "x"'), default=["rest"], signal="logs")
    made.consume(logs(log_record("x"), log_record("y")))
    assert [sink.items for sink in made.outputs.values()] == [1, 0, 1]


def test_a_refusal_of_one_way_reaches_the_sender():
    made = connector(row("a", condition='attributes["tenant"] == "acme"'), default=["rest"])
    made.outputs[ComponentID("traces", "a")].fail_with(Retryable("full"))
    with pytest.raises(Retryable, match="pipeline traces/a: full"):
        made.consume(two_tenants())


@pytest.mark.proves("connectors.routing.error_mode")
def test_a_condition_that_fails_refuses_the_batch_unless_told_to_go_on():
    failing = 'Len(attributes["tenant"]) > ParseInt(attributes["tenant"], 10)'
    with pytest.raises(Invalid):
        connector(row("a", condition=failing)).consume(two_tenants())
    made = connector(row("a", condition=failing), default=["rest"], error_mode="ignore")
    made.consume(two_tenants())
    assert arrived(made)["rest"] == ["1", "2", "3", "4"]


def test_a_pipeline_that_does_not_begin_here_is_told_at_the_start():
    with pytest.raises(OtelierError, match="pipeline traces/c does not begin with this connector"):
        connector(row("c", condition='attributes["tenant"] == "acme"'))


@pytest.mark.parametrize(
    ("keys", "where", "message"),
    [
        ({}, "condition", "give either condition or statement"),
        ({"condition": "a ==", "statement": "route()"}, "condition", "give either"),
        ({"condition": 'attributes["a" == 1'}, "condition", "column"),
        ({"condition": 'nmae == "x"', "context": "span"}, "condition", "name"),
        ({"context": "request", "condition": "x == 1"}, "condition", "must be request"),
    ],
)
def test_bad_rows_are_told_with_what_to_do(keys, where, message):
    [(path, text)] = row("a", **keys).problems()
    assert path == where
    assert message in text
