"""Prometheus's own evaluation cases: every file, every case, none fails."""

from pathlib import Path

import pytest

from .runner import run

pytestmark = pytest.mark.shared

FILES = {
    "aggregators": 160,
    "collision": 2,
    "duration_expression": 59,
    "extended_vectors": 169,
    "fill-modifier": 46,
    "functions": 431,
    "histograms": 185,
    "info": 53,
    "limit": 37,
    "name_label_dropping": 30,
    "native_histograms": 522,
    "operators": 214,
    "range_queries": 18,
    "start_timestamps": 26,
    "trig_functions": 19,
    "type_and_unit": 58,
}
"""With how many evaluations there are, so that none gets lost in the reading."""


@pytest.mark.parametrize("name", FILES)
def test_every_case_of_the_script_is_answered_as_expected(shared: Path, name: str) -> None:
    count, failures = run((shared / "conformance" / "promql" / f"{name}.test").read_text("utf-8"))

    assert count == FILES[name]
    assert not failures, "\n".join(map(str, failures))


def test_there_is_no_other_script(shared: Path) -> None:
    assert {path.stem for path in (shared / "conformance" / "promql").glob("*.test")} == set(FILES)
