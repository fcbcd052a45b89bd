"""A strict reader of the two text formats, written from their specifications; asserts that nothing is odd."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

_SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[^"}]|"(?:\\.|[^"\\])*")*)\})? (\S+)\Z')
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:\\[\\n"]|[^"\\\n])*)"(?:,|\Z)')
_VALUE = re.compile(r"[+-]?(\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+|Inf)\Z|NaN\Z")
_SUFFIXES = {
    "text": {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")},
    "openmetrics": {
        "counter": ("_total",),
        "gauge": ("",),
        "unknown": ("",),
        "info": ("_info",),
        "histogram": ("_bucket", "_sum", "_count"),
    },
}


@dataclass
class Family:
    name: str
    type: str
    help: str
    unit: str = ""
    samples: dict[tuple[str, frozenset[tuple[str, str]]], float] = field(default_factory=dict)

    def value(self, suffix: str = "", **labels: str) -> float:
        return self.samples[self.name + suffix, frozenset(labels.items())]


@pytest.fixture(scope="session")
def parse() -> Callable[[bytes, str], dict[str, Family]]:
    """Page and format ("text" or "openmetrics") to families by name."""
    return _parse


def _parse(page: bytes, format_: str) -> dict[str, Family]:
    text = page.decode("utf-8")
    assert text.endswith("\n")
    assert "\r" not in text
    lines = text[:-1].split("\n")
    if format_ == "openmetrics":
        assert lines.pop() == "# EOF"
    families: dict[str, Family] = {}
    current: Family | None = None
    help_text = None
    for line in lines:
        assert line, "empty line"
        if line.startswith("# HELP "):
            help_text = line.split(" ", 3)[2:]
        elif line.startswith("# TYPE "):
            name, kind = line.split(" ")[2:]
            assert name not in families, f"{name} comes twice"
            assert help_text and help_text[0] == name, f"no HELP before TYPE of {name}"
            assert kind in _SUFFIXES[format_], kind
            current = families[name] = Family(name, kind, _unescape(help_text[1] if len(help_text) > 1 else ""))
        elif line.startswith("# UNIT "):
            name, unit = line.split(" ")[2:]
            assert current and current.name == name and name.endswith(f"_{unit}")
            current.unit = unit
        else:
            assert not line.startswith("#"), line
            assert current, f"sample before its TYPE: {line}"
            _add_sample(current, line, format_)
    for family in families.values():
        _check_histogram(family)
    return families


def _add_sample(family: Family, line: str, format_: str) -> None:
    match = _SAMPLE.match(line)
    assert match, f"not a sample: {line!r}"
    name, labels_text, value = match.groups()
    assert _VALUE.match(value), value
    suffixes = _SUFFIXES[format_][family.type]
    assert name in {family.name + s for s in suffixes}, f"{name} is no sample of {family.name} ({family.type})"
    labels: dict[str, str] = {}
    at = 0
    while labels_text and at < len(labels_text):
        label = _LABEL.match(labels_text, at)
        assert label, f"not a label: {labels_text[at:]!r}"
        assert label[1] not in labels, f"{label[1]} comes twice"
        labels[label[1]] = _unescape(label[2])
        at = label.end()
    key = (name, frozenset(labels.items()))
    assert key not in family.samples, f"{line} comes twice"
    family.samples[key] = float(value.replace("Inf", "inf"))


def _check_histogram(family: Family) -> None:
    if family.type != "histogram":
        return
    series: dict[frozenset[tuple[str, str]], list[tuple[float, float]]] = {}
    for (name, labels), value in family.samples.items():
        if name.endswith("_bucket"):
            le = next(float(v.replace("Inf", "inf")) for k, v in labels if k == "le")
            rest = frozenset((k, v) for k, v in labels if k != "le")
            series.setdefault(rest, []).append((le, value))
    for labels, buckets in series.items():
        assert buckets == sorted(buckets), "bounds and counts must not go down"
        assert buckets[-1][0] == float("inf")
        assert buckets[-1][1] == family.samples[family.name + "_count", labels]
        assert (family.name + "_sum", labels) in family.samples


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text)
