"""Programs for the native core, made of plain data: what `otelier._core.Edit` and `Condition` take as JSON.

    edit("traces", [step("item", [delete("query")], when=compare("==", attribute("item", "route"), constant("x")))])

Levels are resource, scope, metric, item (span, data point or log record) and event. Every function here gives one kind
of form; the Rust files `edit/program.rs` and `condition/form.rs` of `rust/process` say what each does.
"""

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from .._core import Condition, Edit
from ..telemetry import Signal
from .any_value import encode_value
from .values import Time, TimeSpan, Value

Level: TypeAlias = Literal["resource", "scope", "metric", "item", "event"]
How: TypeAlias = Literal["insert", "update", "upsert"]
OnError: TypeAlias = Literal["raise", "ignore"]
Form: TypeAlias = Mapping[str, Any]
"""An expression."""
Action: TypeAlias = Mapping[str, Any] | str
Step: TypeAlias = Mapping[str, Any]
Key: TypeAlias = str | int


# -- expressions ------------------------------------------------------------------------------


def constant(value: Value) -> Form:
    """Nil, a scalar, text, bytes, a list, a map, a time or a duration."""
    return {"constant": _constant(value)}


def _constant(value: Value) -> Any:
    match value:
        case None:
            return "nil"
        case bool():
            return {"bool": value}
        case int():
            return {"int": value}
        case float():
            return {"double": int.from_bytes(struct.pack("<d", value), "little")}
        case str():
            return {"str": value}
        case bytes():
            return {"bytes": list(value)}
        case Time():
            return {"time": value.ns}
        case TimeSpan():
            return {"duration": value.ns}
        case _:
            return {"encoded": list(encode_value(value).SerializeToString())}


def attribute(level: Level, key: str, steps: Sequence[Key] = ()) -> Form:
    """An attribute, or what `steps` lead to inside of it; nil if there is none."""
    return {"attribute": [level, key, _steps(steps)]}


def field(level: Level, name: str, steps: Sequence[Key] = ()) -> Form:
    """A field by OTTL's name, such as `status.code`."""
    return {"field": [level, name, _steps(steps)]}


def _steps(steps: Sequence[Key]) -> list[Form]:
    return [{"key": step} if isinstance(step, str) else {"index": step} for step in steps]


def compare(operator: str, left: Form, right: Form) -> Form:
    """`==`, `!=`, `<`, `<=`, `>` or `>=`."""
    return {"compare": [operator, left, right]}


def arithmetic(operator: str, left: Form, right: Form) -> Form:
    """`+`, `-`, `*` or `/`."""
    return {"arithmetic": [operator, left, right]}


def negative(form: Form) -> Form:
    """`-form`."""
    return {"negative": form}


def call(name: str, *arguments: Form) -> Form:
    """One of the converters that are native."""
    return {"call": [name, list(arguments)]}


def not_(form: Form) -> Form:
    """True where the other is false."""
    return {"not": form}


def all_of(forms: Iterable[Form]) -> Form:
    """True where all are; of none it is true."""
    return {"and": list(forms)}


def any_of(forms: Iterable[Form]) -> Form:
    """True where one is; of none it is false."""
    return {"or": list(forms)}


# -- actions ----------------------------------------------------------------------------------


def set_attribute(key: str, value: Form, how: How = "upsert") -> Action:
    """Nil sets nothing."""
    return {"set": {"key": key, "how": how, "value": value}}


def copy_attribute(key: str, source: str, how: How = "upsert") -> Action:
    """From another attribute of the same message, if that is there."""
    return {"copy": {"key": key, "how": how, "from": source}}


def set_field(name: str, value: Form) -> Action:
    """A field by OTTL's name; nil sets nothing."""
    return {"set_field": {"field": name, "value": value}}


def delete(key: str) -> Action:
    """The first attribute with this key."""
    return {"delete": {"key": key}}


def delete_matching(pattern: str) -> Action:
    """All attributes whose keys match."""
    return {"delete_matching": {"pattern": pattern}}


def keep_matching(pattern: str) -> Action:
    """No attributes but those whose keys match."""
    return {"keep_matching": {"pattern": pattern}}


def keep_keys(keys: Iterable[str]) -> Action:
    """No attributes but these."""
    return {"keep_keys": {"keys": list(keys)}}


def limit(count: int, priority: Iterable[str]) -> Action:
    """Only so many attributes, first those of `priority`."""
    return {"limit": {"limit": count, "priority": list(priority)}}


def truncate_all(limit: int, *, utf8_safe: bool) -> Action:
    """Strings of at most so many bytes."""
    return {"truncate_all": {"limit": limit, "utf8_safe": utf8_safe}}


def hash_attribute(key: str) -> Action:
    """The value becomes its SHA-256, in hex."""
    return {"hash": {"key": key}}


def hash_matching(pattern: str) -> Action:
    """The same for all attributes whose keys match."""
    return {"hash_matching": {"pattern": pattern}}


def extract(key: str, pattern: str) -> Action:
    """Every named group of the first match becomes an attribute."""
    return {"extract": {"key": key, "pattern": pattern}}


def convert(key: str, to: Literal["int", "double", "string"]) -> Action:
    """The value as another type, where it can be."""
    return {"convert": {"key": key, "to": to}}


def replace(key: str, pattern: str, template: str) -> Action:
    """All matches in a string, by Go's template."""
    return {"replace": {"key": key, "pattern": pattern, "with": template}}


def replace_all(pattern: str, template: str) -> Action:
    """The same in the strings of all attributes."""
    return {"replace_all": {"pattern": pattern, "with": template}}


REMOVE: Action = "remove"
"""Leave the message out, and whatever is left empty around it."""


# -- programs ---------------------------------------------------------------------------------


def step(level: Level, actions: Iterable[Action], *, when: Form | None = None, on_error: OnError = "raise") -> Step:
    """Actions for each message of a level of which `when` is true before the first of them."""
    return {"level": level, "when": when, "guards": 0, "on_error": on_error, "actions": list(actions)}


def guarded(level: Level, when: Form, steps: Sequence[Step], *, on_error: OnError = "raise") -> list[Step]:
    """Steps of that level, for messages of which `when` is true before the first of them."""
    guard: Step = {**step(level, (), when=when, on_error=on_error), "guards": len(steps)}
    return [guard, *steps]


def edit(signal: Signal, steps: Iterable[Step]) -> Edit:
    """Raises ValueError for what can't be compiled, such as a bad pattern."""
    return Edit(_json({"signal": signal, "steps": list(steps)}))


def condition(signal: Signal, forms: Iterable[Form], *, on_error: OnError = "raise") -> Condition:
    """True where one of them is. Raises ValueError for what can't be compiled."""
    return Condition(_json({"signal": signal, "any": list(forms), "on_error": on_error}))


def _json(program: Any) -> bytes:
    return json.dumps(program, separators=(",", ":")).encode()
