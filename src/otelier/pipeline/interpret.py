"""A document becomes a plan, or all of its problems at once."""

from collections.abc import Iterator
from typing import Any, TypeVar, cast

from msgspec.structs import replace

from ..component import Component, Config, ConfigError, Extension, Problem
from ..component.registry import load_components
from ..config import Document, Path, decode, did_you_mean, remarks_of
from .declare import SECTIONS, Declarations
from .order import order_remarks
from .plan import Declared, PipelinePlan, Plan
from .references import References
from .settings import PipelineSettings, ServiceSettings

_TOP_LEVEL = (*SECTIONS, "service")
_C = TypeVar("_C", bound=Config)


def interpret(document: Document, problems: list[Problem] | None = None) -> Plan:
    """Check everything and resolve every name.

    Raises ConfigError with all problems: those found before, given by `problems`, and those found here.
    """
    load_components()
    return _Interpreter(document, list(problems or ())).plan()


class _Interpreter:
    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self._document = document
        self._problems = problems

    def plan(self) -> Plan:
        self._check_top_level()
        declarations = Declarations(self._document, self._problems)
        # Pipelines are read one by one, so that a problem in one of them hides none in the others.
        service = dict(self._mapping(("service",)))
        service["pipelines"] = {}
        settings = self._decoded(ServiceSettings, service, ("service",)) or ServiceSettings()
        settings = replace(settings, pipelines=self._pipeline_settings())
        references = References(self._document, declarations, self._problems)
        extensions = references.extensions(settings.extensions)
        if not any(_works_alone(each.registration.component) for each in extensions):
            self._check_there_is_a_pipeline()
        pipelines = references.pipelines(settings.pipelines)
        if self._problems:
            raise ConfigError(self._problems)
        self._warn_without_effect(settings)
        remarks = tuple(sorted(self._remarks(extensions, pipelines), key=lambda remark: remark.location))
        return Plan(settings, tuple(declarations), extensions, pipelines, tuple(self._document.warnings), remarks)

    def _check_top_level(self) -> None:
        for key in self._document.tree:
            if key not in _TOP_LEVEL:
                self._report((key,), f"unknown key `{key}`", did_you_mean(key, _TOP_LEVEL))

    def _pipeline_settings(self) -> dict[str, PipelineSettings]:
        path = ("service", "pipelines")
        found: dict[str, PipelineSettings] = {}
        for text, body in self._mapping(path).items():
            if settings := self._decoded(PipelineSettings, body, (*path, text)):
                found[text] = settings
        return found

    def _check_there_is_a_pipeline(self) -> None:
        path = ("service", "pipelines")
        if not self._document.tree.get("service"):
            self._report(path, "nothing is to be run: `service` is missing or empty", "it needs `pipelines`")
        elif not self._mapping(path):
            self._report(path, "no pipeline is defined", "a service needs at least one")

    def _mapping(self, path: tuple[str, ...]) -> dict[str, Any]:
        """What stands at `path`, as far as it is a mapping."""
        mapping = self._document.tree
        for step in path:
            value: Any = mapping.get(step) or {}
            if not isinstance(value, dict):
                self._report(path, f"`{step}` must be a mapping")
                return {}
            mapping = cast("dict[str, Any]", value)
        return mapping

    def _decoded(self, kind: type[_C], value: Any, path: Path) -> _C | None:
        try:
            return decode(kind, value, path, self._document)
        except ConfigError as error:
            self._problems += error.problems
            return None

    def _report(self, path: Path, message: str, hint: str = "") -> None:
        problem = self._document.problem(path, message, hint, key=True)
        if problem not in self._problems:
            self._problems.append(problem)

    def _remarks(self, extensions: tuple[Declared, ...], pipelines: tuple[PipelinePlan, ...]) -> Iterator[Problem]:
        """About what is in use."""
        named = (each for p in pipelines for each in (*p.receivers, *p.processors, *p.exporters))
        for declared in dict.fromkeys((*extensions, *named)):
            yield from remarks_of(declared.config, (declared.kind.section, str(declared.id)), self._document)
        for path, what, advice in order_remarks(pipelines):
            yield self._document.problem(path, what, advice)

    def _warn_without_effect(self, settings: ServiceSettings) -> None:
        """Keys that a Collector's file may have and that change nothing here yet."""
        path = ("service", "telemetry")
        if settings.telemetry.traces:
            self._document.warn((*path, "traces"), "Otelier does not trace itself yet: this has no effect")
        if settings.telemetry.logs.processors:
            where = (*path, "logs", "processors")
            self._document.warn(where, "Otelier's log is not exported yet: this has no effect")
        for at, reader in enumerate(settings.telemetry.metrics.readers or ()):
            if reader.periodic is not None:
                where = (*path, "metrics", "readers", at)
                self._document.warn(where, "Otelier does not send its own metrics yet: this reader has no effect")


def _works_alone(component: type[Component]) -> bool:
    return issubclass(component, Extension) and component.works_alone
