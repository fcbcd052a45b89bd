"""Rule files: YAML in Prometheus's form to `RuleGroup`s, every problem of every file with its place."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from ..component.config import Config
from ..component.errors import ConfigError, Location, Problem
from ..component.prometheus_values import PrometheusDuration
from ..config.compose import compose, read_text
from ..config.decode import decode
from ..config.document import Document
from ..config.nodes import Path as Keys
from ..config.placeholders import HINT as PLACEHOLDER_HINT
from ..query.promql.labels import Labels, label_set_text
from .definitions import AlertingRule, Defaults, RecordingRule, Rule, RuleGroup, Source, identity
from .expressions import expression_problem
from .templates import TemplateError, check_template

_DEFAULTS = Defaults()
_BRACES_HINT = "put the whole value into quotes: YAML reads a bare `{{` as a mapping"


class RuleConfig(Config):
    """One rule: `record` or `alert`, and what goes with it."""

    record: str = ""
    """Name of the metric that the answer is kept as."""
    alert: str = ""
    """Name of the alert that each series of the answer is."""
    expr: str
    """What is asked, in PromQL; in TraceQL or LogQL if the group's `source` says so."""
    for_: PrometheusDuration = msgspec.field(default=PrometheusDuration(0), name="for")
    """How long it must be wrong before the alert fires."""
    keep_firing_for: PrometheusDuration = PrometheusDuration(0)
    """How long the alert goes on after it is not wrong any more."""
    labels: dict[str, str] = {}
    """Labels that are added or replaced; of an alert they are templates."""
    annotations: dict[str, str] = {}
    """Texts that go with the alert, templates."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What belongs to one kind of rule only."""
        if bool(self.record) == bool(self.alert):
            yield "", f"a rule has either `record` or `alert`, this has {'both' if self.record else 'neither'}"
        if not self.expr.strip():
            yield "expr", "`expr` is empty; write what is asked"
        if self.record:
            if self.annotations:
                yield "annotations", "a recording rule has no annotations"
            if self.for_:
                yield "for", "a recording rule has no `for`"
            if self.keep_firing_for:
                yield "keep_firing_for", "a recording rule has no `keep_firing_for`"
            if "{" in self.record or "}" in self.record:
                yield "record", f"`{self.record}` has braces in it; matchers belong into `expr`, labels into `labels`"
        yield from _label_problems(self.labels)
        for name in self.annotations:
            if not name:
                yield "annotations", "an annotation needs a name"


class GroupConfig(Config):
    """Rules that are evaluated one after the other."""

    name: str
    """Unique in its file."""
    interval: PrometheusDuration = PrometheusDuration(0)
    """How often; without: the global `evaluation_interval`."""
    query_offset: PrometheusDuration | None = None
    """How much earlier than now the moment is of which is asked; without: the global `rule_query_offset`."""
    limit: Annotated[int, Meta(ge=0)] = 0
    """Most series or alerts of one rule, more are an error of the rule; 0: any number."""
    labels: dict[str, str] = {}
    """Labels of all rules; a rule's own win."""
    source: Source = "promql"
    """What the expressions ask: metrics in `promql`, traces in `traceql`, logs in `logql`. An extension of Otelier's."""
    window: PrometheusDuration = PrometheusDuration(0)
    """How much time before the evaluation TraceQL looks at; without: the interval. An extension of Otelier's."""
    rules: list[RuleConfig] = []

    def problems(self) -> Iterable[tuple[str, str]]:
        """Names of the group and its labels."""
        if not self.name:
            yield "name", "a group needs a name"
        if self.window and self.source != "traceql":
            yield "window", f"in {self.source} the time to look at is said in `expr`; `window` is for `source: traceql`"
        yield from _label_problems(self.labels)


class RuleFileConfig(Config):
    """The whole file."""

    groups: list[GroupConfig] = []


def expand(patterns: Iterable[str], directory: Path) -> list[Path]:
    """The files that patterns such as `rules/*.yml` name, sorted; relative ones are below the directory."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        path = Path(pattern).expanduser()
        root, rest = (Path(path.anchor), str(path.relative_to(path.anchor))) if path.anchor else (directory, str(path))
        if not any(each in pattern for each in "*?["):
            found[root / rest] = None
            continue
        for each in sorted(root.glob(rest)):
            found[each] = None
    return list(found)


def read_files(paths: Iterable[Path], defaults: Defaults = _DEFAULTS) -> list[RuleGroup]:
    """The groups of all files. Raises ConfigError with the problems of all of them."""
    groups: list[RuleGroup] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            groups += read_rules(_bytes(path), str(path), defaults)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return groups


def read_rules(data: bytes, file: str, defaults: Defaults = _DEFAULTS) -> list[RuleGroup]:
    """The groups of one file. Raises ConfigError with all problems."""
    problems: list[Problem] = []
    try:
        root = compose(read_text(data, file), file, problems)
    except ConfigError as error:
        raise ConfigError(map(_about_braces, error.problems)) from None
    if problems:
        raise ConfigError(map(_about_braces, problems))
    document = Document(root, [])
    config = decode(RuleFileConfig, root.plain(), (), document)
    names: dict[str, Location] = {}
    groups: list[RuleGroup] = []
    for number, group in enumerate(config.groups):
        path: Keys = ("groups", number)
        problems += _group_problems(group, path, document)
        at = document.where((*path, "name"))
        if group.name in names:
            problems.append(
                Problem(f"a second group `{group.name}`", at, f"the first is at line {names[group.name].line}")
            )
        names[group.name] = at
        groups.append(_group(group, path, document, file, defaults))
    if problems:
        raise ConfigError(problems)
    return groups


def duplicates(groups: Iterable[RuleGroup]) -> list[str]:
    """Rules that are there twice, with equal names and labels, each with its places."""
    places: dict[tuple[str, Labels], list[Location]] = {}
    for group in groups:
        for rule in group.rules:
            places.setdefault(identity(rule), []).append(rule.at)
    return [
        f"{name}{label_set_text(labels)} at {', '.join(map(str, at))}"
        for (name, labels), at in places.items()
        if len(at) > 1
    ]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError([Problem(f"can't read it: {error.strerror}", Location(str(path)))]) from None


def _group(group: GroupConfig, path: Keys, document: Document, file: str, defaults: Defaults) -> RuleGroup:
    rules = tuple(
        _rule(each, group.labels, document.where((*path, "rules", number))) for number, each in enumerate(group.rules)
    )
    offset = defaults.query_offset_ms if group.query_offset is None else _ms(group.query_offset)
    return RuleGroup(
        name=group.name,
        file=file,
        rules=rules,
        interval_ms=_ms(group.interval) or defaults.interval_ms,
        query_offset_ms=offset,
        limit=group.limit,
        labels=_pairs(group.labels),
        source=group.source,
        window_ms=_ms(group.window),
        at=document.where(path),
    )


def _rule(rule: RuleConfig, of_group: Mapping[str, str], at: Location) -> Rule:
    labels = _pairs({**of_group, **rule.labels})
    if rule.record:
        return RecordingRule(rule.record, rule.expr, labels, at)
    return AlertingRule(
        name=rule.alert,
        expr=rule.expr,
        hold_ms=_ms(rule.for_),
        keep_firing_ms=_ms(rule.keep_firing_for),
        labels=labels,
        annotations=_pairs(rule.annotations),
        at=at,
    )


def _group_problems(group: GroupConfig, path: Keys, document: Document) -> Iterable[Problem]:
    for number, rule in enumerate(group.rules):
        here: Keys = (*path, "rules", number)
        if wrong := expression_problem(group.source, rule.expr):
            yield document.problem((*here, "expr"), f"could not parse expression: {wrong}")
        if not rule.alert:
            continue
        for kind, texts in (("labels", {**group.labels, **rule.labels}), ("annotations", rule.annotations)):
            for name, text in texts.items():
                try:
                    check_template(text)
                except TemplateError as error:
                    yield document.problem((*here, kind, name), f"template of {kind[:-1]} `{name}`: {error}")


def _label_problems(labels: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for name in labels:
        if not name or name == "__name__":
            yield "labels", f"`{name}` can't be the name of a label here"


def _pairs(labels: Mapping[str, str]) -> Labels:
    return tuple(sorted(labels.items()))


def _ms(duration: PrometheusDuration) -> int:
    return round(duration * 1000)


def _about_braces(problem: Problem) -> Problem:
    """A template outside of quotes is no forgotten placeholder here."""
    if problem.hint != PLACEHOLDER_HINT:
        return problem
    return Problem(
        problem.message.replace("unfilled placeholder", "template outside of quotes"), problem.location, _BRACES_HINT
    )
