"""Relabelling: rules that keep, drop and rewrite label sets, of targets and of series.

All eleven actions, as Prometheus 3 applies them: regular expressions are RE2 and fit whole values, `$1` and `${name}`
are filled in, `hashmod` is MD5. Labels are dicts here; one with an empty value is one that is not there.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Literal, TypeAlias

from ..component import Config
from ..wire.prometheus.pattern import BadPattern, Pattern

LabelSet: TypeAlias = dict[str, str]
Step: TypeAlias = Callable[[LabelSet], bool]
"""Changes the labels; False drops them."""
NameScheme: TypeAlias = Literal["utf8", "legacy"]

_EVERYTHING = "(.*)"
_WHOLE = "$1"
_LEGACY_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z", re.ASCII)
_VARIABLE = re.compile(r"\$(?:\{\w+\}|\w+)", re.ASCII)
_NEEDS_TARGET = ("replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal")
_ONLY_REGEX = ("labeldrop", "labelkeep")
_ONLY_SOURCES = ("keepequal", "dropequal")


class RelabelRule(Config):
    """`relabel_configs[]`, `metric_relabel_configs[]`: one step."""

    source_labels: tuple[str, ...] = ()
    """Labels whose values are joined to the text that the rule looks at."""
    separator: str = ";"
    """Stands between these values."""
    regex: str = _EVERYTHING
    """RE2; fits the whole text. For labelmap, labeldrop and labelkeep the text is each label's name."""
    modulus: int = 0
    """Of hashmod: into how many parts."""
    target_label: str = ""
    """The label that is set, or compared by keepequal and dropequal; may hold `$1` for replace."""
    replacement: str = _WHOLE
    """What it is set to, with `$1` or `${name}` from the regex."""
    action: Literal[
        "replace", "keep", "drop", "keepequal", "dropequal", "hashmod", "labelmap", "labeldrop", "labelkeep",
        "lowercase", "uppercase",
    ] = "replace"  # fmt: skip
    """What to do."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What an action needs, and what it can't have."""
        try:
            Pattern(self.regex)
        except BadPattern as error:
            yield "regex", f"not a regular expression of RE2: {error}"
        if self.modulus < 0:
            yield "modulus", "must not be negative"
        if self.action == "hashmod" and not self.modulus:
            yield "modulus", "hashmod needs it: into how many parts"
        if self.action in _NEEDS_TARGET and not self.target_label:
            yield "target_label", f"{self.action} needs it"
        if self.action in (*_ONLY_SOURCES, "lowercase", "uppercase") and self.replacement != _WHOLE:
            yield "replacement", f"has no meaning for {self.action}: remove it"
        if self.action in _ONLY_SOURCES:
            yield from self._only(("source_labels", "target_label"))
        if self.action in _ONLY_REGEX:
            yield from self._only(("regex",))

    def _only(self, allowed: tuple[str, ...]) -> Iterable[tuple[str, str]]:
        defaults = RelabelRule()
        for key in ("source_labels", "separator", "regex", "modulus", "target_label", "replacement"):
            if key not in allowed and key != "replacement" and getattr(self, key) != getattr(defaults, key):
                yield key, f"has no meaning for {self.action}: remove it"


class Relabelling:
    """Rules, compiled."""

    def __init__(self, rules: Iterable[RelabelRule], names: NameScheme = "utf8") -> None:
        """`names`: which label names `replace` may make; a rule that would make another is skipped."""
        self._steps = [(rule, _compiled(rule, names)) for rule in rules]

    def __bool__(self) -> bool:
        return bool(self._steps)

    def __call__(self, labels: LabelSet) -> bool:
        """Change the labels in place; False if they are to be dropped."""
        return all(step(labels) for _, step in self._steps)

    def explained(self, labels: LabelSet) -> list[tuple[RelabelRule, bool, LabelSet]]:
        """Each rule, whether the labels are kept until then, and what they are: nothing once they are dropped."""
        found: list[tuple[RelabelRule, bool, LabelSet]] = []
        kept = True
        for rule, step in self._steps:
            kept = kept and step(labels)
            found.append((rule, kept, dict(labels) if kept else {}))
        return found


def valid_name(name: str, names: NameScheme) -> bool:
    """Whether a label may be called so."""
    return bool(_LEGACY_NAME.match(name)) if names == "legacy" else bool(name)


def _set(labels: LabelSet, name: str, value: str) -> None:
    if value:
        labels[name] = value
    else:
        labels.pop(name, None)


def _compiled(rule: RelabelRule, names: NameScheme) -> Step:
    match rule.action:
        case "replace":
            return _replace(rule, names)
        case "keep" | "drop" | "keepequal" | "dropequal":
            return _filter(rule)
        case "labelmap" | "labeldrop" | "labelkeep":
            return _by_name(rule)
        case _:
            return _value(rule)


def _joined(rule: RelabelRule) -> Callable[[LabelSet], str]:
    sources, separator = rule.source_labels, rule.separator
    if len(sources) == 1:
        only = sources[0]
        return lambda labels: labels.get(only, "")
    return lambda labels: separator.join([labels.get(name, "") for name in sources])


def _fits(regex: str) -> Callable[[str], bool]:
    return (lambda _: True) if regex == _EVERYTHING else Pattern(regex).fits


def _filter(rule: RelabelRule) -> Step:
    text, fits, target = _joined(rule), _fits(rule.regex), rule.target_label
    match rule.action:
        case "keep":
            return lambda labels: fits(text(labels))
        case "drop":
            return lambda labels: not fits(text(labels))
        case "keepequal":
            return lambda labels: labels.get(target, "") == text(labels)
        case _:
            return lambda labels: labels.get(target, "") != text(labels)


def _replace(rule: RelabelRule, names: NameScheme) -> Step:
    text, pattern = _joined(rule), Pattern(rule.regex)
    target_varies = bool(_VARIABLE.search(rule.target_label))
    everything = rule.regex == _EVERYTHING

    if everything and not target_varies and ("$" not in rule.replacement or rule.replacement == _WHOLE):
        copies = rule.replacement == _WHOLE
        allowed = valid_name(rule.target_label, names)

        def put(labels: LabelSet) -> bool:
            if allowed:
                _set(labels, rule.target_label, text(labels) if copies else rule.replacement)
            return True

        return put

    def step(labels: LabelSet) -> bool:
        value = text(labels)
        made = pattern.expanded(value, rule.replacement)
        if made is None:
            return True
        target = pattern.expanded(value, rule.target_label) if target_varies else rule.target_label
        if target and valid_name(target, names):
            _set(labels, target, made)
        return True

    return step


def _value(rule: RelabelRule) -> Step:
    text, target = _joined(rule), rule.target_label
    make = {"lowercase": _lower, "uppercase": _upper}.get(rule.action) or partial(_hashed, rule.modulus)

    def step(labels: LabelSet) -> bool:
        _set(labels, target, make(text(labels)))
        return True

    return step


def _lower(value: str) -> str:
    return value.lower()


def _upper(value: str) -> str:
    return value.upper()


def _hashed(modulus: int, value: str) -> str:
    # The last eight bytes, as Prometheus has always done.
    digest = hashlib.md5(value.encode(errors="surrogateescape"), usedforsecurity=False).digest()
    return str(int.from_bytes(digest[8:], "big") % modulus)


def _by_name(rule: RelabelRule) -> Step:
    pattern, replacement = Pattern(rule.regex), rule.replacement

    def map_names(labels: LabelSet) -> bool:
        for name, value in list(labels.items()):
            if target := pattern.expanded(name, replacement):
                _set(labels, target, value)
        return True

    def drop(labels: LabelSet) -> bool:
        for name in [name for name in labels if pattern.fits(name)]:
            del labels[name]
        return True

    def keep(labels: LabelSet) -> bool:
        for name in [name for name in labels if not pattern.fits(name)]:
            del labels[name]
        return True

    return {"labelmap": map_names, "labeldrop": drop, "labelkeep": keep}[rule.action]
