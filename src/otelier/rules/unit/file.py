"""What a file of tests says."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from ...component.config import Config
from ...component.prometheus_values import PrometheusDuration
from ...config.file import decode_file

_MINUTE = PrometheusDuration(60)


class InputSeries(Config):
    """One series that is there."""

    series: str
    """Its name and labels, `up{job="a"}`."""
    values: str
    """Its values, one for each interval: `1 2+1x10 _ stale`."""


class ExpectedAlert(Config):
    """One alert that fires."""

    exp_labels: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """All its labels but for `alertname`."""
    exp_annotations: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """All its annotations."""


class AlertTest(Config):
    """The alerts of one name that fire at a moment; none if none is written."""

    eval_time: PrometheusDuration
    """Since the beginning."""
    alertname: str
    """Of the rule."""
    exp_alerts: tuple[ExpectedAlert, ...] = ()


class ExpectedSample(Config):
    """One series of an answer."""

    labels: str = "{}"
    """Its name and labels."""
    value: float = 0.0
    histogram: str = ""
    """Instead of a value: `{{schema:1 count:2 …}}`."""


class ExpressionTest(Config):
    """What an expression is worth at a moment."""

    expr: str
    eval_time: PrometheusDuration
    """Since the beginning."""
    exp_samples: tuple[ExpectedSample, ...] = ()


class TestGroup(Config):
    """One test: series, and what is expected of them."""

    __test__ = False

    name: str = ""
    interval: PrometheusDuration = _MINUTE
    """Between two values of the series."""
    input_series: tuple[InputSeries, ...] = ()
    alert_rule_test: tuple[AlertTest, ...] = ()
    promql_expr_test: tuple[ExpressionTest, ...] = ()
    external_labels: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    external_url: str = ""
    start_timestamp: str = ""
    """When it begins: seconds since 1970, or `2026-01-01T00:00:00Z`; without: 1970."""


class TestFile(Config):
    """The whole file."""

    __test__ = False

    rule_files: tuple[str, ...] = ()
    """Patterns, from the file's own folder."""
    evaluation_interval: PrometheusDuration = _MINUTE
    """How often all rules are evaluated."""
    group_eval_order: tuple[str, ...] = ()
    """Groups in this order; others come before them."""
    fuzzy_compare: bool = False
    """Numbers may differ in their last bit."""
    tests: tuple[TestGroup, ...] = ()

    def problems(self) -> Iterable[tuple[str, str]]:
        """What each test needs."""
        if len(set(self.group_eval_order)) < len(self.group_eval_order):
            yield "group_eval_order", "a group is named twice"
        for number, test in enumerate(self.tests):
            if not test.interval:
                yield f"tests.{number}.interval", "must be longer than 0"


def read_test_file(path: Path) -> TestFile:
    """Raises ConfigError."""
    return decode_file(path, TestFile)
