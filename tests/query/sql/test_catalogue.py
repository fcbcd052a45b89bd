"""What DuckDB's own catalogue of functions has, so that a newer DuckDB can't bring one in unseen."""

import re
from contextlib import suppress
from functools import cache
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier.query.sql.check import Refused, check
from otelier.query.sql.child import locked

ALLOWED_TABLES = {"unnest", "range", "generate_series"}
TOUCHES = re.compile(
    "file|read|write|scan|glob|http|env|secret|load|copy|attach|path|sql|exec|log|setting|query|table|sys|shell|temp"
    "|home|plat|install|external|storage|block|checkpoint|extension|pragma|duckdb|python|pandas|arrow"
)
"""Names that may be those of functions which reach out."""
LOOKED_AT = {
    "array_reverse", "array_reverse_sort", "formatreadabledecimalsize", "formatreadablesize", "has_table_privilege",
    "has_tablespace_privilege", "json_copy_strftime_if_date", "json_copy_strftime_if_timestamp", "json_extract_path",
    "json_extract_path_text", "list_reverse", "list_reverse_sort", "log", "log10", "log2",
    "parse_dirpath",
    "current_catalog",
    "parse_duckdb_log_message", "parse_filename", "parse_path", "path_join", "regexp_split_to_table", "xor",
}  # fmt: skip
"""Of these, those that work on their arguments only."""
MOVES = {
    "+", "-",
    "current_connection_id", "current_database", "current_date", "current_localtime", "current_localtimestamp",
    "current_schema", "current_schemas", "current_transaction_id", "error", "gen_random_uuid", "generate_series",
    "get_current_time", "get_current_timestamp", "last_day", "make_timestamptz", "now", "random", "range", "setseed",
    "stats", "strftime", "time_bucket", "timezone", "today", "transaction_timestamp", "txid_current", "uuid", "uuidv4",
    "uuidv7", "vector_type", "age", "era", "julian", "isodow", "isoyear", "dayofmonth", "dayofweek", "dayofyear",
}  # fmt: skip
"""Functions that do not always give the same, and reach nothing: clocks, chance, this query's own session."""
PARTS_OF_TIME = re.compile(
    r"(?:date|time|year|quarter|month|week|day|hour|minute|second|milli|micro|century|decade|millennium)"
    r"(?:_?(?:diff|sub|trunc|part|name|s|ofyear|zone.*|second|llennium))*|isoyear|yearweek|dayname|monthname|weekday"
)


@cache
def functions() -> list[tuple[str, str, str | None, str | None]]:
    """Name, kind, stability, definition of a macro."""
    text = "SELECT DISTINCT lower(function_name), function_type, stability, macro_definition FROM duckdb_functions()"
    return locked(256, 1).execute(text).fetchall()


def names(*kinds: str) -> list[str]:
    return sorted({name for name, kind, _, _ in functions() if kind in kinds})


@cache
def connection() -> duckdb.DuckDBPyConnection:
    return locked(256, 1)


def refused(text: str) -> bool:
    try:
        check(connection(), text)
    except Refused:
        return True
    return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "file.csv").write_text("kept\n1\n")
    return tmp_path


def test_the_catalogue_is_there():
    assert len(functions()) > 500
    assert {"read_csv", "glob", "query"} <= set(names("table"))


def test_all_that_make_tables_are_refused_but_three(folder: Path):
    for name in names("table", "table_macro", "pragma"):
        if name not in ALLOWED_TABLES:
            for arguments in ("", f"'{folder}/file.csv'", "1, 2"):
                assert refused(f'SELECT * FROM "{name}"({arguments})'), name


def test_without_the_check_they_change_no_file(folder: Path):
    alone = locked(256, 1)
    for name in names("table", "scalar"):
        if TOUCHES.search(name):
            for text in (f"FROM \"{name}\"('{folder}/file.csv')", f"SELECT \"{name}\"('{folder}/new.csv')"):
                with suppress(duckdb.Error):
                    alone.execute(text).fetchall()
    assert [each.name for each in folder.iterdir()] == ["file.csv"]
    assert (folder / "file.csv").read_text() == "kept\n1\n"


def test_functions_that_may_reach_out_are_refused_or_were_looked_at():
    unseen = [
        name
        for name in names("scalar", "aggregate", "macro", "window")
        if TOUCHES.search(name) and name not in LOOKED_AT and not refused(f"SELECT \"{name}\"('x')")
    ]
    assert unseen == []


def test_functions_that_do_not_always_give_the_same_are_refused_or_were_looked_at():
    moving = {
        name for name, kind, stability, _ in functions() if kind != "table" and stability not in (None, "CONSISTENT")
    }
    unseen = [
        name
        for name in sorted(moving - MOVES)
        if not PARTS_OF_TIME.fullmatch(name) and not refused(f"SELECT \"{name}\"('x')")
    ]
    assert unseen == []


def test_no_macro_brings_a_refused_function_in():
    for name, kind, _, definition in functions():
        if not definition or kind == "table_macro":
            continue
        called = set(re.findall(r"(\w+)\(", definition.lower()))
        if any(refused(f'SELECT "{each}"(1)') for each in called if each != name):
            assert refused(f'SELECT "{name}"(1)'), (name, definition)


# -- wherever it stands -----------------------------------------------------------------------

LEAVES = st.sampled_from(
    [
        "getenv('HOME')", "(SELECT content FROM read_text('/etc/hostname'))", "(FROM glob('/*') SELECT count(*))",
        "(SELECT count(*) FROM '/etc/hostname')", "current_setting('threads')", "(SELECT 1 FROM duckdb_settings())",
        "(SELECT 1 FROM query('SELECT 1'))", "(SELECT 1 FROM information_schema.tables)", "nextval('s')",
        "(SELECT 1 FROM otelier_spans)", "(SELECT 1 FROM memory.main.spans)", "(TABLE pg_class)",
        "(SELECT 1 FROM json_execute_serialized_sql('{}'))", "write_log('x')", "main.getenv('HOME')",
        '"GETENV"(\'HOME\')',
        "(SELECT 1 FROM sqlite_master)", "getvariable('x')", "(SELECT 1 FROM repeat(1, 1000000))",
    ]
)  # fmt: skip
AROUND = st.sampled_from(
    [
        "(SELECT {})", "CASE WHEN {} IS NULL THEN 1 ELSE 2 END", "coalesce(1, {})", "[{}]", "{{'a': {}}}",
        "MAP {{'a': {}}}",
        "CAST({} AS VARCHAR)", "list_transform([1], lambda x: {})", "[{} for x in [1]]", "(SELECT max({}) FROM spans)",
        "(SELECT sum(1) OVER (ORDER BY {}) FROM spans LIMIT 1)", "(SELECT count(*) FILTER ({} IS NULL) FROM logs)",
        "(WITH w AS (SELECT {} AS a) SELECT a FROM w)", "(SELECT a FROM (SELECT {} AS a))", "EXISTS (SELECT {})",
        "(SELECT 1 UNION ALL SELECT 1 WHERE {} IS NULL LIMIT 1)", "(SELECT 1 ORDER BY {})", "1 IN (SELECT {})",
        "(SELECT 1 FROM spans s JOIN logs l ON {} IS NULL)", "({} BETWEEN 1 AND 2)", "NOT ({} IS NULL)",
        "(WITH RECURSIVE r AS (SELECT 1 n UNION ALL SELECT n + 1 FROM r WHERE {} IS NULL) SELECT max(n) FROM r)",
        "(SELECT 1 GROUP BY {})", "(SELECT 1 HAVING {} IS NULL)", "(SELECT 1 QUALIFY {} IS NULL)", "(VALUES ({}))",
        "(SELECT 1 LIMIT {})", "(SELECT 1 FROM unnest([{}]))", "(SELECT 1 FROM range({}::BIGINT))",
        "(SELECT * REPLACE ({} AS name) FROM spans)", "(SELECT DISTINCT ON ({}) 1 FROM spans)",
        "(SELECT 1 FROM spans, LATERAL (SELECT {}))", "(SELECT COLUMNS(c -> {} IS NULL) FROM spans)",
    ]
)  # fmt: skip
PLACES = st.sampled_from(
    [
        "SELECT {}", "SELECT name FROM spans WHERE {} IS NULL", "VALUES ({})", "FROM spans SELECT {}",
        "WITH a AS (SELECT {} x) FROM a", "SELECT 1 EXCEPT SELECT {}", "SELECT name FROM spans ORDER BY {}",
        "SELECT name FROM spans WHERE start_time > {}", "SELECT name FROM spans LIMIT {}",
        "SELECT name FROM spans TABLESAMPLE reservoir(1 ROWS) WHERE {} = 1",
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(PLACES, st.lists(AROUND, max_size=3), LEAVES)
def test_what_reaches_out_is_refused_wherever_it_stands(place: str, around: list[str], leaf: str):
    text = leaf
    for each in around:
        text = each.format(text)
    assert refused(place.format(text)), place.format(text)
