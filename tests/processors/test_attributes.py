"""The attributes processor edits items in the order of its actions, where include and exclude let it."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import pytest

from otelier.component import Config, ConfigError
from otelier.config.decode import decode
from otelier.config.load import load
from otelier.processors.attributes import Attributes, AttributesConfig
from otelier.processors.resource import Resource, ResourceConfig
from otelier.telemetry import Batch, Signal
from otelier.testing import component_context
from otelier.testing import telemetry as made

C = TypeVar("C", bound=Config)
SHA = {
    "jane": "81f8f6dde88365f3928796ec7aa53f72820b06db8664f5fe76a7eb13e24546a2",
    "int 1": "7c9fa136d4413fa6173637e883b6998d32e1d675f88cddff9dcbcf331820f4b8",
}


def decoded(kind: type[C], **keys: Any) -> C:
    document = load(["env:CONFIG"], env={"CONFIG": json.dumps(keys).replace("$", "$$")})
    return decode(kind, document.tree, (), document)


def config(**keys: Any) -> AttributesConfig:
    return decoded(AttributesConfig, **keys)


def processor(signal: Signal = "traces", **keys: Any) -> Attributes:
    return Attributes(config(**keys), component_context("attributes", signal=signal))


def edited(attributes: Mapping[str, Any], *actions: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    """The attributes of a span behind the processor."""
    batch = made.traces(made.span("GET /", attributes=attributes))
    return read(processor(actions=actions, **keys).process(batch))


def read(batch: Batch) -> dict[str, Any]:
    [span] = made.decode(batch).resource_spans[0].scope_spans[0].spans
    return values(span.attributes)


def values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value") or "kind", None) for each in attributes}


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        ({}, {"action": "insert", "key": "a", "value": 1}, {"a": 1}),
        ({"a": 0}, {"action": "insert", "key": "a", "value": 1}, {"a": 0}),
        ({}, {"action": "update", "key": "a", "value": 1}, {}),
        ({"a": 0}, {"action": "update", "key": "a", "value": "x"}, {"a": "x"}),
        ({}, {"action": "upsert", "key": "a", "value": True}, {"a": True}),
        ({"b": 2.5}, {"action": "upsert", "key": "a", "from_attribute": "b"}, {"b": 2.5, "a": 2.5}),
        ({}, {"action": "upsert", "key": "a", "from_attribute": "b"}, {}),
        ({}, {"action": "upsert", "key": "a", "from_attribute": "b", "default_value": "x"}, {"a": "x"}),
        ({"a": 1, "b": 2}, {"action": "delete", "key": "a"}, {"b": 2}),
        ({"ab": 1, "b": 2, "c": 3}, {"action": "delete", "pattern": "^.?b$"}, {"c": 3}),
        ({"ab": 1, "b": 2, "c": 3}, {"action": "delete", "key": "c", "pattern": "a"}, {"b": 2}),
        ({"a": "jane"}, {"action": "hash", "key": "a"}, {"a": SHA["jane"]}),
        ({"a": 1, "b": 1}, {"action": "hash", "pattern": "a"}, {"a": SHA["int 1"], "b": 1}),
        ({"a": ""}, {"action": "hash", "key": "a"}, {"a": ""}),
        (
            {"a": "/v1/users/7"},
            {"action": "extract", "key": "a", "pattern": "^/(?P<version>v[0-9]+)/(?P<kind>[a-z]+)"},
            {"a": "/v1/users/7", "version": "v1", "kind": "users"},
        ),
        ({"a": 7}, {"action": "extract", "key": "a", "pattern": "(?P<x>.)"}, {"a": 7}),
        ({"a": "12"}, {"action": "convert", "key": "a", "converted_type": "int"}, {"a": 12}),
        ({"a": "x"}, {"action": "convert", "key": "a", "converted_type": "int"}, {"a": "x"}),
        ({"a": 2.9}, {"action": "convert", "key": "a", "converted_type": "int"}, {"a": 2}),
        ({"a": "2.5"}, {"action": "convert", "key": "a", "converted_type": "double"}, {"a": 2.5}),
        ({"a": True}, {"action": "convert", "key": "a", "converted_type": "double"}, {"a": 1.0}),
        ({"a": 1e21}, {"action": "convert", "key": "a", "converted_type": "string"}, {"a": "1e+21"}),
        ({"a": [1, "x"]}, {"action": "convert", "key": "a", "converted_type": "string"}, {"a": '[1,"x"]'}),
    ],
)
def test_each_action_does_what_the_collectors_does(before: Any, action: Any, after: Any) -> None:
    assert edited(before, action) == after


def test_actions_run_in_their_order() -> None:
    move = [{"action": "insert", "key": "b", "from_attribute": "a"}, {"action": "delete", "key": "a"}]
    assert edited({"a": 1}, *move) == {"b": 1}
    assert edited({"a": 1}, *reversed(move)) == {}


def test_metadata_of_the_sender_becomes_an_attribute() -> None:
    under = processor(actions=[{"action": "upsert", "key": "tenant", "from_context": "metadata.X-Tenant"}])
    batch = made.traces(made.span(attributes={}))
    assert read(under.process(batch)) == {}
    assert read(under.process(batch.with_metadata({"x-tenant": ["a"]}))) == {"tenant": "a"}
    assert read(under.process(batch.with_metadata({"x-tenant": ["a", "b"]}))) == {"tenant": "a;b"}


MARK = {"action": "insert", "key": "marked", "value": True}


@pytest.mark.parametrize(
    ("properties", "matches"),
    [
        ({"services": ["shop"]}, True),
        ({"services": ["sho"]}, False),
        ({"match_type": "regexp", "services": ["^s"]}, True),
        ({"span_names": ["x", "GET /"]}, True),
        ({"span_names": ["x"], "services": ["shop"]}, False),
        ({"span_kinds": ["SPAN_KIND_SERVER"]}, True),
        ({"match_type": "regexp", "span_kinds": ["CLIENT|PRODUCER"]}, False),
        ({"attributes": [{"key": "a"}]}, True),
        ({"attributes": [{"key": "a", "value": 5}, {"key": "b"}]}, False),
        ({"attributes": [{"key": "a", "value": 5}]}, True),
        ({"attributes": [{"key": "a", "value": 5.0}]}, False),
        ({"match_type": "regexp", "attributes": [{"key": "a", "value": "^5$"}]}, True),
        ({"resources": [{"key": "service.name", "value": "shop"}]}, True),
        ({"libraries": [{"name": "test"}]}, True),
        ({"libraries": [{"name": "test", "version": "1"}]}, False),
        ({"libraries": [{"name": "test", "version": ""}]}, True),
    ],
)
def test_include_and_exclude_choose_items(properties: Any, matches: bool) -> None:
    properties = {"match_type": "strict", **properties}
    assert ("marked" in edited({"a": 5}, MARK, include=properties)) is matches
    assert ("marked" in edited({"a": 5}, MARK, exclude=properties)) is not matches


@pytest.mark.parametrize(
    ("properties", "marked"),
    [
        ({"log_bodies": ["hello"]}, [True, False]),
        ({"log_severity_texts": ["ERROR"]}, [False, True]),
        ({"log_severity": {"min": "WARN"}}, [False, False]),
        ({"log_severity_number": {"min": 9, "match_undefined": True}}, [True, True]),
    ],
)
def test_log_records_are_chosen_by_body_and_severity(properties: Any, marked: list[bool]) -> None:
    batch = made.logs(made.log_record("hello"), made.log_record(7, severity="ERROR"))
    out = processor("logs", actions=[MARK], include={"match_type": "strict", **properties}).process(batch)
    records = made.decode(out).resource_logs[0].scope_logs[0].log_records
    assert ["marked" in values(record.attributes) for record in records] == marked


def test_data_points_are_chosen_by_their_metrics_name() -> None:
    batch = made.metrics(made.gauge("a", 1.0), made.counter("b", 1.0))
    out = processor("metrics", actions=[MARK], include={"match_type": "regexp", "metric_names": ["^b"]}).process(batch)
    first, second = made.decode(out).resource_metrics[0].scope_metrics[0].metrics
    assert values(first.gauge.data_points[0].attributes) == {}
    assert values(second.sum.data_points[0].attributes) == {"marked": True}


def test_properties_of_another_signal_are_refused() -> None:
    with pytest.raises(ValueError, match="log_bodies chooses log_records, but this is a pipeline of traces"):
        processor(actions=[MARK], include={"match_type": "strict", "log_bodies": ["x"]})


@pytest.mark.parametrize(
    ("action", "path", "message"),
    [
        ({"key": "a"}, "action", "must be set"),
        ({"action": "insert", "value": 1}, "key", "must be set for insert"),
        ({"action": "insert", "key": "a"}, "value", "must be set (or from_attribute, from_context)"),
        ({"action": "insert", "key": "a", "value": 1, "from_attribute": "b"}, "from_attribute", "one source too many"),
        ({"action": "insert", "key": "a", "value": 1, "pattern": "b"}, "pattern", "insert does not use it"),
        ({"action": "delete"}, "key", "must be set (or pattern) for delete"),
        ({"action": "delete", "key": "a", "value": 1}, "value", "delete does not use it"),
        ({"action": "hash", "pattern": "("}, "pattern", "unclosed group"),
        ({"action": "extract", "key": "a", "pattern": "(a)"}, "pattern", "every group needs a name"),
        ({"action": "extract", "key": "a", "pattern": "a"}, "pattern", "has no group to extract"),
        ({"action": "convert", "key": "a"}, "converted_type", "must be set for convert"),
        ({"action": "upsert", "key": "a", "value": 1, "default_value": 1}, "default_value", "neither is set"),
        ({"action": "upsert", "key": "a", "from_context": "client.address"}, "from_context", "not known here"),
    ],
)
def test_what_an_action_lacks_or_does_not_take_is_told(action: Any, path: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        config(actions=[action])
    [problem] = raised.value.problems
    assert f"actions[0].{path}" in str(problem) or path in str(problem)
    assert message in str(problem)


@pytest.mark.parametrize("properties", [{"match_type": "strict"}, {"match_type": "regexp", "services": ["("]}])
def test_properties_that_can_match_nothing_are_told(properties: Any) -> None:
    with pytest.raises(ConfigError):
        config(actions=[MARK], include=properties)


def test_there_must_be_actions() -> None:
    with pytest.raises(ConfigError, match="at least one action"):
        config()
    with pytest.raises(ConfigError, match="at least one action"):
        decoded(ResourceConfig, attributes=[])


def test_resources_are_edited_by_the_same_actions() -> None:
    actions = [
        {"action": "upsert", "key": "cluster.name", "value": "shop-1"},
        {"action": "delete", "key": "service.name"},
    ]
    resource = Resource(decoded(ResourceConfig, attributes=actions), component_context("resource", signal="logs"))
    batch = made.logs(made.log_record("hello", attributes={"service.name": "kept"}))
    [out] = made.decode(resource.process(batch)).resource_logs
    assert values(out.resource.attributes) == {"cluster.name": "shop-1"}
    assert values(out.scope_logs[0].log_records[0].attributes) == {"service.name": "kept"}
