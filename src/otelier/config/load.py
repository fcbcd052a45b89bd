"""Sources to one document: retrieve, compose, merge from left to right, `--set`, expand, look for placeholders."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ..component.errors import ConfigError, Location, Problem
from .compose import BYTES_MAX, compose, read_text
from .document import Document
from .expand import Expander
from .helm import config_of, without_removed
from .nodes import Node, merge
from .placeholders import HINT as PLACEHOLDER_HINT
from .placeholders import placeholder
from .providers import ProviderError, Providers, Reference

SOURCES_MAX = 100
_NAME_MAX = 60
_TOP = Location("the configuration")


def load(
    sources: Sequence[str],
    sets: Sequence[str] = (),
    *,
    env: Mapping[str, str] = os.environ,
    problems: list[Problem] | None = None,
) -> Document:
    """Read a configuration.

    A source is a path or `file:`, `env:`, `yaml:`, `http:`, `https:` and what follows; later ones win. `sets` holds
    `a.b.c=value`, the value as YAML. Raises ConfigError with all problems. Those that leave the rest readable are
    appended to `problems` instead if it is given, so that the caller can tell them together with its own.
    """
    if len(sources) > SOURCES_MAX:
        raise ConfigError([Problem(f"{len(sources)} sources; at most {SOURCES_MAX} are read", _TOP)])
    found: list[Problem] = []
    warnings: dict[str, Problem] = {}
    helm_files: set[str] = set()

    def providers(at: Location) -> Providers:
        return Providers(env, lambda message: warnings.setdefault(message, Problem(message, at)) and None)

    root = Node({}, Location(sources[0], 1, 1) if sources else _TOP)
    broken = False
    for read, given in [*((_source, s) for s in sources), *((_setting, s) for s in sets)]:
        try:
            root = merge(root, read(given, providers, found, warnings, helm_files))
        except ConfigError as error:
            found, broken = error.problems, True
    if not broken:
        root = without_removed(root, helm_files) if helm_files else root
        root = Expander(providers, found).expand(root)
        found += _unfilled(root)
    if found and (broken or problems is None):
        raise ConfigError(found)
    if problems is not None:
        problems += found
    return Document(root, list(warnings.values()))


def _source(
    source: str,
    providers: Callable[[Location], Providers],
    problems: list[Problem],
    warnings: dict[str, Problem],
    helm_files: set[str],
) -> Node:
    reference = Reference.parse(source, "file")
    name = _name(reference)
    try:
        data = providers(Location(name)).retrieve(reference, special_files=True)
    except ProviderError as error:
        raise ConfigError([*problems, Problem(error.message, Location(name), error.hint)]) from None
    root = compose(_text(data, name, problems), name, problems)
    if root.value is None:
        return replace(root, value={})
    if not isinstance(root.value, dict):
        raise ConfigError([*problems, Problem("expected keys such as `receivers` and `service` at the top", root.at)])
    if reference.scheme == "yaml":
        root = _nested(root)
    if (values := config_of(root)) is None:
        return root
    inner, ignored = values
    helm_files.add(inner.at.file)
    if ignored:
        warnings.setdefault(ignored.message, ignored)
    return inner


def _name(reference: Reference) -> str:
    """What stands for the file in places; of YAML on the command line only its first key, for it may hold secrets."""
    if reference.scheme == "file":
        return reference.rest
    rest = reference.rest if reference.scheme != "yaml" else re.split(r":\s|\n", reference.rest)[0][:_NAME_MAX]
    return f"{reference.scheme}:{rest}"


def _text(data: bytes, name: str, problems: list[Problem]) -> str:
    try:
        return read_text(data, name)
    except ConfigError as error:
        raise ConfigError([*problems, *error.problems]) from None


def _nested(root: Node) -> Node:
    """`a::b: 1` as `a: {b: 1}`, the short form of the `yaml:` provider."""
    assert isinstance(root.value, dict)
    joined = Node({}, root.at)
    for key, node in root.value.items():
        for step in reversed(key.split("::")):
            node = replace(Node({step: replace(node, key_at=node.key_at or root.at)}, root.at))
        joined = merge(joined, node)
    return joined


def _setting(
    setting: str,
    _providers: Callable[[Location], Providers],
    problems: list[Problem],
    _warnings: dict[str, Problem],
    _helm_files: set[str],
) -> Node:
    path, equals, text = setting.partition("=")
    # The value is left out: it may be a secret, and the place is printed.
    at = Location(f"--set {path.strip()}")
    steps = [step.strip() for step in path.split(".")]
    if not equals or not all(steps):
        raise ConfigError([*problems, Problem("not understood", at, "write --set section.key=value")])
    found: list[Problem] = []
    try:
        if len(text) > BYTES_MAX:
            raise ConfigError([Problem(f"larger than {BYTES_MAX >> 20} MiB", at)])
        node = compose(text, at.file, found)
    except ConfigError as error:
        found = error.problems
        node = Node(None, at)
    if found:
        raise ConfigError([*problems, *(replace(p, location=at) for p in found)])
    node = _placed(node, at)
    for step in reversed(steps):
        node = Node({step: node}, at, key_at=at)
    return node


def _placed(node: Node, at: Location) -> Node:
    if isinstance(node.value, dict):
        node = replace(node, value={key: _placed(child, at) for key, child in node.value.items()})
    elif isinstance(node.value, list):
        node = replace(node, value=[_placed(child, at) for child in node.value])
    return replace(node, at=at, key_at=at)


def _unfilled(root: Node) -> list[Problem]:
    return [
        Problem(f"unfilled placeholder `{found}`", node.at, PLACEHOLDER_HINT)
        for node in root.walk()
        if isinstance(node.value, str) and (found := placeholder(node.value))
    ]
