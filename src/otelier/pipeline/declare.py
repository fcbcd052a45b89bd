"""The five component sections: ids to registered types, bodies to configuration structs."""

from collections.abc import Iterator
from typing import Any, cast

from ..component import ComponentID, ConfigError, Kind, Problem, Registration
from ..component.registry import find, registrations
from ..config import Document, decode, did_you_mean
from .collector_types import in_collector
from .plan import Declared

SECTIONS = tuple(kind.section for kind in Kind)


class Declarations:
    """All components of a configuration. A component is found by any spelling of its type."""

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self._document = document
        self._problems = problems
        self._found: dict[tuple[Kind, ComponentID], Declared] = {}
        self._broken: set[tuple[Kind, ComponentID]] = set()
        for kind in Kind:
            self._read_section(kind)

    def __iter__(self) -> Iterator[Declared]:
        return iter(self._found.values())

    def get(self, kind: Kind, id_: ComponentID) -> Declared | None:
        """The component of this id, in whatever spelling of the type either is written."""
        return self._found.get((kind, canonical(kind, id_)))

    def is_broken(self, kind: Kind, id_: ComponentID) -> bool:
        """Whether it is defined but has problems of its own, so that nothing more needs to be said about it."""
        return (kind, canonical(kind, id_)) in self._broken

    def ids(self, kinds: tuple[Kind, ...]) -> list[str]:
        """The ids of these kinds, as they are spelled where they are defined."""
        return [str(declared.id) for declared in self if declared.kind in kinds]

    def _read_section(self, kind: Kind) -> None:
        section: Any = self._document.tree.get(kind.section)
        if isinstance(section, dict):
            for text in cast("dict[str, Any]", section):
                self._read(kind, text)
        elif section is not None:
            self._report((kind.section,), f"`{kind.section}` must be a mapping from ids to settings")

    def _read(self, kind: Kind, text: str) -> None:
        path = (kind.section, text)
        try:
            id_ = ComponentID.parse(text)
        except ValueError as error:
            self._report(path, str(error))
            return
        key = (kind, canonical(kind, id_))
        registration = find(kind, id_.type)
        if registration is None:
            self._broken.add(key)
            self._report(path, *_unknown_type(kind, id_))
        elif earlier := self._found.get(key):
            self._report(path, f"`{text}` is the same {kind} as `{earlier.id}`", "keep one of the two spellings")
        else:
            self._declare(registration, id_, key, path)

    def _declare(
        self, registration: Registration, id_: ComponentID, key: tuple[Kind, ComponentID], path: tuple[str, str]
    ) -> None:
        try:
            config = decode(registration.config, self._document.tree[path[0]][path[1]], path, self._document)
        except ConfigError as error:
            self._problems += error.problems
            self._broken.add(key)
            return
        if registration.replaced_by:
            self._document.warn(path, _replaced(registration))
        location = self._document.where(path, key=True)
        self._found[key] = Declared(registration, id_, config, location)

    def _report(self, path: tuple[str, ...], message: str, hint: str = "") -> None:
        self._problems.append(self._document.problem(path, message, hint, key=True))


def canonical(kind: Kind, id_: ComponentID) -> ComponentID:
    """The id with the type's main spelling; unknown types stay as they are."""
    registration = find(kind, id_.type)
    return ComponentID(registration.type, id_.name) if registration else id_


def _replaced(registration: Registration) -> str:
    gone = f"the Collector removed the {registration.kind} `{registration.type}`"
    what = registration.replaced_by
    return f"{gone}; it still runs here; {what if ' ' in what else f'use `{what}` instead'}"


def _unknown_type(kind: Kind, id_: ComponentID) -> tuple[str, str]:
    """Message and hint."""
    if other := next((k for k in Kind if k is not kind and find(k, id_.type)), None):
        return f"`{id_.type}` is not {with_article(kind)} but {with_article(other)}", f"move it under `{other.section}`"
    if in_collector(kind, id_.type):
        return (
            f"the Collector's {kind} `{id_.type}` is not in Otelier yet",
            "`otelier components` lists what is; remove it here and from the pipelines",
        )
    names = [name for r in registrations(kind) for name in (r.type, *r.aliases)]
    hint = did_you_mean(id_.type, names) or "`otelier components` lists the known ones"
    return f"unknown {kind} type `{id_.type}`", hint


def with_article(kind: Kind) -> str:
    """`a receiver`, `an exporter`."""
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
