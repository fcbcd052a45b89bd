"""What edits and conditions mean, done plainly: on decoded messages, one after the other. And strategies for both."""

import hashlib
import math
import re
import struct
from collections.abc import Iterator
from random import Random
from typing import Any

from google.protobuf.message import Message
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from otelier.ottl import OttlError, forms
from otelier.ottl.any_value import decode_value, encode_value
from otelier.ottl.operations import arithmetic, comparison

KEYS = ["a", "b", "http.route", "key-" + "k" * 130, "ä"]
PATTERNS = ["^a", "k", "^$", "[bö]"]
FIELDS: dict[tuple[str, str], list[str]] = {
    ("traces", "item"): ["name", "kind", "status.message", "start_time_unix_nano", "trace_state"],
    ("logs", "item"): ["severity_text", "severity_number", "time_unix_nano", "event_name"],
    ("metrics", "metric"): ["name", "unit", "description"],
}
LEVELS = {
    "traces": ["resource", "scope", "item", "event"],
    "metrics": ["resource", "scope", "metric", "item"],
    "logs": ["resource", "scope", "item"],
}
Chain = dict[str, Any]
"""By level, the message; None where it is not there."""


def places(signal: str, level: str, request: Any) -> Iterator[tuple[Chain, Any]]:
    """Every message of a level with those around it, and a function that takes it away."""
    for holder in list(getattr(request, f"resource_{_plural(signal)}")):
        chain: Chain = {"resource": holder.resource}
        if level == "resource":
            yield chain, lambda h=holder: _remove(getattr(request, f"resource_{_plural(signal)}"), h)
            continue
        for scope in list(getattr(holder, f"scope_{_plural(signal)}")):
            chain = {"resource": holder.resource, "scope": scope.scope}
            if level == "scope":
                yield chain, lambda h=holder, s=scope: _remove(getattr(h, f"scope_{_plural(signal)}"), s)
                continue
            yield from _inside(signal, level, scope, chain)


def _inside(signal: str, level: str, scope: Any, chain: Chain) -> Iterator[tuple[Chain, Any]]:
    held = {"traces": "spans", "metrics": "metrics", "logs": "log_records"}[signal]
    for each in list(getattr(scope, held)):
        if signal != "metrics":
            inner = {**chain, "item": each}
            if level == "item":
                yield inner, lambda e=each: _remove(getattr(scope, held), e)
            else:
                for event in list(each.events):
                    yield {**inner, "event": event}, lambda e=each, v=event: _remove(e.events, v)
        elif level == "metric":
            yield {**chain, "metric": each}, lambda e=each: _remove(scope.metrics, e)
        elif data := each.WhichOneof("data"):
            points = getattr(each, data).data_points
            for point in list(points):
                yield {**chain, "metric": each, "item": point}, lambda p=points, v=point: _remove(p, v)


def _plural(signal: str) -> str:
    return "spans" if signal == "traces" else signal


def _remove(container: Any, message: Message) -> None:
    at = next(at for at, each in enumerate(container) if each is message)
    del container[at]


def prune(signal: str, request: Any, before: dict[int, tuple[int, Any]]) -> None:
    """Take away groups that held something and hold nothing any more."""
    for holder in list(getattr(request, f"resource_{_plural(signal)}")):
        scopes = getattr(holder, f"scope_{_plural(signal)}")
        for scope in list(scopes):
            if signal == "metrics":
                for metric in list(scope.metrics):
                    data = metric.WhichOneof("data")
                    if data and before[id(metric)][0] and not getattr(metric, data).data_points:
                        _remove(scope.metrics, metric)
            held = {"traces": "spans", "metrics": "metrics", "logs": "log_records"}[signal]
            if before[id(scope)][0] and not getattr(scope, held):
                _remove(scopes, scope)
        if before[id(holder)][0] and not scopes:
            _remove(getattr(request, f"resource_{_plural(signal)}"), holder)


def sizes(signal: str, request: Any) -> dict[int, tuple[int, Any]]:
    """By its identity, how much each group holds, and itself: it keeps its identity only while it is held."""
    found: dict[int, tuple[int, Any]] = {}
    held = {"traces": "spans", "metrics": "metrics", "logs": "log_records"}[signal]
    for holder in getattr(request, f"resource_{_plural(signal)}"):
        scopes = getattr(holder, f"scope_{_plural(signal)}")
        found[id(holder)] = len(scopes), holder
        for scope in scopes:
            found[id(scope)] = len(getattr(scope, held)), scope
            for metric in scope.metrics if signal == "metrics" else ():
                data = metric.WhichOneof("data")
                found[id(metric)] = len(getattr(metric, data).data_points) if data else 0, metric
    return found


def renamed(request: Any, signal: str, random: Random) -> None:
    """Give attributes keys that programs name, some of them twice, and more texts as values."""
    for level in LEVELS[signal]:
        for chain, _ in places(signal, level, request):
            attributes = _attributes(chain[level])
            for _ in range(random.randrange(4)) if attributes is not None else ():
                attributes.add(value=AnyValue(string_value=random.choice(["", "x", "äöü€", "b" * 140, "12", "4.5"])))
            for entry in attributes or ():
                entry.key = random.choice(KEYS)


# -- programs ---------------------------------------------------------------------------------

CONSTANTS = st.sampled_from([None, True, 7, -1, 2.5, "", "x", "é" * 70, b"\x00\xff", [1, "a"], {"k": None}])


def conditions(signal: str, level: str) -> st.SearchStrategy[forms.Form]:
    levels = [each for each in LEVELS[signal] if LEVELS[signal].index(each) <= LEVELS[signal].index(level)]
    values: list[st.SearchStrategy[forms.Form]] = [
        st.builds(forms.constant, CONSTANTS),
        st.builds(
            forms.attribute, st.sampled_from([each for each in levels if each != "metric"]), st.sampled_from(KEYS)
        ),
    ]
    fields = [(each, name) for each in levels for name in FIELDS.get((signal, each), ())]
    if fields:
        values.append(st.sampled_from(fields).map(lambda field: forms.field(field[0], field[1])))
    value = st.one_of(values)
    comparisons = st.builds(forms.compare, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), value, value)
    kinds = st.builds(
        forms.call, st.sampled_from(["IsString", "IsInt", "IsBool", "IsDouble", "IsMap", "IsList"]), value
    )
    sums = st.builds(forms.arithmetic, st.sampled_from(["+", "-", "*", "/"]), value, value)
    leaf = comparisons | kinds | st.builds(forms.compare, st.just(">"), sums, value)
    return st.recursive(
        leaf,
        lambda inner: (
            st.builds(forms.not_, inner)
            | st.builds(forms.all_of, st.lists(inner, max_size=2))
            | st.builds(forms.any_of, st.lists(inner, max_size=2))
        ),
        max_leaves=3,
    )


def actions(signal: str, level: str) -> st.SearchStrategy[forms.Action]:
    key = st.sampled_from(KEYS)
    pattern = st.sampled_from(PATTERNS)
    how = st.sampled_from(["insert", "update", "upsert"])
    value = st.builds(forms.constant, CONSTANTS) | st.builds(forms.attribute, st.just("resource"), key)
    chosen = [
        st.builds(forms.set_attribute, key, value, how),
        st.builds(forms.copy_attribute, key, key, how),
        st.builds(forms.delete, key),
        st.builds(forms.delete_matching, pattern),
        st.builds(forms.keep_matching, pattern),
        st.builds(forms.keep_keys, st.lists(key, max_size=3)),
        st.builds(forms.limit, st.integers(0, 4), st.lists(key, max_size=2, unique=True)),
        st.builds(forms.truncate_all, st.integers(0, 150), utf8_safe=st.just(True)),
        st.builds(forms.hash_attribute, key),
        st.builds(forms.hash_matching, pattern),
        st.builds(forms.extract, key, st.just("(?P<a>.)(?P<b>x)?")),
        st.builds(forms.convert, key, st.sampled_from(["int", "double"])),
        st.builds(forms.replace, key, st.just("[xb]"), st.just("<$0>")),
        st.builds(forms.replace_all, st.just("b+"), st.just("")),
        st.just(forms.REMOVE),
    ]
    texts = [name for name in FIELDS.get((signal, level), ()) if not name.endswith(("nano", "number", "kind"))]
    if texts:
        text = st.builds(forms.constant, st.sampled_from(["", "new", "n" * 200]))
        chosen.append(st.builds(forms.set_field, st.sampled_from(texts), text))
    if level == "metric":
        return chosen[-1] | st.just(forms.REMOVE)
    return st.one_of(chosen)


@st.composite
def steps(draw: Any, signal: str) -> forms.Step:
    level = draw(st.sampled_from(LEVELS[signal]))
    when = draw(st.none() | conditions(signal, level))
    return forms.step(level, draw(st.lists(actions(signal, level), max_size=3)), when=when, on_error="ignore")


# -- what they mean ---------------------------------------------------------------------------


class FaultError(Exception):
    """No value."""


def run(signal: str, step: Any, request: Any) -> None:
    before = sizes(signal, request)
    level = step["level"]
    for chain, remove in list(places(signal, level, request)):
        try:
            if step["when"] is not None and not evaluate(step["when"], chain):
                continue
            for action in step["actions"]:
                if action == forms.REMOVE:
                    remove()
                    break
                [(name, given)] = action.items()
                act(name, given, chain, level)
        except FaultError:
            continue
    prune(signal, request, before)


def _attributes(message: Any) -> Any:
    return getattr(message, "attributes", None)


def _find(message: Any, key: str) -> KeyValue | None:
    return next((entry for entry in _attributes(message) or () if entry.key == key), None)


def _keep(message: Any, stays: Any) -> None:
    kept = [entry for entry in message.attributes if stays(entry)]
    del message.attributes[:]
    message.attributes.extend(kept)


def _put(message: Any, key: str, value: AnyValue) -> None:
    entry = _find(message, key)
    if entry is None:
        entry = message.attributes.add(key=key)
    entry.value.CopyFrom(value)
    entry.value.SetInParent()


def act(name: str, given: Any, chain: Chain, level: str) -> None:
    if name == "set_field":
        owner, _, field = given["field"].rpartition(".")
        setattr(getattr(chain[level], owner) if owner else chain[level], field, evaluate(given["value"], chain))
    elif name == "set":
        if _may_set(chain[level], given) and (value := evaluate(given["value"], chain)) is not None:
            _put(chain[level], given["key"], encode_value(value))
    elif name in ON_ONE:
        if (entry := _find(chain[level], given["key"])) is not None:
            ON_ONE[name](chain[level], entry, given)
    else:
        ON_ALL[name](chain[level], given)


def _may_set(message: Any, given: Any) -> bool:
    return given["how"] != ("update" if _find(message, given["key"]) is None else "insert")


def _copy(message: Any, given: Any) -> None:
    source = _find(message, given["from"])
    if source is not None and _may_set(message, given):
        _put(message, given["key"], AnyValue.FromString(source.value.SerializeToString()))


def _truncate(message: Any, given: Any) -> None:
    for each in message.attributes:
        text = each.value.string_value.encode()
        if len(text) > given["limit"]:
            each.value.string_value = text[: given["limit"]].decode(errors="ignore")


def _hash_matching(message: Any, given: Any) -> None:
    for each in message.attributes:
        if re.search(given["pattern"], each.key):
            _hash(each)


def _extract(message: Any, entry: KeyValue, given: Any) -> None:
    found = re.search(given["pattern"], entry.value.string_value)
    if found and entry.value.HasField("string_value"):
        for key, text in found.groupdict().items():
            _put(message, key, AnyValue(string_value=text or ""))


def _replace(entry: KeyValue) -> None:
    text = entry.value.string_value
    if re.search("[xb]", text):
        entry.value.string_value = re.sub("[xb]", r"<\g<0>>", text)


def _replace_all(message: Any, _given: Any) -> None:
    for each in message.attributes:
        if "b" in each.value.string_value:
            each.value.string_value = each.value.string_value.replace("b", "")


ON_ONE: dict[str, Any] = {
    "delete": lambda message, entry, given: _keep(message, lambda each: each is not entry),
    "hash": lambda message, entry, given: _hash(entry),
    "extract": _extract,
    "convert": lambda message, entry, given: _convert(entry.value, given["to"]),
    "replace": lambda message, entry, given: _replace(entry),
}
"""By the action's name: on the message and the attribute that it names."""
ON_ALL: dict[str, Any] = {
    "copy": _copy,
    "delete_matching": lambda message, given: _keep(message, lambda each: not re.search(given["pattern"], each.key)),
    "keep_matching": lambda message, given: _keep(message, lambda each: re.search(given["pattern"], each.key)),
    "keep_keys": lambda message, given: _keep(message, lambda each: each.key in given["keys"]),
    "limit": lambda message, given: _limit(message, given["limit"], given["priority"]),
    "truncate_all": _truncate,
    "hash_matching": _hash_matching,
    "replace_all": _replace_all,
}
"""By the action's name: on the message."""


def _limit(message: Any, limit: int, priority: list[str]) -> None:
    if len(message.attributes) <= limit:
        return
    kept = sum(_find(message, key) is not None for key in priority)

    def stays(entry: KeyValue) -> bool:
        nonlocal kept
        if entry.key in priority:
            return True
        kept += 1
        return kept <= limit

    _keep(message, stays)


def _hash(entry: KeyValue) -> None:
    value = entry.value
    match value.WhichOneof("value"):
        case "string_value":
            data = value.string_value.encode()
        case "bool_value":
            data = bytes([value.bool_value])
        case "int_value":
            data = struct.pack("<q", value.int_value)
        case "double_value":
            data = struct.pack("<d", value.double_value)
        case _:
            data = b""
    entry.value.string_value = hashlib.sha256(data).hexdigest() if data else ""


def _convert(value: AnyValue, to: str) -> None:
    kind = value.WhichOneof("value")
    text = value.string_value
    if to == "int":
        if kind == "double_value":
            number = value.double_value
            clamped = 0 if math.isnan(number) else max(-(2.0**63), min(number, 2.0**63))
            value.int_value = max(-(2**63), min(int(clamped), 2**63 - 1))
        elif kind == "bool_value":
            value.int_value = int(value.bool_value)
        elif kind == "string_value" and re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            value.int_value = int(text)
    elif kind == "int_value":
        value.double_value = float(value.int_value)
    elif kind == "bool_value":
        value.double_value = float(value.bool_value)
    elif kind == "string_value" and re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        value.double_value = float(text)


def evaluate(form: Any, chain: Chain) -> Any:
    [(name, given)] = form.items()
    match name:
        case "constant":
            return _constant(given)
        case "attribute":
            entry = _find(chain[given[0]], given[1])
            return None if entry is None else decode_value(entry.value)
        case "field":
            return _field(chain[given[0]], given[1])
        case "compare":
            return comparison(given[0])(evaluate(given[1], chain), evaluate(given[2], chain))
        case "arithmetic":
            try:
                return arithmetic(given[0])(evaluate(given[1], chain), evaluate(given[2], chain))
            except OttlError:
                raise FaultError from None
        case "call":
            kind = {"IsString": str, "IsInt": int, "IsBool": bool, "IsDouble": float, "IsMap": dict, "IsList": list}
            return type(evaluate(given[1][0], chain)) is kind[given[0]]
        case _:
            return _logic(name, given, chain)


def _logic(name: str, given: Any, chain: Chain) -> bool:
    if name == "not":
        return not evaluate(given, chain)
    return (all if name == "and" else any)(evaluate(each, chain) for each in given)


def _field(owner: Any, path: str) -> Any:
    for part in path.split("."):
        owner = getattr(owner, part)
    return owner if not isinstance(owner, int) or owner < 2**63 else owner - 2**64


def _constant(given: Any) -> Any:
    if given == "nil":
        return None
    [(kind, value)] = given.items()
    if kind == "double":
        return struct.unpack("<d", struct.pack("<Q", value))[0]
    if kind == "bytes":
        return bytes(value)
    return decode_value(AnyValue.FromString(bytes(value))) if kind == "encoded" else value
