"""Groups of OTTL as native programs: what they can run they run on encoded telemetry, without decoding it.

A group is native as a whole or not at all. Whether native code and the interpreter agree is the tests' business, not
the user's: nobody has to choose.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from .._core import EvaluationError
from ..telemetry import Batch, Signal
from . import forms
from .ast import Expression, ListOf, Statement
from .functions.patterns import glob
from .group import ErrorMode, Group
from .interpret import Report, StatementError
from .translate import LEVELS, NotNativeError, Translator, may_be_time, may_fail
from .values import OttlError

_TEXTS = {"name", "version", "description", "unit", "status.message", "severity_text", "event_name", "trace_state"}
_NUMBERS = {"kind", "status.code", "severity_number"}
_Source: TypeAlias = tuple[str, ErrorMode]
"""Text and error mode of what a step was made from."""


def stages(signal: Signal) -> "Callable[[Group], NativeStage | str]":
    """For `Program`: a native stage for a group of this signal, or why there is none."""

    def native(group: Group) -> NativeStage | str:
        try:
            return NativeStage(signal, *_Translated(group).steps())
        except (OttlError, ValueError) as error:
            return str(error)

    return native


def masks(signal: Signal) -> "Callable[[Group], NativeMask | str]":
    """For `Conditions`: a native mask for a group of this signal, or why there is none."""

    def native(group: Group) -> NativeMask | str:
        try:
            if group.context.name == "spanevent":
                raise NotNativeError("it is about events, the answer about spans")
            return NativeMask(signal, group)
        except (OttlError, ValueError) as error:
            return str(error)

    return native


class NativeStage:
    """Groups as one native edit. Safe for threads."""

    def __init__(self, signal: Signal, steps: Sequence[forms.Step], sources: Sequence[_Source]) -> None:
        self._signal: Signal = signal
        self._steps = tuple(steps)
        self._sources = tuple(sources)
        self._edit = forms.edit(signal, steps)

    def join(self, later: "NativeStage") -> "NativeStage":
        """Both, in one walk over the telemetry where that is the same."""
        return NativeStage(self._signal, self._steps + later._steps, self._sources + later._sources)

    def behind(self, steps: Sequence[forms.Step]) -> "NativeStage":
        """The same after these steps, which can't fail."""
        theirs: Sequence[_Source] = [("", "propagate") for _ in steps]
        return NativeStage(self._signal, (*steps, *self._steps), (*theirs, *self._sources))

    def run(self, batch: Batch, report: Report) -> Batch:
        """The edited batch. Raises StatementError."""
        try:
            edited, errors = self._edit.apply(batch)
        except EvaluationError as error:
            raise _failed(error, self._sources) from error
        _report(errors, self._sources, report)
        return edited


class NativeMask:
    """A group of conditions as one native condition. Safe for threads."""

    def __init__(self, signal: Signal, group: Group) -> None:
        translator = Translator(group.context)
        conditions = [translator.condition(node) for node in group.conditions]
        self._condition = forms.condition(signal, conditions, on_error=_on_error(group.error_mode))
        self._sources: Sequence[_Source] = [(text, group.error_mode) for text in group.condition_texts]

    def matches(self, batch: Batch, report: Report) -> bytes:
        """One byte per item, 1 where a condition holds. Raises StatementError."""
        try:
            mask, errors = self._condition.mask(batch)
        except EvaluationError as error:
            raise _failed(error, self._sources) from error
        _report(errors, self._sources, report)
        return mask


def _failed(error: EvaluationError, sources: Sequence[_Source]) -> StatementError:
    place, why = error.args
    return StatementError(f"`{sources[place][0]}`: {why}")


def _report(errors: Sequence[tuple[int, int, str]], sources: Sequence[_Source], report: Report) -> None:
    for place, count, why in errors:
        text, mode = sources[place]
        for _ in range(count):
            report(text, OttlError(why), mode)


def _on_error(mode: ErrorMode) -> forms.OnError:
    return "raise" if mode == "propagate" else "ignore"


class _Translated:
    """A group as steps. Raises NotNativeError."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._level: forms.Level = LEVELS[group.context.name]
        self._translator = Translator(group.context)

    def steps(self) -> tuple[list[forms.Step], list[_Source]]:
        mode = self._group.error_mode
        texts = self._group.statement_texts
        steps = [self._told(node, text) for node, text in zip(self._group.statements, texts, strict=True)]
        sources: list[_Source] = [(text, mode) for text in texts]
        if not self._group.conditions:
            return steps, sources
        conditions = [self._translator.condition(node) for node in self._group.conditions]
        if len(conditions) > 1 and any(map(may_fail, conditions)):
            raise NotNativeError("one of several conditions may fail")
        when = conditions[0] if len(conditions) == 1 else forms.any_of(conditions)
        guarded = forms.guarded(self._level, when, steps, on_error=_on_error(mode))
        return guarded, [(self._group.condition_texts[0], mode), *sources]

    def _told(self, node: Statement, text: str) -> forms.Step:
        """The step; or which statement it is that all others of the group have to thank for the interpreter."""
        try:
            return self._step(node)
        except NotNativeError as error:
            if len(self._group.statement_texts) == 1:
                raise
            raise NotNativeError(f"its group has `{text}`, and {error}") from None

    def _step(self, node: Statement) -> forms.Step:
        when = None if node.where is None else self._translator.condition(node.where)
        edit = _EDITORS.get(node.editor.name)
        if edit is None:
            raise NotNativeError(f"{node.editor.name} is not native")
        actions = edit(self, self._translator.arguments(node.editor))
        return forms.step(self._level, actions, when=when, on_error=_on_error(self._group.error_mode))

    # -- targets and arguments ----------------------------------------------------------------

    def _own(self, node: Expression) -> tuple[str, list[forms.Key]]:
        level, last, name = self._translator.place(node)
        if level != self._level:
            raise NotNativeError(f"`{node}` belongs to what holds the {self._group.context.name}")
        return name, self._translator.steps(last)

    def _map(self, node: Expression) -> None:
        if self._own(node) != ("attributes", []):
            raise NotNativeError(f"`{node}` is not the {self._group.context.name}'s attributes")

    def _attribute(self, node: Expression) -> str:
        name, steps = self._own(node)
        if name != "attributes" or len(steps) != 1 or not isinstance(steps[0], str):
            raise NotNativeError(f"`{node}` is no attribute")
        return steps[0]

    def _count(self, node: Expression) -> int:
        found = self._translator.constant(node)
        if type(found) is not int or found < 0:
            raise NotNativeError(f"`{node}` is no constant number")
        return found

    def _texts(self, node: Expression) -> list[str]:
        if not isinstance(node, ListOf):
            raise NotNativeError(f"`{node}` is no constant list")
        return [self._translator.text(item) for item in node.items]

    # -- editors ------------------------------------------------------------------------------

    def set(self, given: Mapping[str, Expression]) -> list[forms.Action]:
        name, steps = self._own(given["target"])
        value = self._translator.value(given["value"])
        if may_be_time(value):
            raise NotNativeError("a time can't be put anywhere by native code")
        if name == "attributes":
            return [forms.set_attribute(self._attribute(given["target"]), value)]
        if steps:
            raise NotNativeError(f"`{given['target']}` has keys")
        if name in _TEXTS or name == "body":
            return [forms.set_field(name, value)]
        if name in _NUMBERS:
            number = self._translator.constant(given["value"])
            if type(number) is int and -(2**31) <= number < 2**31:
                return [forms.set_field(name, value)]
        raise NotNativeError(f"`{given['target']}` can't be set to this by native code")

    def delete_key(self, given: Mapping[str, Expression]) -> list[forms.Action]:
        self._map(given["target"])
        return [forms.delete(self._translator.text(given["key"]))]

    def delete_keys(self, given: Mapping[str, Expression]) -> list[forms.Action]:
        self._map(given["target"])
        return [forms.delete(key) for key in self._texts(given["keys"])]

    def delete_matching_keys(self, given: Mapping[str, Expression]) -> list[forms.Action]:
        self._map(given["target"])
        return [forms.delete_matching(self._translator.text(given["pattern"]))]

    def keep_keys(self, given: Mapping[str, Expression]) -> list[forms.Action]:
        self._map(given["target"])
        return [forms.keep_keys(self._texts(given["keys"]))]

    def keep_matching_keys(self, given: Mapping[str, Expression]) -> list[forms.Action]:
        self._map(given["target"])
        return [forms.keep_matching(self._translator.text(given["pattern"]))]

    def limit(self, given: Mapping[str, Expression]) -> list[forms.Action]:
        self._map(given["target"])
        count, priority = self._count(given["limit"]), self._texts(given["priority_keys"])
        if count < len(priority):
            raise NotNativeError("more keys have priority than may be kept")
        return [forms.limit(count, priority)]

    def truncate_all(self, given: Mapping[str, Expression]) -> list[forms.Action]:
        self._map(given["target"])
        if "truncation_marker" in given:
            raise NotNativeError("a truncation_marker")
        if "utf8_safe" in given and self._translator.constant(given["utf8_safe"]) is not True:
            raise NotNativeError("cuts that are not utf8_safe")
        return [forms.truncate_all(self._count(given["limit"]), utf8_safe=True)]

    def replace_pattern(self, given: Mapping[str, Expression]) -> list[forms.Action]:
        pattern, template = self._replacement(given, "regex")
        return [self._replaced(given["target"], pattern, template)]

    def replace_all_patterns(self, given: Mapping[str, Expression]) -> list[forms.Action]:
        self._map(given["target"])
        if self._translator.text(given["mode"]) != "value":
            raise NotNativeError("keys replaced")
        pattern, template = self._replacement(given, "regex")
        return [forms.replace_all(pattern, template)]

    def replace_match(self, given: Mapping[str, Expression]) -> list[forms.Action]:
        pattern, text = self._replacement(given, "pattern")
        return [self._replaced(given["target"], glob(pattern).text, text.replace("$", "$$"))]

    def replace_all_matches(self, given: Mapping[str, Expression]) -> list[forms.Action]:
        self._map(given["target"])
        pattern, text = self._replacement(given, "pattern")
        return [forms.replace_all(glob(pattern).text, text.replace("$", "$$"))]

    def _replaced(self, target: Expression, pattern: str, template: str) -> forms.Action:
        name, steps = self._own(target)
        if steps or name not in _TEXTS:
            return forms.replace(self._attribute(target), pattern, template)
        value = forms.call("Replace", self._translator.value(target), forms.constant(pattern), forms.constant(template))
        return forms.set_field(name, value)

    def _replacement(self, given: Mapping[str, Expression], pattern: str) -> tuple[str, str]:
        if "function" in given or "replacementFormat" in given:
            raise NotNativeError("a function of the replacement")
        return self._translator.text(given[pattern]), self._translator.text(given["replacement"])


_EDITORS: Mapping[str, Callable[[_Translated, Mapping[str, Expression]], list[forms.Action]]] = {
    "set": _Translated.set,
    "delete_key": _Translated.delete_key,
    "delete_keys": _Translated.delete_keys,
    "delete_matching_keys": _Translated.delete_matching_keys,
    "keep_keys": _Translated.keep_keys,
    "keep_matching_keys": _Translated.keep_matching_keys,
    "limit": _Translated.limit,
    "truncate_all": _Translated.truncate_all,
    "replace_pattern": _Translated.replace_pattern,
    "replace_all_patterns": _Translated.replace_all_patterns,
    "replace_match": _Translated.replace_match,
    "replace_all_matches": _Translated.replace_all_matches,
}
