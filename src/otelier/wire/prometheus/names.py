"""Names of metrics and labels: OTLP's free text as Prometheus has it.

Rules: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/.
"""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

Strategy: TypeAlias = Literal[
    "UnderscoreEscapingWithSuffixes", "UnderscoreEscapingWithoutSuffixes", "NoUTF8EscapingWithSuffixes", "NoTranslation"
]

_NOT_METRIC = re.compile(r"[^A-Za-z0-9:]+")
_NOT_METRIC_OR_UNDERSCORE = re.compile(r"[^A-Za-z0-9:_]+")
_NOT_LABEL = re.compile(r"[^A-Za-z0-9]+")
_UNITS = {
    "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds", "us": "microseconds",
    "ns": "nanoseconds", "By": "bytes", "KiBy": "kibibytes", "MiBy": "mebibytes", "GiBy": "gibibytes",
    "TiBy": "tebibytes", "KBy": "kilobytes", "MBy": "megabytes", "GBy": "gigabytes", "TBy": "terabytes",
    "m": "meters", "V": "volts", "A": "amperes", "J": "joules", "W": "watts", "g": "grams", "Cel": "celsius",
    "Hz": "hertz", "1": "", "%": "percent",
}  # fmt: skip
"""UCUM units whose words Prometheus spells out."""
_PER = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}


@dataclass(frozen=True, slots=True)
class Translation:
    """How names come about."""

    namespace: str = ""
    strategy: Strategy = "UnderscoreEscapingWithSuffixes"

    @property
    def escapes(self) -> bool:
        """Whether names become what every Prometheus takes."""
        return self.strategy.startswith("Underscore")

    @property
    def suffixes(self) -> bool:
        """Whether units and `_total` are part of the name."""
        return self.strategy.endswith("WithSuffixes")


def metric_name(how: Translation, name: str, unit: str, monotonic: bool, gauge: bool) -> str:
    """The name of a metric's family; empty if nothing of it can be in a name.

    `monotonic`: of a sum that only grows.
    """
    if not how.escapes:
        return _unescaped(name, unit, monotonic, gauge, how)
    if how.suffixes:
        tokens = [token for token in _NOT_METRIC.split(name) if token]
        tokens = _with_suffixes(tokens, unit, monotonic, gauge)
    else:
        tokens = [token for token in _NOT_METRIC_OR_UNDERSCORE.split(name) if token]
    return family_name("_".join(tokens), how)


def family_name(name: str, how: Translation) -> str:
    """A name that is translated already, in the namespace."""
    if how.namespace:
        name = "_".join(filter(None, (label_name(how.namespace, escapes=how.escapes), name)))
    return f"_{name}" if how.escapes and name[:1].isdigit() else name


def _with_suffixes(tokens: list[str], unit: str, monotonic: bool, gauge: bool) -> list[str]:
    for word in _unit_words(unit, escaped=True):
        if word not in tokens:
            tokens.append(word)
    if monotonic:
        tokens = [*(word for word in tokens if word != "total"), "total"]
    if unit == "1" and gauge:
        tokens = [*(word for word in tokens if word != "ratio"), "ratio"]
    return tokens


def _unit_words(unit: str, *, escaped: bool) -> list[str]:
    """`By/s` is bytes and per_second; a unit in braces is only a remark."""
    main, _, per = unit.partition("/")
    words: list[str] = []
    main, per = main.strip(), per.strip()
    if main and not set(main) & {"{", "}"}:
        words += _clean(_UNITS.get(main, main), escaped)
    if per and not set(per) & {"{", "}"}:
        words += [f"per_{word}" for word in _clean(_PER.get(per, per), escaped)]
    return words


def _clean(word: str, escaped: bool) -> list[str]:
    if not escaped:
        return [word] if word else []
    joined = "_".join(token for token in _NOT_METRIC.split(word) if token)
    return [joined] if joined else []


def _unescaped(name: str, unit: str, monotonic: bool, gauge: bool, how: Translation) -> str:
    if how.suffixes:
        name = name.removesuffix("_total") if monotonic else name
        for word in (*_unit_words(unit, escaped=False), *(["ratio"] if unit == "1" and gauge else [])):
            name = name if name.endswith(word) else f"{name}_{word}"
        name = f"{name}_total" if monotonic else name
    return family_name(name, how)


def label_name(key: str, *, escapes: bool = True) -> str:
    """The name of an attribute's label: runs of what a label can't have are one `_`, and it begins with a letter."""
    if not escapes or not key:
        return key
    name = _NOT_LABEL.sub("_", key)
    if name[0].isdigit():
        return f"key_{name}"
    return f"key{name}" if name[0] == "_" else name
