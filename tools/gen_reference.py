"""docs/reference/components.md from the registry and the configuration structs; `--check` fails if it is out of date.

Type, default and bounds are read from the struct, the sentence from the docstring below the field.
"""

import argparse
import ast
import difflib
import inspect
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from otelier.component import (
    ByteSize,
    Component,
    ComponentID,
    Config,
    CustodyKind,
    Duration,
    Kind,
    PrometheusDuration,
    Registration,
    Secret,
    registry,
)
from otelier.telemetry import SIGNALS
from otelier.testing import component_context

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference" / "components.md"
HEAD = """\
<!-- Written by tools/gen_reference.py from the code. Do not edit: change the code and run `make docs`. -->
# Components

Types and keys are the Collector's. A key of a group is written `group.key`, `[]` stands for each entry of a list,
`<name>` for a name of your choice. Durations are written as in Go: `200ms`, `1m30s`. A group whose default is "off"
is switched on by naming it, even with nothing behind the colon.

Custody says who answers for data that was accepted, with the defaults: a component that *forwards* answers only after
the next one answered; one that *buffers* answers at once, and what it loses if the process is killed is given; one
that *stores* is the end.

"""
KINDS = {bool: "true or false", int: "whole number", float: "number", str: "text", Secret: "secret text"} | {
    Duration: "duration",
    PrometheusDuration: "duration as Prometheus writes it",
    ByteSize: "size such as 10MB",
    ComponentID: "component id",
    Any: "anything",
    object: "anything",
}
EMPTY: Mapping[type[Config], str] = {}
UNITS = {"_mib": "MiB", "_bytes": "bytes", "_percentage": "%", "_ms": "ms", "_seconds": "s"}


def main(argv: list[str]) -> int:
    """Write the reference, or with `--check` say what differs and exit 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if the file is out of date")
    parser.add_argument("--target", type=Path, default=TARGET, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    registry.load_components()
    wanted = reference(registry.registrations())
    present = options.target.read_text("utf-8") if options.target.exists() else ""
    if not options.check:
        options.target.parent.mkdir(parents=True, exist_ok=True)
        options.target.write_text(wanted, "utf-8")
    elif wanted != present:
        difference = difflib.unified_diff(present.splitlines(), wanted.splitlines(), "in the file", "in the code", n=1)
        print("\n".join(list(difference)[:40]))
        print(f"{options.target.name} is out of date: run `make docs`")
        return 1
    return 0


def reference(components: list[Registration]) -> str:
    inventory = table(
        ("component", "also called", "signals", "stability", "custody", "promise"),
        [
            (f"[{r.type}](#{r.type}-{r.kind})", code(r.aliases), signals(r), r.stability, custody(r), r.promise)
            for r in components
        ],
    )
    sections = [
        f"\n## {kind.section.capitalize()}\n" + "".join(section(r) for r in components if r.kind is kind)
        for kind in Kind
        if any(r.kind is kind for r in components)
    ]
    return HEAD + inventory + "".join(sections)


def section(r: Registration) -> str:
    also = f" Also called {code(r.aliases)}." if r.aliases else ""
    instead = f" {sentence(r.replaced_by)}" if r.replaced_by else ""
    doc = inspect.cleandoc(sys.modules[r.component.__module__].__doc__ or "").partition("\n")[2].strip()
    rows = [(f"`{path}`", *row) for path, row in keys(r.config, r.config.__name__)]
    text = f"\n### {r.type} {r.kind}\n\n{r.promise[:1].upper()}{r.promise[1:]}{also}{instead}\n"
    text += f"\n{doc}\n" if doc else ""
    return text + ("\n" + table(("key", "type", "default", ""), rows) if rows else "\nNo keys.\n")


def signals(r: Registration) -> str:
    if r.pairs:
        return ", ".join(f"{a} → {b}" for a, b in sorted(r.pairs))
    return ", ".join(signal for signal in SIGNALS if signal in r.signals)


def custody(r: Registration) -> str:
    """What an instance with defaults declares; for receivers and extensions it says nothing."""
    if r.kind in (Kind.RECEIVER, Kind.EXTENSION):
        return ""
    signal = next((s for s in SIGNALS if s in r.signals), "traces")
    context = component_context(r.type, signal=signal, output_signal="metrics", pipeline="traces")
    made: Component = r.component(sample(r.config), context)
    declared = made.custody()
    window = f"; a kill loses {declared.loss_window}" if declared.loss_window else ""
    return f"{declared.kind}{window if declared.kind is not CustodyKind.FORWARDS else ''}"


def sample(config: type[Config]) -> Config:
    """Defaults, and something for each key that has none."""
    given: dict[str, Any] = {}
    for field in msgspec.structs.fields(config):
        if field.required:
            kind = bare(field.type)
            given[field.name] = sample(kind) if is_struct(kind) else "localhost:1" if kind is str else kind()
    return config(**given)


def keys(
    config: type[Config], where: str, prefix: str = "", under: Any = None, around: Mapping[type[Config], str] = EMPTY
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(path, (type, default, sentence)) of every key, those of groups after the group.

    A group that holds groups of its own kind is told once: `around` has the paths of those that this one stands in.
    """
    docs = docstrings(config)
    around = {**around, config: prefix.removesuffix(".")}
    for field in msgspec.structs.fields(config):
        path = prefix + field.encode_name
        if not docs.get(field.name):
            raise SystemExit(f"{config.__module__}.{config.__name__}.{field.name} ({where}: {path}) has no docstring")
        default = getattr(under, field.name) if under is not None else default_of(field)
        again = [f" Keys as in `{around[group]}`." for _, group in groups(field.type) if group in around]
        yield path, (kind_of(field), shown(default, field), docs[field.name] + "".join(again))
        for step, group in groups(field.type):
            below = default if type(default) is group else None
            if group not in around:
                yield from keys(group, where, f"{path}{step}.", below, around)


def default_of(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def groups(kind: Any, step: str = "") -> Iterator[tuple[str, type[Config]]]:
    """(how to get there, struct) of every group of keys that a type holds."""
    kind = bare(kind)
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if is_struct(kind):
        yield step, kind
    elif origin in (typing.Union, types.UnionType):
        for member in args:
            yield from groups(member, step)
    elif origin is not None and origin is not typing.Literal and args:
        mapping = issubclass(origin, typing.Mapping)
        yield from groups(args[1] if mapping else args[0], step + (".<name>" if mapping else "[]"))


def kind_of(field: msgspec.structs.FieldInfo) -> str:
    """The type in words, with bounds and unit."""
    text = words(field.type)
    bounds = [note for note in notes(field.type) if isinstance(note, msgspec.Meta)]
    text += "".join(f", {limits}" for meta in bounds if (limits := limits_of(meta)))
    unit = next((unit for end, unit in UNITS.items() if field.encode_name.endswith(end)), "")
    return f"{text}, {unit}" if unit and ("number" in text) else text


def words(kind: Any) -> str:
    kind = bare(kind)
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        members = [m for m in args if m not in (type(None), msgspec.UnsetType)]
        return " or ".join(dict.fromkeys(words(member) for member in members))
    if origin is typing.Literal:
        return "one of " + ", ".join(f"`{arg}`" for arg in args if arg != "")
    if origin is not None and issubclass(origin, typing.Mapping):
        return f"names and {words(args[1])}"
    if origin is not None and args:
        return f"list of {words(args[0])}"
    return "group" if is_struct(kind) else KINDS.get(kind, "")


def limits_of(meta: msgspec.Meta) -> str:
    said = {"at least ": meta.ge, "more than ": meta.gt, "at most ": meta.le, "less than ": meta.lt}
    said |= {"not empty": None if meta.min_length is None else "", "matches ": meta.pattern and f"`{meta.pattern}`"}
    return ", ".join(f"{word}{value}" for word, value in said.items() if value is not None)


def shown(default: Any, field: msgspec.structs.FieldInfo) -> str:
    if default is msgspec.NODEFAULT:
        return "required"
    if any(group for _, group in groups(field.type)) and default in (None, msgspec.UNSET):
        return "off"
    if default in (None, msgspec.UNSET, "") or isinstance(default, Config):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, list | tuple | set | frozenset | dict):
        return f"`[{', '.join(str(entry) for entry in default if entry != '')}]`" if default else ""
    return f"`{default}`"


@cache
def docstrings(config: type) -> dict[str, str]:
    """The text below each field, of the struct and those that it extends."""
    found: dict[str, str] = {}
    for part in reversed(config.__mro__):
        if is_struct(part) and part is not Config:
            (declared,) = ast.parse(inspect.cleandoc(f"\n{inspect.getsource(part)}")).body
            assert isinstance(declared, ast.ClassDef)
            for field, text in zip(declared.body, declared.body[1:], strict=False):
                if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
                    assert isinstance(field.target, ast.Name)
                    assert isinstance(text.value, ast.Constant)
                    found[field.target.id] = sentence(str(text.value.value))
    return found


def bare(kind: Any) -> Any:
    return typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind


def notes(kind: Any) -> tuple[Any, ...]:
    return typing.get_args(kind)[1:] if typing.get_origin(kind) is typing.Annotated else ()


def is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Config)


def sentence(text: str) -> str:
    return " ".join(text.split())


def code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
