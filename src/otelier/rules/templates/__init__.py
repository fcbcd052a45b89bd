"""Templates of labels and annotations: Go's language with Prometheus's functions, in an implementation of our own.

`check_template` says whether a text is one; `Expander` fills them in for alerts.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from ...query.promql.histograms import Histogram
from ...query.promql.labels import Labels
from ...query.templates.ast import Template
from ...query.templates.builtins import BUILTINS
from ...query.templates.errors import CallError, TemplateError
from ...query.templates.execute import Execution
from ...query.templates.parse import parse
from ...query.templates.values import Data, Samples, StringMap, Value, samples
from .prometheus import functions

__all__ = ["CallError", "Expander", "Query", "TemplateError", "check_template"]

_DEFINITIONS = (
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}"
)
Query = Callable[[str], Iterable[tuple[Labels, float]]]
"""Asks for a vector at the moment of the evaluation. Raises OtelierError."""


def _nothing(_: str) -> Samples:
    return Samples()


def _no_template(_name: str, _data: Value) -> str:
    return ""


_NAMES = frozenset({*BUILTINS, *functions(_nothing, "", 0.0, _no_template)})


def check_template(text: str) -> None:
    """Raises TemplateError if it can't be read."""
    try:
        _parsed("__template", text)
    except TemplateError as error:
        raise TemplateError(str(error).removeprefix("template: __template:")) from None


@lru_cache(maxsize=4096)
def _parsed(name: str, text: str) -> Template:
    return parse(name, _DEFINITIONS + text, _NAMES)


class Expander:
    """Fills in the templates of one rule at one moment. `query` may raise CallError."""

    def __init__(
        self, rule: str, query: Query, external_labels: Mapping[str, str], external_url: str, now_s: float
    ) -> None:
        self._name = f"__alert_{rule}"
        self._query = query
        self._external = StringMap(external_labels)
        self._url = external_url
        self._now_s = now_s

    def expand(self, text: str, labels: Mapping[str, str], value: float | Histogram) -> str:
        """The text; where that fails, what is wrong, for people to read in its place."""
        if "{{" not in text:
            return text
        try:
            return self._expanded(text, labels, value)
        except TemplateError as error:
            return f"<error expanding template: {error}>"

    def _expanded(self, text: str, labels: Mapping[str, str], value: float | Histogram) -> str:
        try:
            template = _parsed(self._name, text)
        except TemplateError as error:
            raise TemplateError(f"error parsing template {self._name}: {error}") from None
        data = Data(
            {
                "Labels": StringMap(labels),
                "ExternalLabels": self._external,
                "ExternalURL": self._url,
                "Value": value,
            }
        )
        running: Execution

        def define(name: str, dot: Value) -> str:
            return running.define(name, dot)

        running = Execution(template, {**BUILTINS, **functions(self._ask, self._url, self._now_s, define)})
        try:
            running.walk(template.nodes, data)
        except TemplateError as error:
            raise TemplateError(f"error executing template {self._name}: {error}") from None
        return running.text()

    def _ask(self, text: str) -> Samples:
        return samples(self._query(text))
