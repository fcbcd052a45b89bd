"""`include` and `exclude`: which spans, log records and data points some properties mean, as a native condition."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

from msgspec import Meta

from ..._core import Pattern
from ...component import Config
from ...ottl import forms
from ...telemetry import Signal, items_suffix

_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_SEVERITIES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
NO_SERVICE = "<nil-service-name>"
"""What the Collector calls the service of a resource that names none."""
_ONLY: dict[str, Signal] = {
    "span_names": "traces",
    "span_kinds": "traces",
    "log_bodies": "logs",
    "log_severity_texts": "logs",
    "log_severity": "logs",
    "log_severity_number": "logs",
    "metric_names": "metrics",
}


_TEXTS: dict[str, forms.Form] = {
    "span_names": forms.field("item", "name"),
    "metric_names": forms.field("metric", "name"),
    "log_severity_texts": forms.field("item", "severity_text"),
}
"""What the texts of these keys are compared with."""


class Property(Config):
    key: Annotated[str, Meta(min_length=1)]
    """Attribute that must be there."""
    value: Any = None
    """What it must be; unset = anything. With `match_type: regexp` a pattern, to which numbers are text, too."""


class Library(Config):
    name: str
    """Name of the instrumentation scope."""
    version: str | None = None
    """Its version; unset = any."""


class Severity(Config):
    min: str | int
    """Lowest severity, as a number from 1 to 24 or a name such as `INFO` or `WARN2`."""
    match_undefined: bool = False
    """Whether records without a severity match, too."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Only severities that there are."""
        if self.number() is None:
            yield "min", f"is no severity; write a number from 1 to 24 or one of {', '.join(_SEVERITIES)}"

    def number(self) -> int | None:
        """As OTLP counts: four of each name."""
        text = str(self.min).upper()
        if text.isdecimal():
            return int(text) if int(text) <= 24 else None
        name, step = (text[:-1], int(text[-1])) if text[-1:] in tuple("1234") else (text, 1)
        return _SEVERITIES.index(name) * 4 + step if name in _SEVERITIES else None


class RegexpSettings(Config):
    cacheenabled: bool = False
    """Accepted without effect: answers are always kept while a batch is edited."""
    cachemaxnumentries: int = 0
    """Accepted without effect."""


class Properties(Config):
    match_type: Literal["strict", "regexp"]
    """Whether texts below are compared or are regular expressions (RE2, found anywhere in the value)."""
    regexp: RegexpSettings | None = None
    """Settings of `match_type: regexp`."""
    services: tuple[str, ...] = ()
    """Any of these is the resource's `service.name`."""
    span_names: tuple[str, ...] = ()
    """Any of these is the span's name."""
    span_kinds: tuple[str, ...] = ()
    """Any of these is the span's kind, such as `SPAN_KIND_SERVER`."""
    attributes: tuple[Property, ...] = ()
    """All of these are the item's attributes."""
    resources: tuple[Property, ...] = ()
    """All of these are the resource's attributes."""
    libraries: tuple[Library, ...] = ()
    """Any of these is the instrumentation scope."""
    log_bodies: tuple[str, ...] = ()
    """Any of these is the record's body, which must be text."""
    log_severity_texts: tuple[str, ...] = ()
    """Any of these is the record's severity text."""
    log_severity: Severity | None = None
    """Lowest severity of the record."""
    log_severity_number: Severity | None = None
    """Another name for `log_severity`."""
    metric_names: tuple[str, ...] = ()
    """Any of these is the metric's name."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Something to match by; patterns that can be compiled."""
        if not any(getattr(self, name) for name in self.__struct_fields__ if name not in ("match_type", "regexp")):
            yield "services", "at least one property must be set, such as services, attributes or resources"
        if self.match_type == "regexp":
            yield from self._patterns()

    def _patterns(self) -> Iterator[tuple[str, str]]:
        for name in ("services", "span_names", "span_kinds", "log_bodies", "log_severity_texts", "metric_names"):
            for at, pattern in enumerate(getattr(self, name)):
                yield from _flaw(f"{name}.{at}", pattern)
        for name in ("attributes", "resources"):
            for at, each in enumerate(getattr(self, name)):
                if isinstance(each.value, str):
                    yield from _flaw(f"{name}.{at}.value", each.value)
                elif each.value is not None:
                    yield f"{name}.{at}.value", "must be text, a pattern, because match_type is regexp"

    def misplaced(self, signal: Signal) -> str | None:
        """Why these properties can't choose among items of this signal."""
        for name, owner in _ONLY.items():
            if getattr(self, name) and owner != signal:
                return f"{name} chooses {items_suffix(owner)}, but this is a pipeline of {signal}"
        return None

    def form(self) -> forms.Form:
        """True for an item that has all the properties."""
        return forms.all_of(self._parts())

    def _parts(self) -> Iterator[forms.Form]:
        # What is asked once for all items of a scope comes first.
        yield from self._around()
        for name, value in _TEXTS.items():
            if texts := getattr(self, name):
                yield self._any_text(texts, value)
        if self.span_kinds:
            yield self._kinds()
        if self.log_bodies:
            body = forms.field("item", "body")
            yield forms.all_of([forms.call("IsString", body), self._any_text(self.log_bodies, body)])
        for severity in (self.log_severity, self.log_severity_number):
            if severity:
                yield _severity(severity)
        for each in self.attributes:
            yield self._property("item", each)

    def _around(self) -> Iterator[forms.Form]:
        if self.services:
            name = forms.call("String", forms.attribute("resource", "service.name"))
            yield self._any_text(self.services, forms.call("Coalesce", name, forms.constant(NO_SERVICE)))
        for each in self.resources:
            yield self._property("resource", each)
        if self.libraries:
            yield forms.any_of(self._library(each) for each in self.libraries)

    def _any_text(self, texts: Iterable[str], value: forms.Form) -> forms.Form:
        return forms.any_of(self._text(text, value) for text in texts)

    def _text(self, text: str, value: forms.Form) -> forms.Form:
        if self.match_type == "regexp":
            return forms.call("IsMatch", value, forms.constant(text))
        return forms.compare("==", value, forms.constant(text))

    def _property(self, level: forms.Level, each: Property) -> forms.Form:
        value = forms.attribute(level, each.key)
        if each.value is None:
            return forms.compare("!=", value, forms.constant(None))
        if self.match_type == "strict":
            same = forms.compare("==", value, forms.constant(each.value))
            if isinstance(each.value, bool) or not isinstance(each.value, int | float):
                return same
            # Numbers of different types are equal to OTTL, but not here.
            kind = "IsInt" if isinstance(each.value, int) else "IsDouble"
            return forms.all_of([forms.call(kind, value), same])
        scalar = forms.any_of(forms.call(kind, value) for kind in ("IsString", "IsBool", "IsInt", "IsDouble"))
        return forms.all_of([scalar, self._text(each.value, value)])

    def _library(self, each: Library) -> forms.Form:
        parts = [self._text(each.name, forms.field("scope", "name"))]
        if each.version is not None:
            parts.append(self._text(each.version, forms.field("scope", "version")))
        return forms.all_of(parts)

    def _kinds(self) -> forms.Form:
        names = [f"SPAN_KIND_{kind}" for kind in _KINDS]
        if self.match_type == "regexp":
            patterns = [Pattern(text) for text in self.span_kinds]
            chosen = [at for at, name in enumerate(names) if any(pattern.search(name) for pattern in patterns)]
        else:
            chosen = [at for at, name in enumerate(names) if name in self.span_kinds]
        kind = forms.field("item", "kind")
        return forms.any_of(forms.compare("==", kind, forms.constant(number)) for number in chosen)


def _severity(severity: Severity) -> forms.Form:
    number = forms.field("item", "severity_number")
    enough = forms.compare(">=", number, forms.constant(max(severity.number() or 0, 1)))
    if not severity.match_undefined:
        return enough
    return forms.any_of([enough, forms.compare("==", number, forms.constant(0))])


def _flaw(path: str, pattern: str) -> Iterator[tuple[str, str]]:
    try:
        Pattern(pattern)
    except ValueError as error:
        yield path, str(error)
