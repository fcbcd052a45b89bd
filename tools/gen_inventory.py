"""docs/reference/inventory.md and conformance.md: what users can name in a configuration, each with the tests that
prove its behaviour; and the cases that were observed on a Collector, each with its tests.

A test says what it proves by a marker, on itself or on its module: `@pytest.mark.proves("ottl.Concat")` for a function
of OTTL, `"tail_sampling.latency"` for a policy, `"batch.timeout"` for a configuration key, `"collector.case_3"` for a
case; `"a.{b,c}"` is both. A type that is there in several kinds is named with its kind
(`"connectors.routing.table.pipelines"`). Keys that many components share are proved once, by the struct that has them
(`"sending.QueueSettings.num_consumers"`). Markers are read from the source; nothing is run. `--check` fails if a page
is out of date, a name has no proof, or a marker names nothing.
"""

import argparse
import ast
import sys
import typing
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from otelier.component import Config, registry
from otelier.ottl import group  # registers the functions of OTTL
from otelier.ottl.functions.registry import FUNCTIONS
from otelier.pipeline.settings import ServiceSettings
from otelier.processors.tail_sampling.policies import PolicyConfig

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "reference"
SHARED = ("otelier.component", "otelier.sending", "otelier.server")
"""Packages whose structs are parts of the configurations of many components."""
FOREIGN, OURS = "otelier.scrape.config", "otelier.scrape.config.rules"
"""Where the structs of Prometheus's own formats are, whose keys its own reference lists; and ours among them."""
CASES = {
    1: "tail sampling: slow, failed, and 5 % of the other traces",
    3: "tail sampling: which traces a percentage keeps, by trace id and salt",
    4: "tail sampling: noise left out by an inverted expression",
    7: "tail sampling: and, not, numbers of spans, types of attributes",
    8: "tail sampling: more traces than num_traces",
    10: "tail sampling: late spans by the caches of decisions, and a stop",
    11: "spanmetrics: values of counters and buckets",
    13: "spanmetrics: order of dimensions, missing ones, resources without service.name",
    14: "spanmetrics: events by an attribute of theirs",
    16: "spanmetrics: delta temporality, and the stop",
    17: "filter: data points by service and kind",
    19: "transform truncate_all, attributes and resource delete",
    20: "groupbytrace: one payload a trace, more traces than num_traces, and a stop",
    21: "batch: sizes, time-out and stop",
    24: "otlphttp: what is tried again; values from the environment and the command line",
}
"""What was observed on a running Collector, by the number in the notes about it."""
WRITTEN = "<!-- Written by tools/gen_inventory.py from code and the tests' markers. Do not edit: run `make docs`. -->"
INVENTORY = f"""\
{WRITTEN}
# Inventory

Everything that a configuration can name, with the tests that prove its behaviour. Groups of keys that many components
have, such as `sending_queue`, are listed once, by the struct in the code.
"""
CONFORMANCE = f"""\
{WRITTEN}
# Conformance

Cases whose outcome was observed on a running OpenTelemetry Collector 0.155, with the tests that expect it. Where a test
expects something else, [the list of differences](differences.md) says why.

| case | what | proved by |
|---|---|---|
"""
_ = group


def main(argv: list[str]) -> int:
    """Write both pages, or with `--check` say what is wrong and exit 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if something is wrong")
    parser.add_argument("--target", type=Path, default=TARGET, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    sections, proofs = names(), collected(ROOT / "tests")
    pages = {"inventory.md": inventory(sections, proofs), "conformance.md": conformance(proofs)}
    if not options.check:
        for name, wanted in pages.items():
            (options.target / name).write_text(wanted, "utf-8")
        return 0
    problems = list(gaps({**sections, "Cases": [_case(number) for number in CASES]}, proofs))
    for name, wanted in pages.items():
        page = options.target / name
        if not page.exists() or page.read_text("utf-8") != wanted:
            problems.append(f"{name} is out of date: run `make docs`")
    print("\n".join(problems) or "inventory: fine")
    return bool(problems)


def names() -> dict[str, list[str]]:
    """By section."""
    registry.load_components()
    sections = {
        "Editors of OTTL": [f"ottl.{name}" for name, f in FUNCTIONS.items() if f.kind == "editor"],
        "Converters of OTTL": [f"ottl.{name}" for name, f in FUNCTIONS.items() if f.kind == "converter"],
    }
    types = typing.get_args(typing.get_type_hints(PolicyConfig)["type"])
    sections["Policies of tail_sampling"] = [f"tail_sampling.{name}" for name in types]
    registered = registry.registrations()
    kinds = Counter(each.type for each in registered)
    shared: set[type[Config]] = set()
    for each in registered:
        front = each.type if kinds[each.type] == 1 else f"{each.kind.section}.{each.type}"
        found = keys(each.config)
        shared |= found.shared
        sections[f"Keys of the {each.kind} {each.type}"] = [f"{front}.{key}" for key in found.own]
    service = keys(ServiceSettings)
    shared |= service.shared
    sections["Keys of service"] = [f"service.{key}" for key in service.own]
    for front, struct in sorted((_front(struct), struct) for struct in all_shared(shared)):
        sections[f"Keys shared as {front}"] = [f"{front}.{key}" for key in keys(struct).own]
    return {title: sorted(found, key=str.lower) for title, found in sections.items() if found}


class Keys(msgspec.Struct):
    """Of a struct: its own, those of a group as `group.key`, and the shared structs that it has the others from."""

    own: list[str]
    shared: set[type[Config]]


def keys(struct: type[Config], above: tuple[type[Config], ...] = ()) -> Keys:
    """Those of a configuration. A struct within itself, such as a policy that is made of policies, is not repeated."""
    found = Keys([], {base for base in struct.__mro__[1:] if _is_shared(base)})
    bases = [base for base in struct.__mro__[1:] if base in found.shared or _is_foreign(base)]
    inherited = {key for base in bases for key in getattr(base, "__struct_fields__", ())}
    for field in msgspec.structs.fields(struct):
        if field.name in inherited:
            continue
        inner = [each for each in _structs(field.type) if each not in (struct, *above)]
        if not inner:
            found.own.append(field.encode_name)
        for each in inner:
            if _is_foreign(each):
                found.own.append(field.encode_name)
                continue
            if _is_shared(each):
                found.shared.add(each)
                continue
            below = keys(each, (struct, *above))
            found.own += [f"{field.encode_name}.{key}" for key in below.own]
            found.shared |= below.shared
    return found


def all_shared(structs: Iterable[type[Config]]) -> set[type[Config]]:
    """Those, and the ones that they have as groups."""
    found: set[type[Config]] = set()
    waiting = list(structs)
    while waiting:
        struct = waiting.pop()
        if struct not in found:
            found.add(struct)
            waiting += keys(struct).shared
    return found


def _front(struct: type[Config]) -> str:
    return f"{struct.__module__.split('.')[1]}.{struct.__name__}"


def _is_foreign(struct: type) -> bool:
    return struct.__module__.startswith(FOREIGN) and struct.__module__ != OURS


def _is_shared(struct: type) -> bool:
    return issubclass(struct, Config) and struct is not Config and struct.__module__.startswith(SHARED)


def _structs(annotation: Any) -> Iterator[type[Config]]:
    if isinstance(annotation, type) and issubclass(annotation, Config):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _structs(argument)


def _case(number: int) -> str:
    return f"collector.case_{number}"


def collected(folder: Path) -> dict[str, list[str]]:
    """What is proved, by which tests, as `file::test`."""
    proofs: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.rglob("test_*.py")):
        file = path.relative_to(folder.parent).as_posix()
        for node in ast.parse(path.read_text("utf-8")).body:
            test = f"::{node.name}" if isinstance(node, ast.FunctionDef | ast.ClassDef) else ""
            for name in _marked(node):
                proofs[name].append(file + test)
    return proofs


def _marked(node: ast.stmt) -> Iterator[str]:
    """Names in the markers of a test, or of `pytestmark`."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "proves":
            written = (each.value for each in call.args if isinstance(each, ast.Constant))
            yield from (name for each in written for name in spelled_out(each))


def spelled_out(name: str) -> Iterator[str]:
    """`a.{b,c}` is `a.b` and `a.c`."""
    front, brace, rest = name.partition("{")
    if not brace:
        yield name
        return
    inside, _, rest = rest.partition("}")
    for choice in inside.split(","):
        yield from spelled_out(front + choice + rest)


def gaps(sections: Mapping[str, list[str]], proofs: Mapping[str, list[str]]) -> Iterator[str]:
    """Names without a proof, and proofs of nothing."""
    known = {name for found in sections.values() for name in found}
    yield from (f"{name}: no test proves it (mark one by @pytest.mark.proves)" for name in sorted(known - set(proofs)))
    yield from (f"{proofs[name][0]}: proves {name}, which isn't there" for name in sorted(set(proofs) - known))


def inventory(sections: Mapping[str, list[str]], proofs: Mapping[str, list[str]]) -> str:
    """The page."""
    parts = [INVENTORY]
    for title, found in sections.items():
        rows = "\n".join(f"| `{name}` | {_tests(name, proofs)} |" for name in found)
        parts.append(f"\n## {title}\n| name | proved by |\n|---|---|\n{rows}\n")
    return "".join(parts)


def conformance(proofs: Mapping[str, list[str]]) -> str:
    """The page."""
    rows = (f"| {number} | {what} | {_tests(_case(number), proofs)} |\n" for number, what in CASES.items())
    return CONFORMANCE + "".join(rows)


def _tests(name: str, proofs: Mapping[str, list[str]]) -> str:
    return ", ".join(proofs.get(name, ())) or "—"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
