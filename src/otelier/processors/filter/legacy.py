"""The Collector's older `include` and `exclude`: keys, and the conditions in OTTL that mean the same.

Properties of one kind are alternatives, and every kind that is given has to match; attributes have to match all.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeAlias

from ..._core import Pattern
from ...component import Config
from ...ottl import CONTEXTS, quoted
from ..attributes.matching import NO_SERVICE

_MatchType: TypeAlias = Literal["strict", "regexp"]


class AttributeMatch(Config):
    """An attribute, and maybe its value."""

    key: str
    """Its key."""
    value: Any = None
    """Its value, or with `regexp` an expression; nothing: any value."""


class LibraryMatch(Config):
    """An instrumentation scope, and maybe its version."""

    name: str
    """Its name."""
    version: str | None = None
    """Its version; nothing: any."""


class SeverityMatch(Config):
    """Severities from one up."""

    min: int | str = 0
    """The least: a name such as INFO or WARN2, or a number."""
    match_undefined: bool = False
    """Whether records without a severity match."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """A name that is none."""
        if isinstance(self.min, str) and self.number is None:
            yield (
                "min",
                f"`{self.min}` is no severity; write TRACE, DEBUG, INFO, WARN, ERROR or FATAL, maybe with 2 to 4",
            )

    @property
    def number(self) -> int | None:
        """The least number; None if it isn't known."""
        if isinstance(self.min, int):
            return self.min
        return CONTEXTS["log"].enums.get(f"SEVERITY_NUMBER_{self.min.upper()}")


class SpanProperties(Config):
    match_type: _MatchType
    """`strict`: texts are equal; `regexp`: an expression matches somewhere in the text."""
    regexp: dict[str, Any] | None = None
    """Settings of a cache that isn't needed here."""
    services: tuple[str, ...] = ()
    """Values of the resource's `service.name`."""
    span_names: tuple[str, ...] = ()
    """Names of spans."""
    span_kinds: tuple[str, ...] = ()
    """Kinds, such as SPAN_KIND_SERVER."""
    attributes: tuple[AttributeMatch, ...] = ()
    """Attributes of the span."""
    resources: tuple[AttributeMatch, ...] = ()
    """Attributes of the resource."""
    libraries: tuple[LibraryMatch, ...] = ()
    """Instrumentation scopes."""

    def condition(self) -> str:
        """True for what matches; empty if nothing was asked for."""
        test = _Test(self.match_type)
        return _all(
            _any(test.service(name) for name in self.services),
            _any(test.text("name", name) for name in self.span_names),
            _any(test.text("kind.deprecated_string", kind) for kind in self.span_kinds),
            _all(*(test.attribute("attributes", each) for each in self.attributes)),
            _all(*(test.attribute("resource.attributes", each) for each in self.resources)),
            _any(test.library(each) for each in self.libraries),
        )


class MetricProperties(Config):
    match_type: _MatchType
    """`strict`: texts are equal; `regexp`: an expression matches somewhere in the text."""
    regexp: dict[str, Any] | None = None
    """Settings of a cache that isn't needed here."""
    metric_names: tuple[str, ...] = ()
    """Names of metrics."""
    resource_attributes: tuple[AttributeMatch, ...] = ()
    """Attributes of the resource."""

    def conditions(self) -> Iterator[str]:
        """Names and resources choose each for itself."""
        test = _Test(self.match_type)
        yield _any(test.text("name", name) for name in self.metric_names)
        yield _all(*(test.attribute("resource.attributes", each) for each in self.resource_attributes))


class LogProperties(Config):
    match_type: _MatchType
    """`strict`: texts are equal; `regexp`: an expression matches somewhere in the text."""
    resource_attributes: tuple[AttributeMatch, ...] = ()
    """Attributes of the resource."""
    record_attributes: tuple[AttributeMatch, ...] = ()
    """Attributes of the record."""
    severity_texts: tuple[str, ...] = ()
    """Texts of severities."""
    severity_number: SeverityMatch | None = None
    """Severities by number."""
    bodies: tuple[str, ...] = ()
    """Bodies that are texts."""

    def condition(self) -> str:
        """True for what matches; empty if nothing was asked for."""
        test = _Test(self.match_type)
        return _all(
            _all(*(test.attribute("resource.attributes", each) for each in self.resource_attributes)),
            _all(*(test.attribute("attributes", each) for each in self.record_attributes)),
            _any(test.text("severity_text", text) for text in self.severity_texts),
            _severity(self.severity_number),
            _any(test.text("body", text) for text in self.bodies),
        )


class SpanMatching(Config):
    include: SpanProperties | None = None
    """Keep only what matches."""
    exclude: SpanProperties | None = None
    """Drop what matches."""

    def conditions(self) -> list[str]:
        """True for what is to be dropped."""
        return _dropping(_of(self.include), _of(self.exclude))


def dropping_logs(include: LogProperties | None, exclude: LogProperties | None) -> list[str]:
    """Conditions true for records to be dropped."""
    return _dropping(_of(include), _of(exclude))


def dropping_metrics(include: MetricProperties | None, exclude: MetricProperties | None) -> list[str]:
    """Conditions true for metrics to be dropped."""
    kept = tuple(include.conditions()) if include else ()
    gone = tuple(exclude.conditions()) if exclude else ()
    return _dropping(kept, gone)


def _dropping(kept: Iterable[str], gone: Iterable[str]) -> list[str]:
    return [f"not ({condition})" for condition in kept if condition] + [condition for condition in gone if condition]


def _of(properties: SpanProperties | LogProperties | None) -> list[str]:
    return [properties.condition()] if properties else []


class _Test:
    def __init__(self, match_type: _MatchType) -> None:
        self._strict = match_type == "strict"

    def text(self, path: str, wanted: str) -> str:
        return f"{path} == {quoted(wanted)}" if self._strict else f"IsMatch({path}, {quoted(wanted)})"

    def service(self, wanted: str) -> str:
        path = 'resource.attributes["service.name"]'
        matches = self.text(path, wanted)
        return f"{matches} or {path} == nil" if self._matches_no_service(wanted) else matches

    def _matches_no_service(self, wanted: str) -> bool:
        if self._strict:
            return wanted == NO_SERVICE
        try:
            return Pattern(wanted).search(NO_SERVICE)
        except ValueError:
            return False  # told with the condition

    def attribute(self, attributes: str, wanted: AttributeMatch) -> str:
        path = f"{attributes}[{quoted(wanted.key)}]"
        match wanted.value:
            case None:
                return f"{path} != nil"
            case str():
                return self.text(path, wanted.value)
            case bool():
                literal = "true" if wanted.value else "false"
            case int() | float():
                literal = str(wanted.value)
            case _:
                literal = quoted(str(wanted.value))
        return f"{path} == {literal}" if self._strict else self.text(path, literal.strip('"'))

    def library(self, wanted: LibraryMatch) -> str:
        version = "" if wanted.version is None else self.text("instrumentation_scope.version", wanted.version)
        return _all(self.text("instrumentation_scope.name", wanted.name), version)


def _severity(wanted: SeverityMatch | None) -> str:
    if wanted is None:
        return ""
    undefined = "true" if wanted.match_undefined else "false"
    return _any(
        [f"severity_number == 0 and {undefined}", f"severity_number != 0 and severity_number >= {wanted.number}"]
    )


def _all(*conditions: str) -> str:
    given = [condition for condition in conditions if condition]
    return " and ".join(f"({condition})" for condition in given)


def _any(conditions: Iterable[str]) -> str:
    return " or ".join(f"({condition})" for condition in conditions)
