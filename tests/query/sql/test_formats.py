"""An answer as CSV is read back as it was, NULL and empty texts told apart."""

import csv
import io
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.query.sql.formats import as_csv

_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8) | st.sampled_from(
    ["", '"', '""', ",", "\r", "\n", "\r\n", " ", "NULL", "a,b"]
)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([["x"], [None], [""], ["y"]], 'a\nx\n\n""\ny\n'),
        ([["x", 1], [None, 2], ["", None], [None, None]], 'a,b\nx,1\n,2\n"",\n,\n'),
        ([[True, 1.5], [[1, "z"], {"k": None}]], 'a,b\ntrue,1.5\n"[1,""z""]","{""k"":null}"\n'),
    ],
)
def test_null_is_nothing_and_an_empty_text_is_quoted(rows: list[list[object]], text: str) -> None:
    assert as_csv(["a", "b"][: len(rows[0])], rows) == text


@given(st.lists(st.tuples(_texts | st.none(), _texts | st.none()), min_size=1))
def test_a_reader_of_rfc_4180_finds_the_cells(rows: list[tuple[str | None, str | None]]) -> None:
    read = list(csv.reader(io.StringIO(as_csv(["a", "b"], rows), newline=""), strict=True))
    assert read == [["a", "b"], *([cell or "" for cell in row] for row in rows)]


@pytest.mark.parametrize("columns", [1, 2])
def test_duckdb_reads_back_what_was_written_and_writes_the_same(tmp_path: Path, columns: int) -> None:
    rows = [(text, text)[:columns] for text in ("x", None, "", 'say "it", twice', "two\nlines", None)]
    file, own = tmp_path / "answer.csv", tmp_path / "own.csv"
    file.write_text(as_csv(["a", "b"][:columns], rows), newline="")
    with duckdb.connect() as connection:
        read = f"read_csv('{file}', header = true, all_varchar = true, allow_quoted_nulls = false)"
        assert connection.execute(f"SELECT * FROM {read}").fetchall() == rows
        connection.execute(f"COPY (SELECT * FROM {read}) TO '{own}' (HEADER)")
    assert own.read_bytes() == file.read_bytes()
