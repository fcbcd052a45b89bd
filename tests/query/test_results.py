"""Answers as tables of other libraries, and what is said where these are not installed."""

import sys
from typing import Any

import numpy as np
import pytest

from otelier.query.results.frame import Frame
from otelier.query.results.series import Line, frame
from otelier.query.results.stream import Stream
from otelier.query.sql.answer import as_arrow
from otelier.query.sql.child import locked

LATE_NS = 1_700_000_000_000_000_001
FRAME = Frame(
    {
        "time": np.array([0, LATE_NS], "<M8[ns]"),
        "value": np.array([0.5, 2.0]),
        "name": ["a", None],
        "mixed": ["x", 5],
        "numbers": [1, 2.5],
    }
)
TEXT = """
SELECT make_timestamp_ns(1700000000000000001) AS time, 1.5 AS value, 'a' AS name, [1, NULL] AS list,
    {'k': true} AS deep, MAP {'k': 'v'} AS map, sum(5::BIGINT) AS whole, 'x'::ENUM('x') AS word, NULL AS none, 1 AS name
"""


def streamed(text: str) -> Stream:
    return Stream(as_arrow(locked(256, 1), text, 10)["arrow"])


def test_rows_are_plain_values():
    assert FRAME.rows() == [
        ["1970-01-01T00:00:00.000000000Z", 0.5, "a", "x", 1],
        ["2023-11-14T22:13:20.000000001Z", 2.0, None, 5, 2.5],
    ]
    assert next(iter(FRAME))["name"] == "a"


def test_who_looks_at_an_answer_is_told_how_to_take_it():
    assert repr(FRAME) == "<Frame: take it by .polars(), .pandas(), .arrow() or .rows()>"
    assert ".polars()" in repr(streamed("SELECT 1"))


def test_rows_of_a_stream_are_plain_values():
    found = streamed(TEXT)
    assert found.columns == ["time", "value", "name", "list", "deep", "map", "whole", "word", "none", "name_2"]
    assert found.rows() == [
        ["2023-11-14T22:13:20.000000001Z", 1.5, "a", [1, None], {"k": True}, {"k": "v"}, 5, "x", None, 1]
    ]
    assert (len(found), found.types[6]) == (1, "BIGINT")


def test_series_are_rows_with_a_column_for_each_label():
    one = Line({"job": "a", "value": "odd"}, [1000, 2000], [1.0, None], [None, {"count": 3.0}])
    found = frame([one, Line({"zone": "x"}, [3000], [2.0])])
    assert found.columns == ["time", "value", "histogram", "job", "label.value", "zone"]
    assert [row[2:] for row in found.rows()] == [
        [None, "a", "odd", None],
        [{"count": 3.0}, "a", "odd", None],
        [None, None, None, "x"],
    ]


@pytest.mark.parametrize(("library", "kind"), [("pyarrow", "arrow"), ("polars", "polars"), ("pandas", "pandas")])
def test_tables_have_the_rows(library: str, kind: str):
    table: Any = getattr(FRAME, kind)()
    assert type(table).__module__.partition(".")[0] == library
    columns = table.column_names if library == "pyarrow" else list(table.columns)
    assert columns == FRAME.columns
    values = {name: table[name].to_pylist() if library == "pyarrow" else table[name].to_list() for name in columns}
    assert values["value"] == [0.5, 2.0]
    assert values["numbers"] == [1.0, 2.5]
    assert str(values["mixed"][1]) == "5"
    found = getattr(streamed(TEXT), kind)()
    assert list(found.column_names if library == "pyarrow" else found.columns)[6] == "whole"
    assert len(found) == 1


def test_moments_keep_their_nanoseconds():
    for result, column in ((FRAME, FRAME.columns[0]), (streamed(TEXT), "time")):
        assert result.arrow()[column].cast("int64").to_pylist()[-1] == LATE_NS
        assert result.polars()[column].cast(int).to_list()[-1] == LATE_NS
        assert result.pandas()[column].astype("int64").tolist()[-1] == LATE_NS


@pytest.mark.parametrize(("library", "kind"), [("pyarrow", "arrow"), ("polars", "polars"), ("pandas", "pandas")])
def test_what_is_not_installed_is_told(library: str, kind: str, monkeypatch: pytest.MonkeyPatch):
    for name in (library, f"{library}.ipc"):
        monkeypatch.setitem(sys.modules, name, None)  # how Python itself marks what can't be imported
    for each in (FRAME, streamed("SELECT 1")):
        with pytest.raises(ImportError, match=rf"needs {library}: pip install 'otelier\[{kind}\]'"):
            getattr(each, kind)()
