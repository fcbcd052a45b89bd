"""What is done with series: filters, ranks, arithmetic."""

import pytest

from otelier.testing.telemetry import START_NS, span

from .asked import SECOND, found, points


def counted(**counts):
    """So many spans of each name in the first and in the second bucket."""
    made = []
    for name, both in counts.items():
        for bucket, count in enumerate(both):
            for _ in range(count):
                number = len(made) + 1
                made.append(span(name, number=number, trace=number, start_ns=START_NS + bucket * 10 * SECOND))
    return made


COUNT = "{ } | count_over_time() by (name)"


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ("> 1", {("a",): [2, 3], ("b",): [4, None]}),
        (">= 4", {("b",): [4, None]}),
        ("< 1", {("b",): [None, 0]}),
        ("<= 1", {("b",): [None, 0], ("c",): [1, 1]}),
        ("= 1", {("c",): [1, 1]}),
        ("!= 1", {("a",): [2, 3], ("b",): [4, 0]}),
        ("> 100", {}),
        ("| topk(1)", {("a",): [None, 3], ("b",): [4, None]}),
        ("| bottomk(1)", {("b",): [None, 0], ("c",): [1, None]}),
        ("| topk(10)", {("a",): [2, 3], ("b",): [4, 0], ("c",): [1, 1]}),
        ("> 0 | bottomk(1)", {("c",): [1, 1]}),
        ("| topk(1) < 4", {("a",): [None, 3]}),
    ],
)
def test_points_are_filtered_and_ranked_at_each_time(stages, expected):
    assert points(f"{COUNT} {stages}", *counted(a=(2, 3), b=(4, 0), c=(1, 1))) == expected


def test_of_equal_points_the_top_has_the_first_and_the_bottom_the_last_label():
    spans = counted(b=(1, 1), a=(1, 1), c=(1, 1))
    assert set(points(f"{COUNT} | topk(2)", *spans)) == {("a",), ("b",)}
    assert set(points(f"{COUNT} | bottomk(2)", *spans)) == {("b",), ("c",)}


def test_a_duration_filters_in_seconds():
    spans = [span("a", number=1, duration_ns=2 * SECOND), span("b", number=2, duration_ns=SECOND // 2)]
    assert points("{ } | max_over_time(duration) by (name) > 1s", *spans) == {("a",): [2, None]}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"({COUNT}) * 10", {("a",): [20, 30], ("b",): [40, 0]}),
        (f"10 - ({COUNT})", {("a",): [8, 7], ("b",): [6, 10]}),
        (f"12 / ({COUNT})", {("a",): [6, 4], ("b",): [3, None]}),
        (f"({COUNT}) / ({COUNT})", {("a",): [1, 1], ("b",): [1, None]}),
        (f"({COUNT}) + ({{ }} | count_over_time())", {("a",): [8, 6], ("b",): [10, 3]}),
        (f"({{ }} | count_over_time()) - ({COUNT})", {("a",): [4, 0], ("b",): [2, 3]}),
        ('({ name = "a" } | count_over_time()) / ({ } | count_over_time())', {(): [2 / 6, 1]}),
        ('({ name = "a" } | count_over_time() by (name)) + (' + COUNT + ")", {("a",): [4, 6]}),
        (f"({COUNT} > 2) + ({COUNT})", {("a",): [None, 6], ("b",): [8, None]}),
        (f"(({COUNT}) * 2 + 1) * (1 + 1) > 13", {("a",): [None, 14], ("b",): [18, None]}),
        (f"({{ false }} | count_over_time()) + ({COUNT})", {}),
    ],
)
def test_series_are_calculated_by_equal_labels(query, expected):
    assert points(query, *counted(a=(2, 3), b=(4, 0))) == expected


def test_what_was_calculated_is_named_after_both():
    (both,) = found("({ } | rate()) / ({ } | count_over_time())", span())
    assert both.labels == (("__name__", "(rate / count_over_time)"),)
    (labelled,) = found("({ } | rate() by (kind)) - ({ } | rate() by (kind))", span())
    assert labelled.labels == (("__name__", "(rate - rate)"), ("kind", "server"))
    (scaled,) = found("({ } | rate()) * 2", span())
    assert scaled.labels == (("__name__", "rate"),)
