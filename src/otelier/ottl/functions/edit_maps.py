"""Editors of maps: keys deleted, kept, limited and merged."""

from typing import Literal, cast

from ..values import OttlError, Value
from .patterns import Regex, regular_expression
from .registry import Target, editor
from .targets import map_at


@editor("delete_key")
def delete_key(target: Target, key: str) -> None:
    """Delete one key; one that isn't there is no error."""
    delete_keys(target, [key])


@editor("delete_keys")
def delete_keys(target: Target, keys: list[str]) -> None:
    """Delete these keys; those that aren't there are no error."""
    entries = map_at(target)
    if not entries.keys().isdisjoint(keys):
        target.set({key: value for key, value in entries.items() if key not in keys})


@editor("delete_matching_keys")
def delete_matching_keys(target: Target, pattern: Regex) -> None:
    """Delete the keys in which a regular expression matches."""
    matches = regular_expression(pattern).search
    target.set({key: value for key, value in map_at(target).items() if not matches(key)})


@editor("keep_keys")
def keep_keys(target: Target, keys: list[str]) -> None:
    """Delete all but these keys."""
    target.set({key: value for key, value in map_at(target).items() if key in keys})


@editor("keep_matching_keys")
def keep_matching_keys(target: Target, pattern: Regex) -> None:
    """Delete all keys but those in which a regular expression matches."""
    matches = regular_expression(pattern).search
    target.set({key: value for key, value in map_at(target).items() if matches(key)})


@editor("limit")
def limit(target: Target, limit: int, priority_keys: list[str]) -> None:
    """Keep at most so many entries: those with priority, then the first ones."""
    if limit < 0:
        raise OttlError(f"limit takes a number of entries, not {limit}")
    if limit < len(priority_keys):
        raise OttlError(f"limit is {limit}, but {len(priority_keys)} keys have priority: raise it or name fewer keys")
    entries = map_at(target)
    if len(entries) <= limit:
        return
    kept = [key for key in entries if key in priority_keys]
    kept += [key for key in entries if key not in priority_keys][: limit - len(kept)]
    target.set({key: value for key, value in entries.items() if key in kept})


@editor("merge_maps")
def merge_maps(target: Target, source: dict[str, Value], strategy: Literal["insert", "update", "upsert"]) -> None:
    """Copy entries into a map: "insert" what it lacks, "update" what it has, "upsert" both."""
    entries = map_at(target)
    if strategy == "insert":
        target.set({**entries, **{key: value for key, value in source.items() if key not in entries}})
    elif strategy == "update":
        target.set({key: source.get(key, value) for key, value in entries.items()})
    else:
        target.set({**entries, **source})


@editor("flatten")
def flatten(target: Target, prefix: str = "", depth: int | None = None, resolveConflicts: bool = False) -> None:  # noqa: N803
    """Move what is in nested maps and lists up to the root, under keys joined by dots, `depth` levels deep."""
    if depth is not None and depth < 1:
        raise OttlError(f"flatten takes a depth of 1 or more, not {depth}")
    flat = _Flat(depth, resolveConflicts)
    flat.add_map(map_at(target), prefix + "." if prefix else "", 0)
    target.set(flat.entries)


class _Flat:
    """The map that flatten makes. Where keys must not collide, lists use their elements' numbers only then, too."""

    def __init__(self, depth: int | None, resolve: bool) -> None:
        self.entries: dict[str, Value] = {}
        self.depth = depth
        self.resolve = resolve
        self.repeats: dict[str, int] = {}

    def add_map(self, entries: dict[str, Value], prefix: str, level: int) -> None:
        for key, value in entries.items():
            self.add(prefix + key, value, level)

    def add(self, key: str, value: Value, level: int) -> None:
        deeper = self.depth is None or level < self.depth
        if deeper and isinstance(value, dict):
            self.add_map(cast("dict[str, Value]", value), key + ".", level + 1)
        elif deeper and isinstance(value, list):
            for number, item in enumerate(cast("list[Value]", value)):
                nested = isinstance(item, dict | list)
                self.add(f"{key}.{number}" if nested or not self.resolve else key, item, level + 1)
        else:
            self.entries[self.free(key) if self.resolve else key] = value

    def free(self, key: str) -> str:
        if key not in self.entries:
            return key
        number = self.repeats.get(key, 0)
        self.repeats[key] = number + 1
        return f"{key}.{number}"
