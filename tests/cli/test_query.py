"""`otelier query` and `otelier.open`."""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

import otelier
from otelier.cli import main
from otelier.component import Meter, SystemClock
from otelier.query.errors import BadQuery
from otelier.query.results.stream import Stream
from otelier.storage.local import StoreSettings, close_store, open_store
from otelier.testing import span, trace_id, traces
from otelier.testing.telemetry import START_NS

CLOCK = SystemClock()


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    now = CLOCK.time_ns()
    engine = open_store(StoreSettings(data_dir=str(tmp_path)), CLOCK, Meter())
    engine.append("default", traces(span("new", start_ns=now - 60 * 10**9), span("old", number=2, trace=2)))
    yield tmp_path
    close_store(engine)


def query(directory: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["query", "--data-dir", str(directory), *words])


def test_rows_are_csv_in_a_pipe(directory):
    assert query(directory, "SELECT name, kind FROM spans ORDER BY 1").stdout == "name,kind\nnew,server\nold,server\n"


def test_rows_are_json_or_a_table_where_it_is_asked_for(directory):
    text = "SELECT name, duration_ns AS d FROM spans ORDER BY 1"
    assert json.loads(query(directory, text, "--format", "json").stdout)["rows"] == [["new", 10**6], ["old", 10**6]]
    done = query(directory, text, "--format", "table")
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["name", "d"],
        ["new", "1000000"],
        ["old", "1000000"],
    ]
    assert done.stderr == "2 rows\n"


def test_rows_that_no_terminal_is_wide_enough_for_are_records(directory, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    done = query(directory, "SELECT * FROM spans ORDER BY name", "--format", "table")
    records = done.stdout.strip().split("\n\n")
    assert [record.splitlines()[-1].split() for record in records] == [["scope_name", "test"]] * 2
    assert "parent_span_id" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    narrow = query(directory, "SELECT name, repeat('x', 200) AS long FROM spans", "--format", "table")
    assert narrow.stdout.splitlines()[0].split() == ["name", "long"]


def test_a_table_steers_no_terminal(directory):
    assert query(directory, r"SELECT chr(27) || '[31m' AS x", "--format", "table").stdout.split() == ["x", r"\x1b[31m"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--since", "1h"], ["new"]),
        (["--since", "1d"], ["new"]),
        (["--to", "2024-01-01T00:00:00Z"], ["old"]),
        (["--from", "2024-01-01T00:00:00Z"], ["new"]),
    ],
)
def test_a_time_bounds_it(directory, words, names):
    assert query(directory, "SELECT name FROM spans", *words).stdout.split()[1:] == names


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["COPY spans TO 'x'"], 1, "COPY is refused"),
        (["SELECT 1", "--since", "soon"], 2, "'soon' is not a time such as 1h or 7d"),
        (["SELECT 1", "--since", "-1h"], 2, "--since"),
        (["SELECT 1", "--since", "1h", "--from", "2024-01-01T00:00:00Z"], 2, "one of them"),
    ],
)
def test_what_is_wrong_is_told(directory, words, code, said):
    done = query(directory, *words)
    assert (done.exit_code, said in done.stderr) == (code, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--format", "parquet"], "give --output"),
        (["-o", "answer.txt"], "give --format"),
        (["--url", "http://127.0.0.1:1"], "nobody answers"),
        (["--url", "localhost:16686"], "did you mean http://localhost:16686?"),
        (["--tenant", "a/b"], "not a name of a tenant"),
    ],
)
def test_what_can_not_be_written_is_told(directory, words, said):
    done = query(directory, "SELECT 1", *words)
    assert (done.exit_code, said in done.stderr) == (1 if "nobody" in said else 2, True)


def test_answers_are_written_to_files(directory, tmp_path):
    text = "SELECT name, start_time, {'a': [1]} AS deep FROM spans ORDER BY 1"
    for form in ("csv", "json", "arrow", "parquet"):
        assert query(directory, text, "-o", str(tmp_path / f"out.{form}")).exit_code == 0
    assert (tmp_path / "out.csv").read_text().startswith("name,start_time,deep\nnew,20")
    assert json.loads((tmp_path / "out.json").read_text())["rows"][1][2] == {"a": [1]}
    with duckdb.connect() as connection:
        found = connection.sql(f"SELECT name, deep, epoch_ns(start_time) FROM '{tmp_path / 'out.parquet'}'").fetchall()
    assert (found[1][:2], found[1][2]) == (("old", {"a": [1]}), START_NS)
    assert Stream((tmp_path / "out.arrow").read_bytes()).rows()[1] == [
        "old",
        "2023-11-14T22:13:20.000000000Z",
        {"a": [1]},
    ]


@pytest.mark.parametrize(
    ("name", "said"), [("none", "no directory"), ("", "no data directory"), ("file", "no directory")]
)
def test_what_is_no_data_directory_is_told_and_not_answered_as_if_it_were_empty(tmp_path, name, said):
    (tmp_path / "file").touch()
    done = query(tmp_path / name, "SELECT count(*) FROM spans")
    assert (done.exit_code, said in done.stderr, done.stdout) == (1, True, "")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("place", [".", "http://127.0.0.1:1", "s3://bucket/prefix"])
def test_what_can_not_be_a_tenant_is_told_wherever_it_is_asked_for(place):
    with pytest.raises(ValueError, match="not a name of a tenant"):
        otelier.open(place, tenant="../other")


def test_python_asks_the_same(directory):
    with otelier.open(directory) as opened:
        found = opened.sql("SELECT name, count(*) AS n FROM spans GROUP BY ALL ORDER BY 1")
        assert list(found) == [{"name": "new", "n": 1}, {"name": "old", "n": 1}]
        assert (len(found), found.columns, found.types) == (2, ["name", "n"], ["VARCHAR", "BIGINT"])
        assert found.rows() == [["new", 1], ["old", 1]]
        assert [each["trace_id"] for each in opened.traceql('{ name = "old" }')] == [trace_id(2).hex()]
        with pytest.raises(BadQuery):
            opened.sql("DROP VIEW spans")
