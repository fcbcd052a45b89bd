"""Edits and conditions on encoded telemetry do what decoding, editing and encoding again would."""

from random import Random
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier._core import Batch, Condition, Edit, EvaluationError
from otelier.ottl import forms

from . import editing
from .otlp_messages import RANDOMS, REQUESTS, encode, requests

EXAMPLES = 60
SIGNALS = st.sampled_from(sorted(REQUESTS))


def read(signal: str, encoded: bytes) -> Any:
    message = REQUESTS[signal].FromString(encoded)
    message.DiscardUnknownFields()
    return message


@st.composite
def telemetry(draw: Any, signal: str) -> tuple[Any, Batch]:
    """A request as it is after the check, and as a batch in any encoding."""
    random: Random = draw(RANDOMS)
    message: Message = draw(requests(signal))
    editing.renamed(message, signal, random)
    batch = Batch.from_otlp(signal, encode(message, random))
    return read(signal, batch.to_otlp()), batch


@settings(max_examples=EXAMPLES)
@given(st.data(), SIGNALS)
def test_an_edit_does_what_decoding_and_encoding_would(data: st.DataObject, signal: str) -> None:
    message, batch = data.draw(telemetry(signal))
    steps = data.draw(st.lists(editing.steps(signal), min_size=1, max_size=4))
    edited, _ = forms.edit(signal, steps).apply(batch)
    for step in steps:
        editing.run(signal, step, message)
    checked = Batch.from_otlp(signal, edited.to_otlp())
    assert checked.to_otlp() == edited.to_otlp()
    assert checked.items == edited.items
    assert present(read(signal, edited.to_otlp())) == present(message)


@settings(max_examples=EXAMPLES)
@given(st.data(), SIGNALS)
def test_a_condition_answers_for_each_item(data: st.DataObject, signal: str) -> None:
    message, batch = data.draw(telemetry(signal))
    wanted = data.draw(st.lists(editing.conditions(signal, "item"), max_size=2))
    mask, _ = forms.condition(signal, wanted, on_error="ignore").mask(batch)

    def holds(form: forms.Form, chain: editing.Chain) -> bool:
        try:
            return editing.evaluate(form, chain)
        except editing.FaultError:
            return False

    items = [chain for chain, _ in editing.places(signal, "item", message)]
    assert list(mask) == [any(holds(form, chain) for form in wanted) for chain in items]


def present(message: Any) -> Any:
    """Without empty messages that may as well be absent: the header of a group, a span's status."""
    for group in (*message.DESCRIPTOR.fields,):
        for holder in getattr(message, group.name):
            if not holder.resource.ListFields():
                holder.ClearField("resource")
            for field, scopes in holder.ListFields():
                for scope in scopes if field.name.startswith("scope_") else ():
                    if not scope.scope.ListFields():
                        scope.ClearField("scope")
                    for span in getattr(scope, "spans", ()):
                        if not span.status.ListFields():
                            span.ClearField("status")
    return message


def test_what_does_not_change_is_shared() -> None:
    batch = Batch.from_otlp("logs", b"\x0a\x06\x12\x04\x12\x02\x10\x09")
    edited, errors = forms.edit("logs", [forms.step("item", [forms.delete("a")])]).apply(batch)
    assert edited.to_otlp() == batch.to_otlp()
    assert errors == []


def test_a_step_that_fails_raises_or_is_counted() -> None:
    batch = Batch.from_otlp("logs", b"\x0a\x06\x12\x04\x12\x02\x10\x09")
    nonsense = forms.arithmetic("+", forms.constant("a"), forms.constant(1))
    step = [forms.set_attribute("a", nonsense)]
    with pytest.raises(EvaluationError, match="can't calculate a string \\+ an int") as raised:
        forms.edit("logs", [forms.step("item", []), forms.step("item", step)]).apply(batch)
    assert raised.value.args[0] == 1
    _, errors = forms.edit("logs", [forms.step("item", step, on_error="ignore")]).apply(batch)
    assert [(number, count) for number, count, _ in errors] == [(0, 1)]


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (b"{}", "missing field"),
        (b'{"signal":"x","steps":[]}', "signal must be"),
        (
            b'{"signal":"logs","steps":[{"level":"event","when":null,"guards":0,"on_error":"raise","actions":[]}]}',
            "logs have no level Event",
        ),
        (
            b'{"signal":"logs","steps":[{"level":"item","when":null,"guards":0,"on_error":"raise",'
            b'"actions":[{"delete_matching":{"pattern":"("}}]}]}',
            "unclosed group",
        ),
    ],
)
def test_a_bad_program_is_refused(program: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Edit(program)


def test_a_condition_about_items_can_not_ask_events() -> None:
    with pytest.raises(ValueError, match="one of their events"):
        forms.condition("traces", [forms.compare("==", forms.field("event", "name"), forms.constant("x"))])
    with pytest.raises(ValueError, match="expected"):
        Condition(b"nonsense")


def test_many_of_one_key_and_many_events_cost_no_square() -> None:
    """With a look at all the others for each of them this would take minutes."""
    request = REQUESTS["traces"]()
    span = request.resource_spans.add().scope_spans.add().spans.add(name="x", trace_id=b"t" * 16, span_id=b"s" * 8)
    for number in range(100_000):
        span.attributes.add(key="a").value.int_value = number
        span.events.add(name="e")
    batch = Batch.from_otlp("traces", request.SerializeToString())
    first = forms.step("item", [forms.set_field("name", forms.constant("y")), forms.keep_keys(["b"])])
    named = forms.compare("==", forms.field("item", "kind"), forms.constant(0))
    events = forms.step("event", [forms.set_field("name", forms.constant("f"))], when=named)
    edited, _ = forms.edit("traces", [forms.step("item", [forms.delete_matching("a")]), first, events]).apply(batch)
    (found,) = read("traces", edited.to_otlp()).resource_spans[0].scope_spans[0].spans
    assert (found.name, len(found.attributes), {each.name for each in found.events}) == ("y", 0, {"f"})
