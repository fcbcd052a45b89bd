"""What exemplars say of their spans: labels of span metrics of several makes, units by the metric's name."""

import pytest

from otelier.query.exemplars import kind_number, measured, measured_by, status_number
from otelier.query.metrics_reader import Exemplar, SeriesExemplars
from otelier.query.substitutes import Measured

TRACE = "0af7651916cd43dd8448eb211c80319c"
OURS = {
    "service_name": "shop", "span_name": "GET /", "span_kind": "SPAN_KIND_SERVER", "status_code": "STATUS_CODE_ERROR",
}  # fmt: skip


def exemplar(value: float = 44.5, trace: str = TRACE, span: str = "b7ad6b7169203331", time_ms: int = 1000) -> Exemplar:
    return Exemplar((("span_id", span), ("trace_id", trace)), value, time_ms)


@pytest.mark.parametrize(
    ("metric", "value", "duration_ns"),
    [
        ("traces_span_metrics_duration_milliseconds_bucket", 44.5, 44_500_000),
        ("duration_seconds_count", 0.5, 500_000_000),
        ("duration_seconds", 0.5, 500_000_000),
        ("traces_spanmetrics_latency_bucket", 2.0, 2_000_000_000),
        ("traces_span_metrics_calls_total", 44.5, None),
        ("x_seconds_bucket", -1.0, None),
        ("x_seconds_bucket", float("nan"), None),
        ("x_seconds_bucket", float("inf"), None),
    ],
)
def test_a_duration_is_known_where_the_name_has_its_unit(metric: str, value: float, duration_ns: int | None) -> None:
    assert measured({"__name__": metric}, exemplar(value)).duration_ns == duration_ns


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (OURS, ("shop", "GET /", 2, 2)),
        ({"service": "shop", "span_name": "a", "span_kind": "SPAN_KIND_CLIENT"}, ("shop", "a", 3, None)),
        ({"job": "prod/shop", "operation": "a"}, ("shop", "a", None, None)),
        ({"job": "shop", "status_code": "500"}, ("shop", "", None, None)),
        ({"le": "1"}, ("", "", None, None)),
    ],
)
def test_labels_of_several_makes_are_read(labels: dict[str, str], found: tuple[object, ...]) -> None:
    each = measured(labels, exemplar())
    assert (each.service, each.name, each.kind, each.status) == found


def test_words_for_kinds_and_statuses() -> None:
    assert [kind_number(each) for each in ("", "server", "SPAN_KIND_UNSPECIFIED", "Consumer", "x")] == [
        None, 2, 0, 5, None,
    ]  # fmt: skip
    assert [status_number(each) for each in ("", "error", "STATUS_CODE_UNSET", "x")] == [None, 2, 0, None]


def test_of_all_exemplars_of_a_trace_the_one_with_a_duration_counts_and_then_the_newest() -> None:
    def series(metric: str, *exemplars: Exemplar) -> SeriesExemplars:
        return SeriesExemplars(tuple({"__name__": metric, **OURS}.items()), list(exemplars))

    found = [
        series("calls_total", exemplar(time_ms=9000)),
        series("duration_seconds_bucket", exemplar(1, time_ms=1000), exemplar(2, time_ms=2000, span="c" * 16)),
        series("duration_seconds_bucket", exemplar(3, trace="1" * 32)),
    ]
    assert measured_by(TRACE, found) == Measured("shop", "GET /", 2, 2, 2 * 10**9, 2 * 10**9, "c" * 16)
    assert measured_by(TRACE, found, "b7ad6b7169203331") == Measured(
        "shop", "GET /", 2, 2, 10**9, 10**9, "b7ad6b7169203331"
    )
    assert measured_by(TRACE, found, "d" * 16) == measured_by(TRACE, found)
    assert measured_by("2" * 32, found) is None


def test_leading_zeros_of_a_trace_id_and_capitals_do_not_matter() -> None:
    labels = tuple({"__name__": "calls_total", **OURS}.items())
    found = [SeriesExemplars(labels, [Exemplar((("traceID", "AB12"),), 1, 1)])]
    assert measured_by("ab12".zfill(32), found) is not None


def test_an_exemplar_that_names_no_service_says_nothing() -> None:
    assert measured_by(TRACE, [SeriesExemplars((("__name__", "x_seconds"),), [exemplar()])]) is None
