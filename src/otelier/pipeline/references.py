"""The `service` section: every id it names is found, and every pipeline makes sense."""

from collections.abc import Iterator

from ..component import ComponentID, Kind, Problem
from ..config import Document, did_you_mean
from ..telemetry import SIGNALS, Signal
from .declare import Declarations, with_article
from .plan import Declared, PipelinePlan, connections
from .settings import PipelineSettings

_ROLES: dict[str, tuple[Kind, ...]] = {
    "receivers": (Kind.RECEIVER, Kind.CONNECTOR),
    "processors": (Kind.PROCESSOR,),
    "exporters": (Kind.EXPORTER, Kind.CONNECTOR),
}


class References:
    """Resolves ids; appends to `problems` what can't be."""

    def __init__(self, document: Document, declarations: Declarations, problems: list[Problem]) -> None:
        self._document = document
        self._declarations = declarations
        self._problems = problems

    def extensions(self, texts: tuple[str, ...]) -> tuple[Declared, ...]:
        """The extensions to start."""
        return self._resolve(("service", "extensions"), texts, (Kind.EXTENSION,))

    def pipelines(self, settings: dict[str, PipelineSettings]) -> tuple[PipelinePlan, ...]:
        """The pipelines by their text, with what they name; those that make no sense are left out."""
        plans = [plan for text, each in settings.items() if (plan := self._pipeline(text, each))]
        self._check_connectors(plans)
        return tuple(plans)

    def _pipeline(self, text: str, settings: PipelineSettings) -> PipelinePlan | None:
        path = ("service", "pipelines", text)
        try:
            id_ = ComponentID.parse(text)
        except ValueError as error:
            self._report(path, str(error))
            return None
        if id_.type not in SIGNALS:
            self._report(path, *_unknown_signal(id_.type))
            return None
        signal: Signal = id_.type
        found: dict[str, tuple[Declared, ...]] = {}
        for role, kinds in _ROLES.items():
            texts: tuple[str, ...] = getattr(settings, role)
            if not texts and role != "processors":
                self._report(path, f"pipeline `{text}` has no {role}", f"name at least one under `{role}`")
            found[role] = self._resolve((*path, role), texts, kinds, signal)
        return PipelinePlan(id_, signal, found["receivers"], found["processors"], found["exporters"])

    def _resolve(
        self, path: tuple[str, ...], texts: tuple[str, ...], kinds: tuple[Kind, ...], signal: Signal | None = None
    ) -> tuple[Declared, ...]:
        found: list[Declared] = []
        for at, text in enumerate(texts):
            declared = self._reference((*path, at), text, kinds)
            if declared is None:
                continue
            if declared in found:
                self._report((*path, at), f"`{text}` is named twice in `{path[-1]}`", "remove one of them")
            elif signal and not _takes(declared, signal):
                can = _listed(s for s in SIGNALS if s in declared.registration.signals)
                self._report((*path, at), f"{declared} can't be in a {signal} pipeline", f"it takes {can}")
            else:
                found.append(declared)
        return tuple(found)

    def _reference(self, path: tuple[str | int, ...], text: str, kinds: tuple[Kind, ...]) -> Declared | None:
        try:
            id_ = ComponentID.parse(text)
        except ValueError as error:
            self._report(path, str(error))
            return None
        found = [declared for kind in kinds if (declared := self._declarations.get(kind, id_))]
        if len(found) > 1:
            sections = _listed(f"`{declared.kind.section}`" for declared in found)
            self._report(path, f"`{text}` is defined under {sections}; it is not clear which is meant", "rename one")
            return None
        if found:
            return found[0]
        if not any(self._declarations.is_broken(kind, id_) for kind in kinds):
            self._report(path, *self._undefined(text, id_, kinds))
        return None

    def _undefined(self, text: str, id_: ComponentID, kinds: tuple[Kind, ...]) -> tuple[str, str]:
        for other in Kind:
            if self._declarations.get(other, id_):
                return (
                    f"`{text}` is {with_article(other)}, not {with_article(kinds[0])}",
                    f"name it under `{other.section}`",
                )
        hint = did_you_mean(text, self._declarations.ids(kinds))
        if not hint.startswith("did you mean"):
            hint = f"define it under `{kinds[0].section}`"
        return f"{kinds[0]} `{text}` is not defined", hint

    def _check_connectors(self, plans: list[PipelinePlan]) -> None:
        linked: list[tuple[PipelinePlan, PipelinePlan, Declared]] = []
        for connector in (d for d in self._declarations if d.kind is Kind.CONNECTOR):
            ended = [plan for plan in plans if connector in plan.exporters]
            begun = [plan for plan in plans if connector in plan.receivers]
            pairs = list(connections(connector, plans))
            linked += [(end, begin, connector) for end, begin in pairs]
            for plan in ended:
                if not any(end is plan for end, _ in pairs):
                    self._report_half(connector, plan, "exporters", begun)
            for plan in begun:
                if not any(begin is plan for _, begin in pairs):
                    self._report_half(connector, plan, "receivers", ended)
        for cycle in _cycles(plans, linked):
            path = ("service", "pipelines", str(cycle[0].id))
            self._report(path, "pipelines form a cycle: " + _drawn(cycle, linked), "a batch would never leave it")

    def _report_half(self, connector: Declared, plan: PipelinePlan, role: str, others: list[PipelinePlan]) -> None:
        path = ("service", "pipelines", str(plan.id), role)
        if not others:
            used, other = ("an exporter", "receivers") if role == "exporters" else ("a receiver", "exporters")
            hint = f"name it under `{other}` of another pipeline, too"
            self._report(path, f"{connector} is used as {used} only", hint)
            return
        signals = connector.registration.pairs
        can = _listed(f"{a} to {b}" for a in SIGNALS for b in SIGNALS if (a, b) in signals)
        names = _listed(f"`{each.id}`" for each in others)
        self._report(path, f"{connector} can't connect pipeline `{plan.id}` with {names}", f"it connects {can}")

    def _report(self, path: tuple[str | int, ...], message: str, hint: str = "") -> None:
        self._problems.append(self._document.problem(path, message, hint))


def _takes(declared: Declared, signal: Signal) -> bool:
    return declared.kind is Kind.CONNECTOR or signal in declared.registration.signals


def _unknown_signal(type_: str) -> tuple[str, str]:
    if type_ == "profiles":
        return "profiles are not supported yet", "remove this pipeline"
    return f"`{type_}` is not a signal", "a pipeline is called traces, metrics or logs, or such and a /name"


def _cycles(
    plans: list[PipelinePlan], linked: list[tuple[PipelinePlan, PipelinePlan, Declared]]
) -> Iterator[list[PipelinePlan]]:
    """Each cycle once, from its first pipeline, as far as a depth-first walk meets them."""
    done: set[PipelinePlan] = set()
    way: list[PipelinePlan] = []

    def walk(plan: PipelinePlan) -> Iterator[list[PipelinePlan]]:
        if plan in way:
            yield way[way.index(plan) :]
            return
        if plan in done:
            return
        way.append(plan)
        for end, begin, _ in linked:
            if end is plan:
                yield from walk(begin)
        way.pop()
        done.add(plan)

    for plan in plans:
        yield from walk(plan)


def _drawn(cycle: list[PipelinePlan], linked: list[tuple[PipelinePlan, PipelinePlan, Declared]]) -> str:
    """`traces → forward → traces/2 → forward/back → traces`."""
    words = [str(cycle[0].id)]
    for end, begin in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
        connector = next(c for a, b, c in linked if a is end and b is begin)
        words += [str(connector.id), str(begin.id)]
    return " → ".join(words)


def _listed(words: Iterator[str]) -> str:
    *first, last = [*words] or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last
