"""Reader of PromQL's test scripts: `clear`, `load` and `eval` with what is expected."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from otelier.query.promql.labels import Labels
from otelier.query.promql.notation import Point, parse_labels, parse_series
from otelier.query.promql.strings import unquoted

_EVAL = re.compile(
    r"eval(?:_(?P<old>fail|warn|info|ordered))?\s+(?:instant\s+(?:at\s+(?P<at>\S+)\s+)?"
    r"|range\s+from\s+(?P<from>\S+)\s+to\s+(?P<to>\S+)\s+step\s+(?P<step>\S+)\s+)(?P<query>.+)"
)
_LOAD = re.compile(r"load(?P<nhcb>_with_nhcb)?\s+(?P<step>\S+)", re.IGNORECASE)
_EXPECT = re.compile(r"expect\s+(?P<what>\w+)\s*(?:(?P<how>msg|regex):\s*(?P<text>.*)|(?P<rest>.*))")
_RANGE = re.compile(r"vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)")
_DURATION = re.compile(r"(-?)((?:\d+(?:\.\d+)?(?:ms|[smhdwy]))+)")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwy])")
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "y": 31_536_000_000}
_OFFSET = r"[-+]?\d+(?:ms|[smhdwy])?(?:\d+(?:ms|[smhdwy]))*"
_START = re.compile(
    rf"(?P<gap>_)(?:x(?P<gaps>\d+))?|(?P<base>{_OFFSET})(?P<step>[-+]{_OFFSET[5:]})?(?:x(?P<times>\d+))?"
)


@dataclass
class Clear:
    line: int


@dataclass
class Load:
    """Series whose values stand `step_ms` apart, with offsets of their start timestamps where those are given."""

    line: int
    step_ms: int
    nhcb: bool
    series: dict[Labels, list[Point]] = field(default_factory=dict)
    starts: dict[Labels, list[int | None]] = field(default_factory=dict)


@dataclass
class Expectation:
    """`what`: fail, warn, info, no_warn, no_info, ordered; of the first three maybe a text or an expression for it."""

    what: str
    text: str = ""
    regex: bool = False

    def fits(self, text: str) -> bool:
        return re.search(self.text, text) is not None if self.regex else self.text in ("", text)


@dataclass
class Eval:
    """A query; `step_ms` 0 for an instant."""

    line: int
    query: str
    start_ms: int
    end_ms: int
    step_ms: int
    expectations: list[Expectation] = field(default_factory=list)
    results: dict[Labels, list[Point]] = field(default_factory=dict)
    scalar: Point | None = None
    text: str | None = None
    ranges: tuple[int, int, int] | None = None

    def expects(self, what: str) -> list[Expectation]:
        return [each for each in self.expectations if each.what == what]


def milliseconds(text: str) -> int:
    if match := _DURATION.fullmatch(text):
        total = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(match[2]))
        return round(-total if match[1] else total)
    return round(float(text) * 1000)


def read(text: str) -> Iterator[Clear | Load | Eval]:
    """All commands, in their order."""
    block: Load | Eval | None = None
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            if block is not None and (not line or not isinstance(block, Eval)):
                yield block
                block = None
            continue
        if block is None or _begins(line):
            if block is not None:
                yield block
            found = _command(number, line)
            block = None if isinstance(found, Clear) else found
            if isinstance(found, Clear):
                yield found
            continue
        _continue(block, line)
    if block is not None:
        yield block


def _begins(line: str) -> bool:
    word = line.split()[0].lower()
    return word in ("clear", "load", "load_with_nhcb") or re.fullmatch(r"eval(_\w+)?", word) is not None


def _command(number: int, line: str) -> Clear | Load | Eval:
    if line.lower() == "clear":
        return Clear(number)
    if match := _LOAD.fullmatch(line):
        return Load(number, milliseconds(match["step"]), match["nhcb"] is not None)
    match = _EVAL.fullmatch(line)
    assert match, f"line {number}: {line}"
    if match["from"]:
        command = Eval(
            number, match["query"], milliseconds(match["from"]), milliseconds(match["to"]), milliseconds(match["step"])
        )
    else:
        at = milliseconds(match["at"] or "0")
        command = Eval(number, match["query"], at, at, 0)
    if match["old"]:
        command.expectations.append(Expectation(match["old"]))
    return command


def _continue(block: Load | Eval, line: str) -> None:
    if isinstance(block, Load):
        labels, rest = parse_labels(line)
        if rest.startswith("@st"):
            block.starts[labels] = list(_starts(rest[3:]))
        else:
            block.series[labels] = parse_series(line)[1]
        return
    if match := _EXPECT.fullmatch(line):
        _expect(block, match)
    elif re.fullmatch(r"[-+]?(?:[0-9.]+(?:e[-+]?[0-9]+)?|inf|nan)", line, re.IGNORECASE):
        block.scalar = Point(float(line))
    else:
        labels, points = parse_series(line)
        block.results[labels] = points


def _expect(block: Eval, match: re.Match[str]) -> None:
    match match["what"]:
        case "string":
            block.text = unquoted(match["rest"], match["rest"], 0)
        case "range":
            found = _RANGE.fullmatch(match["rest"])
            assert found
            start, end, step = map(milliseconds, found.groups())
            block.ranges = (start, end, step)
        case what:
            block.expectations.append(Expectation(what, match["text"] or "", match["how"] == "regex"))


def _starts(text: str) -> Iterator[int | None]:
    for item in text.split():
        match = _START.fullmatch(item)
        assert match, item
        if match["gap"]:
            yield from [None] * int(match["gaps"] or 1)
            continue
        base, step = milliseconds(match["base"].lstrip("+")), milliseconds((match["step"] or "0").lstrip("+"))
        for number in range(int(match["times"] or 0) + 1):
            yield base + step * number
