"""Paths of a context resolved: how to read and write what one names, or why it names nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from ..component.nearest import did_you_mean
from .any_value import storable, type_name
from .ast import Path
from .contexts import CONTEXTS, Context, Member
from .contexts.span import trace_state_entries
from .frame import Frame, Node
from .values import OttlError, Value

_NEW_MAX = 1000
"""Places that a list gets at most because one of them is set."""
Evaluate: TypeAlias = Callable[[Frame], Value]
"""The value of an expression for one item. Raises OttlError."""


@dataclass(frozen=True, slots=True)
class Access:
    """A path of a context, ready to be used."""

    get: Evaluate
    set: Callable[[Frame, Value], None] | None
    """None: it can only be read."""


class PathError(OttlError):
    """A path that a context doesn't have."""


def resolve(path: Path, context: Context, keys: Sequence[Evaluate], *, prefixed: bool) -> Access:
    """`keys`: those of the last field, compiled. `prefixed`: the first field has to name a level. Raises PathError."""
    names = [field.name for field in path.fields]
    if any(field.keys for field in path.fields[:-1]):
        raise PathError(f"`{path}`: a key can only follow the last name")
    if names[:2] == ["otelcol", "client"]:
        return _client(names[2:], keys)
    level = context.names.get(names[0])
    rest = names[1:]
    if level is None:
        level, rest = context.own, names
        if prefixed:
            raise PathError(_unprefixed(names, context))
    if rest == ["cache"]:
        if level is not context.own:
            raise PathError(f"`{path}`: the cache here is `{context.name}.cache`")
        return _in_tree(lambda frame: frame.cache, _set_cache, lambda _: None, keys)
    if not rest:
        raise PathError(f"`{path}` is a whole {level.name}; name a part of it, such as `{level.name}.attributes`")
    member = level.members.get(".".join(rest))
    if member is None:
        raise PathError(_unknown(rest, level.name, level.members, context))
    return _of_member(path, level.node, member, keys)


def _unprefixed(names: list[str], context: Context) -> str:
    if names[0] in CONTEXTS:
        return f"`{'.'.join(names)}` can't be named from the context {context.name}"
    own = ".".join(names) if ".".join(names) in context.own.members or names == ["cache"] else ""
    if own:
        return f"`{own}` doesn't say whose; did you mean `{context.name}.{own}`?"
    hint = did_you_mean(names[0], [*context.names, "otelcol"])
    return f"a path begins with a context's name, `{names[0]}` is none" + (f"; {hint}" if hint else "")


def _unknown(rest: list[str], level: str, members: Mapping[str, Member], context: Context) -> str:
    name = ".".join(rest)
    if rest[0] in CONTEXTS and level == context.name:
        return f"`{name}` can't be named from the context {context.name}"
    if rest[0] in members and members[rest[0]].tree:
        return f'{level} has no path `{name}`; write `{rest[0]}["{".".join(rest[1:])}"]`'
    hint = did_you_mean(name, [*members, "cache"])
    return f"{level} has no path `{name}`" + (f"; {hint}" if hint else "")


def _of_member(path: Path, node: Callable[[Frame], Node], member: Member, keys: Sequence[Evaluate]) -> Access:
    get, put = member.get, member.set
    if member.tree:
        tree = member.tree

        def replace(frame: Frame, value: Value) -> None:
            if put:
                put(node(frame), value)
                frame.changed = True

        def touch(frame: Frame) -> None:
            node(frame).touch(tree)
            frame.changed = True

        return _in_tree(lambda frame: node(frame).tree(tree), replace, touch, keys)
    if keys and member.keyed == "text" and len(keys) == 1:
        return _entry_of_text(node, member, keys[0])
    if keys:
        raise PathError(f"`{path}`: {path.fields[-1].name} has nothing that a key could choose")
    if put is None:
        return Access(lambda frame: get(node(frame)), None)

    def set_(frame: Frame, value: Value) -> None:
        put(node(frame), value)
        if member.structure:
            frame.restructure()
        frame.changed = True

    return Access(lambda frame: get(node(frame)), set_)


def _set_cache(frame: Frame, value: Value) -> None:
    if not isinstance(value, dict):
        raise OttlError(f"expected a map, got {type_name(value)}")
    frame.cache.clear()
    frame.cache.update(storable(value))


# -- keys -------------------------------------------------------------------------------------


def _in_tree(
    root: Evaluate, replace: Callable[[Frame, Value], None], touch: Callable[[Frame], None], keys: Sequence[Evaluate]
) -> Access:
    """A decoded map (or body) and keys into it."""
    if not keys:
        return Access(root, replace)
    *outer, last = keys

    def get(frame: Frame) -> Value:
        found = root(frame)
        for key in keys:
            if found is None:
                return None
            found = item(found, key(frame))
        return found

    def set_(frame: Frame, value: Value) -> None:
        stored = storable(value)
        touch(frame)
        container = root(frame)
        first = (outer[0] if outer else last)(frame)
        if container is None:  # only a body can be
            replace(frame, [] if type(first) is int else {})
            container = root(frame)
        for at, key in enumerate(outer):
            container = _inner(container, key(frame), (keys[at + 1])(frame))
        _put(container, last(frame), stored)

    return Access(get, set_)


def item(container: Value, key: Value) -> Value:
    """What a map or list has there; None for a key that is missing. Raises OttlError where there can't be any."""
    if isinstance(container, dict):
        if type(key) is not str:
            raise OttlError(f"the key of a map is a string, got {type_name(key)}")
        return cast("dict[str, Value]", container).get(key)
    if isinstance(container, list):
        return cast("list[Value]", container)[_position(cast("list[Value]", container), key)]
    raise OttlError(f"{type_name(container)} has no keys")


def _position(values: list[Value], key: Value) -> int:
    if type(key) is not int:
        raise OttlError(f"the place in a list is an int, got {type_name(key)}")
    if not 0 <= key < len(values):
        raise OttlError(f"place {key} is outside of a list of {len(values)}")
    return key


def _inner(container: Value, key: Value, following: Value) -> Value:
    """The container at `key`, made if it is missing, of the kind that the following key wants."""
    found = _slot(container, key)
    if found is None:
        made: Value = [] if type(following) is int else {}
        _put(container, key, made)
        return made
    if type(found) not in (dict, list):
        raise OttlError(f"{type_name(found)} has no keys")
    return found


def _slot(container: Value, key: Value) -> Value:
    return None if container == [] and type(key) is int else item(container, key)


def _put(container: Value, key: Value, value: Value) -> None:
    if isinstance(container, dict):
        if type(key) is not str:
            raise OttlError(f"the key of a map is a string, got {type_name(key)}")
        container[key] = value
        return
    if not isinstance(container, list):
        raise OttlError(f"{type_name(container)} has no keys")
    values = cast("list[Value]", container)
    if not values and type(key) is int and 0 <= key < _NEW_MAX:
        values.extend([None] * (key + 1))
    values[_position(values, key)] = value


def _entry_of_text(node: Callable[[Frame], Node], member: Member, key: Evaluate) -> Access:
    def get(frame: Frame) -> Value:
        return trace_state_entries(member.get(node(frame))).get(_text_key(key(frame)), "")

    def set_(frame: Frame, value: Value) -> None:
        if type(value) is not str:
            raise OttlError(f"expected a string, got {type_name(value)}")
        entries = trace_state_entries(member.get(node(frame)))
        name = _text_key(key(frame))
        entries.pop(name, None)
        # As W3C wants it: what changed last stands first.
        changed = {name: value, **entries}
        cast("Any", member.set)(node(frame), ",".join(f"{each}={text}" for each, text in changed.items()))
        frame.changed = True

    return Access(get, set_)


def _text_key(key: Value) -> str:
    if type(key) is not str:
        raise OttlError(f"the key is a string, got {type_name(key)}")
    return key


# -- the client -------------------------------------------------------------------------------


def _client(names: list[str], keys: Sequence[Evaluate]) -> Access:
    """`otelcol.client.metadata["key"]`: what the receiver was told about the sender; nothing of it can be set."""
    if names == ["auth", "attributes"]:
        return Access(lambda _: None if keys else {}, None)  # no authenticator tells any yet
    if names != ["metadata"]:
        raise PathError(f"otelcol.client has no path `{'.'.join(names)}`; there is `otelcol.client.metadata`")

    def get(frame: Frame) -> Value:
        metadata = {name: list(values) for name, values in frame.metadata.items()}
        if not keys:
            return metadata
        found: Value = metadata.get(_text_key(keys[0](frame)).lower())
        for key in keys[1:]:
            found = None if found is None else item(found, key(frame))
        return found

    return Access(get, None)
