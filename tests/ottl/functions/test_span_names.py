"""set_semconv_span_name, as it was observed on the Collector."""

import pytest

from otelier.ottl import Program, statement_group
from otelier.testing import FakeClock, decode, span, traces

_KAFKA = {"messaging.system": "kafka", "messaging.operation.name": "send"}
_DB = {"db.system.name": "pg", "db.operation.name": "SELECT"}


def named(attributes, kind):
    group = statement_group(['set_semconv_span_name("1.37.0", "before")'], signal="traces", context="span")
    batch = Program([group], FakeClock()).run(traces(span("old", kind=kind, attributes=attributes)), print)
    [found] = decode(batch).resource_spans[0].scope_spans[0].spans
    before = [pair.value.string_value for pair in found.attributes if pair.key == "before"]
    assert before == ([] if found.name == "old" else ["old"])
    return found.name


@pytest.mark.proves("ottl.set_semconv_span_name")
@pytest.mark.parametrize(
    ("kind", "attributes", "name"),
    [
        ("SERVER", {"http.request.method": "GET", "http.route": "/a", "url.template": "/t"}, "GET /a"),
        ("CLIENT", {"http.request.method": "GET", "http.route": "/a", "url.template": "/t"}, "GET /t"),
        ("CLIENT", {"http.method": "GET", "http.target": "/x/1"}, "GET"),
        ("INTERNAL", {"http.request.method": "GET"}, "old"),
        ("CLIENT", {"rpc.system": "grpc", "rpc.service": "S", "rpc.method": "M"}, "S/M"),
        ("SERVER", {"rpc.system": "grpc", "rpc.service": "S"}, "S/*"),
        ("SERVER", {"rpc.system": "grpc"}, "grpc"),
        ("SERVER", {"rpc.service": "S", "rpc.method": "M"}, "old"),
        ("PRODUCER", {**_KAFKA, "messaging.destination.name": "t"}, "send t"),
        ("PRODUCER", {**_KAFKA, "messaging.destination.name": "t", "messaging.destination.template": "q"}, "send q"),
        ("CONSUMER", {**_KAFKA, "messaging.destination.temporary": True}, "send (temporary)"),
        ("CONSUMER", {**_KAFKA, "server.address": "h", "server.port": 92}, "send h:92"),
        ("CONSUMER", {"messaging.system": "kafka"}, "kafka"),
        ("CLIENT", {**_DB, "db.collection.name": "c", "db.namespace": "n"}, "SELECT n.c"),
        ("CLIENT", {**_DB, "db.query.summary": "all of it"}, "all of it"),
        ("CLIENT", {**_DB, "server.address": "h"}, "SELECT h"),
        ("CLIENT", {"db.system": "pg"}, "pg"),
        ("SERVER", _DB, "old"),
        ("CLIENT", {"x": 1}, "old"),
    ],
)
def test_names(kind, attributes, name):
    assert named(attributes, kind) == name
