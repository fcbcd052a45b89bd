"""docs/reference/inventory.md: what users can name in a configuration, each with the tests that prove its behaviour.

A test says what it proves by a marker, on itself or on its module: `@pytest.mark.proves("ottl.Concat")` for a function
of OTTL, `"tail_sampling.latency"` for a policy, `"batch.timeout"` for a configuration key. Markers are read from the
source; nothing is run. `--check` fails if the file is out of date, a name has no proof, or a marker names nothing.
"""

import argparse
import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from otelier.component import registry
from otelier.ottl import group  # registers the functions of OTTL
from otelier.ottl.functions.registry import FUNCTIONS

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "reference" / "inventory.md"
KEYS_OF: tuple[tuple[str, str], ...] = ()
"""Components, as (kind, type), whose configuration keys need a proof."""
CHOICES_OF: tuple[tuple[str, str], ...] = ()
"""(name in front, "module:attribute"): mappings of what can be chosen by name, such as the policies of a sampler."""
HEAD = """\
<!-- Written by tools/gen_inventory.py from the code and the markers of the tests. Do not edit: run `make docs`. -->
# Inventory

Everything that a configuration can name, with the tests that prove its behaviour.
"""
_ = group


def main(argv: list[str]) -> int:
    """Write the inventory, or with `--check` say what is wrong and exit 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if something is wrong")
    parser.add_argument("--target", type=Path, default=TARGET, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    sections, proofs = names(), collected(ROOT / "tests")
    wanted = inventory(sections, proofs)
    if not options.check:
        options.target.write_text(wanted, "utf-8")
        return 0
    problems = list(gaps(sections, proofs))
    if not options.target.exists() or options.target.read_text("utf-8") != wanted:
        problems.append(f"{options.target.name} is out of date: run `make docs`")
    print("\n".join(problems) or "inventory: fine")
    return bool(problems)


def names() -> dict[str, list[str]]:
    """By section."""
    registry.load_components()
    sections = {
        "Editors of OTTL": [f"ottl.{name}" for name, f in FUNCTIONS.items() if f.kind == "editor"],
        "Converters of OTTL": [f"ottl.{name}" for name, f in FUNCTIONS.items() if f.kind == "converter"],
    }
    for front, place in CHOICES_OF:
        sections[f"Choices of {front}"] = [f"{front}.{name}" for name in _looked_up(place)]
    for registration in registry.registrations():
        if (registration.kind, registration.type) in KEYS_OF:
            found = [f"{registration.type}.{key}" for key in keys(registration.config)]
            sections[f"Keys of the {registration.kind} {registration.type}"] = found
    return {title: sorted(found, key=str.lower) for title, found in sections.items() if found}


def keys(struct: type[msgspec.Struct]) -> Iterator[str]:
    """Keys of a configuration; those of a group as `group.key`."""
    for field in msgspec.structs.fields(struct):
        inner = list(_structs(field.type))
        if not inner:
            yield field.encode_name
        for each in inner:
            yield from (f"{field.encode_name}.{key}" for key in keys(each))


def _structs(annotation: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _structs(argument)


def _looked_up(place: str) -> Mapping[str, object]:
    module, _, attribute = place.partition(":")
    return getattr(__import__(module, fromlist=[attribute]), attribute)


def collected(folder: Path) -> dict[str, list[str]]:
    """What is proved, by which tests, as `file::test`."""
    proofs: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.rglob("test_*.py")):
        file = path.relative_to(ROOT).as_posix()
        for node in ast.parse(path.read_text("utf-8")).body:
            test = f"::{node.name}" if isinstance(node, ast.FunctionDef | ast.ClassDef) else ""
            for name in _marked(node):
                proofs[name].append(file + test)
    return proofs


def _marked(node: ast.stmt) -> Iterator[str]:
    """Names in the markers of a test, or of `pytestmark`."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "proves":
            yield from (each.value for each in call.args if isinstance(each, ast.Constant))


def gaps(sections: Mapping[str, list[str]], proofs: Mapping[str, list[str]]) -> Iterator[str]:
    known = {name for found in sections.values() for name in found}
    yield from (f"{name}: no test proves it (mark one by @pytest.mark.proves)" for name in sorted(known - set(proofs)))
    fronts = {name.partition(".")[0] for name in known}
    for name in sorted(set(proofs) - known):
        # Keys of components that are not demanded yet may be proved already.
        if name.partition(".")[0] in fronts:
            yield f"{proofs[name][0]}: proves {name}, which isn't there"


def inventory(sections: Mapping[str, list[str]], proofs: Mapping[str, list[str]]) -> str:
    parts = [HEAD]
    for title, found in sections.items():
        rows = "\n".join(f"| `{name}` | {', '.join(proofs.get(name, ())) or '—'} |" for name in found)
        parts.append(f"\n## {title}\n| name | proved by |\n|---|---|\n{rows}\n")
    return "".join(parts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
