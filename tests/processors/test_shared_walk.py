"""Neighbours that edit natively are done in one walk, and what comes out is what it would be one after the other."""

from itertools import pairwise
from typing import Any

from otelier.component import Processor
from otelier.config import decode, load
from otelier.processors.attributes import Attributes, AttributesConfig
from otelier.processors.resource import Resource, ResourceConfig
from otelier.processors.transform import Transform, TransformConfig
from otelier.telemetry import Batch
from otelier.testing import component_context
from otelier.testing import telemetry as made

RESOURCE = "{attributes: [{key: cluster, value: c1, action: upsert}]}"
ATTRIBUTES = """
include: {match_type: strict, resources: [{key: cluster, value: c1}]}
actions: [{key: region, value: eu, action: insert}, {key: secret, action: delete}]
"""
TRANSFORM = """
trace_statements:
  - {context: resource, statements: ['set(attributes["cluster"], "c2")']}
  - context: span
    statements: ['set(attributes["tier"], resource.attributes["cluster"]) where attributes["region"] != nil']
"""
TENANT = "{attributes: [{key: tenant, from_context: metadata.tenant, action: upsert}]}"
BATCH = made.traces(made.span(attributes={"secret": 1}), made.span(attributes={"region": "us"}))


def chain(*parts: tuple[Any, Any, str]) -> list[Processor]:
    made_of: list[Processor] = []
    for kind, config, text in parts:
        document = load([f"yaml:{text}"])
        made_of.append(kind(decode(config, document.tree, (), document), component_context("x", signal="traces")))
    return made_of


def run(processors: list[Processor], batch: Batch) -> Batch:
    for each in processors:
        batch = each.process(batch) or batch
    return batch


def everything() -> list[Processor]:
    return chain(
        (Resource, ResourceConfig, RESOURCE),
        (Attributes, AttributesConfig, ATTRIBUTES),
        (Transform, TransformConfig, TRANSFORM),
    )


def test_the_last_neighbour_does_what_all_did() -> None:
    apart, together = everything(), everything()
    assert all(later.absorb(earlier) for earlier, later in pairwise(together))
    assert run(together[:2], BATCH).to_otlp() == BATCH.to_otlp()
    assert made.decode(run(together, BATCH)) == made.decode(run(apart, BATCH))


def test_what_depends_on_the_sender_stays_where_it_is() -> None:
    tenant, attributes = chain((Resource, ResourceConfig, TENANT), (Attributes, AttributesConfig, ATTRIBUTES))
    assert not attributes.absorb(tenant)
    assert b"acme" in run([tenant, attributes], BATCH.with_metadata({"tenant": ["acme"]})).to_otlp()


def test_who_depends_on_the_sender_can_do_another_s_work() -> None:
    resource, tenant = chain((Resource, ResourceConfig, RESOURCE), (Resource, ResourceConfig, TENANT))
    assert tenant.absorb(resource)
    for name in ("acme", "other"):
        out = run([resource, tenant], BATCH.with_metadata({"tenant": [name]})).to_otlp()
        assert name.encode() in out
        assert b"cluster" in out


def test_interpreted_statements_take_nothing_over() -> None:
    interpreted = "trace_statements: [{context: span, statements: ['set(name, ToUpperCase(name))']}]"
    resource, transform = chain((Resource, ResourceConfig, RESOURCE), (Transform, TransformConfig, interpreted))
    assert not transform.absorb(resource)
    assert b"cluster" in run([resource, transform], BATCH).to_otlp()
