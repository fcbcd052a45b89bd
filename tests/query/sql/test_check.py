"""What is refused, by the check alone and by DuckDB's lock alone, and what is let through."""

from pathlib import Path

import duckdb
import pytest

from otelier.query.sql.check import Refused, check
from otelier.query.sql.child import locked

HOSTILE = [
    "COPY spans TO '{file}'",
    "COPY (SELECT 1) TO '{file}' (FORMAT parquet)",
    "COPY spans FROM '{file}'",
    "EXPORT DATABASE '{folder}/export'",
    "IMPORT DATABASE '{folder}'",
    "ATTACH '{folder}/new.db' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET memory_limit = '100GB'",
    "SET enable_external_access = true",
    "RESET threads",
    "CALL duckdb_settings()",
    "CREATE TABLE t AS SELECT 1",
    "CREATE MACRO m() AS TABLE SELECT * FROM read_text('{file}')",
    "DROP VIEW spans",
    "INSERT INTO spans VALUES (1)",
    "DELETE FROM spans",
    "UPDATE spans SET name = ''",
    "EXPLAIN ANALYZE SELECT 1",
    "CHECKPOINT",
    "USE main",
    "PREPARE p AS SELECT 1",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY spans TO '{file}'",
    "WITH x AS (INSERT INTO spans VALUES (1) RETURNING *) SELECT * FROM x",
    "FROM '{file}'",
    "SELECT * FROM '{file}'",
    'SELECT * FROM "{file}"',
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM read_csv_auto('{file}')",
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_blob('{file}')",
    "SELECT * FROM read_json('{file}')",
    "SELECT * FROM read_parquet('{file}')",
    "SELECT * FROM parquet_scan('{file}')",
    "SELECT * FROM parquet_metadata('{file}')",
    "SELECT * FROM sniff_csv('{file}')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM READ_TEXT('{file}')",
    "SELECT * FROM \"read_text\"('{file}')",
    "SELECT * FROM main.read_text('{file}')",
    "SELECT getenv('HOME')",
    "SELECT current_setting('memory_limit')",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('spans')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM pg_class",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM otelier_spans",
    "SELECT * FROM memory.main.spans",
    "SHOW TABLES",
    "SELECT nextval('s')",
    "SELECT setval('s', 1)",
    "SELECT sleep_ms(100000)",
    "SELECT write_log('x')",
    "WITH a AS (SELECT * FROM read_text('{file}')) SELECT * FROM a",
    "WITH a AS (WITH b AS (SELECT * FROM '{file}') SELECT * FROM b) SELECT * FROM a",
    "SELECT (SELECT content FROM read_text('{file}'))",
    "SELECT * FROM (SELECT * FROM read_text('{file}'))",
    "SELECT name FROM spans WHERE name IN (SELECT content FROM read_text('{file}'))",
    "SELECT name FROM spans WHERE EXISTS (FROM read_text('{file}'))",
    "SELECT name FROM spans UNION ALL SELECT content FROM read_text('{file}')",
    "SELECT name FROM spans UNION SELECT a FROM (SELECT 1 a UNION FROM '{file}')",
    "SELECT name FROM spans JOIN read_text('{file}') r ON true",
    "SELECT name FROM spans, LATERAL (SELECT * FROM read_text('{file}'))",
    "SELECT list_transform([1], lambda x: (SELECT content FROM read_text('{file}')))",
    "SELECT name FROM spans ORDER BY (SELECT content FROM read_text('{file}'))",
    "SELECT name FROM spans LIMIT (SELECT count(*) FROM read_text('{file}'))",
    "SELECT count(*) FILTER (WHERE getenv('HOME') = '') FROM spans",
    "SELECT sum(1) OVER (ORDER BY getenv('HOME')) FROM spans",
    "SELECT CASE WHEN getenv('HOME') = '' THEN 1 END",
    "WITH RECURSIVE r AS (SELECT 1 n UNION ALL SELECT n FROM r, read_text('{file}')) SELECT * FROM r",
    "WITH pg_class AS (SELECT 1) SELECT 1 UNION SELECT 1 FROM (WITH a AS (SELECT 1) FROM a), pg_type",
    "VALUES ((SELECT content FROM read_text('{file}')))",
    "TABLE pg_class",
    "PIVOT spans ON kind",
    "DESCRIBE spans",
]
WRITING = [each for each in HOSTILE if "{f" in each]
ALLOWED = [
    "SELECT 1",
    "select 1 ; -- the end",
    "/* first */ SELECT '; COPY spans TO ''x''' AS text;",
    "WITH a AS (SELECT name FROM spans) SELECT * FROM a",
    "WITH spans AS (SELECT * FROM spans WHERE kind = 'server') SELECT count(*) FROM spans",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n) FROM t",
    "FROM SPANS SELECT Name",
    "SELECT s.name FROM spans s JOIN logs l USING (trace_id, span_id)",
    "SELECT * FROM spans ASOF JOIN logs ON spans.trace_id = logs.trace_id AND spans.start_time >= logs.time",
    "SELECT name FROM spans EXCEPT SELECT body FROM logs ORDER BY 1 DESC NULLS LAST LIMIT 5 OFFSET 1",
    "SELECT unnest([1, 2]), x FROM range(3) t(x), generate_series(1, 2)",
    "SELECT [x * 2 for x in [1, 2]], {'a': 1}.a, CAST('1' AS INTEGER), interval 1 hour, not true",
    "SELECT name, count(*) FILTER (WHERE status = 'error') FROM spans GROUP BY ROLLUP (name) HAVING count(*) > 1",
    "SELECT DISTINCT ON (name) * EXCLUDE (kind) FROM spans QUALIFY row_number() OVER (PARTITION BY name) = 1",
    "SELECT quantile_cont(duration_ns, 0.5), name COLLATE nocase FROM spans GROUP BY ALL",
    "VALUES (1), (2)",
]


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return locked(256, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "file.csv").write_text("kept\n1\n")
    return tmp_path


def content(folder: Path) -> dict[str, str]:
    return {str(each): each.read_text() for each in folder.rglob("*") if each.is_file()}


def filled(text: str, folder: Path) -> str:
    return text.replace("{file}", str(folder / "file.csv")).replace("{folder}", str(folder))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_statement_is_refused_and_told_what_is_allowed(connection, folder: Path, text: str):
    before = content(folder)
    with pytest.raises(Refused, match=r"logs and metrics|Parser Error"):
        check(connection, filled(text, folder))
    assert content(folder) == before


@pytest.mark.parametrize("text", ["INSTALL httpfs", "LOAD httpfs", "ATTACH 'x'", "COPY spans TO 'x'", "PRAGMA version"])
def test_a_statement_is_refused_by_its_own_name(connection, text: str):
    with pytest.raises(Refused, match=text.split()[0]):
        check(connection, text)


@pytest.mark.parametrize("text", WRITING)
def test_without_the_check_the_lock_holds(connection, folder: Path, text: str):
    connection.execute("CREATE VIEW spans AS SELECT '' AS name").fetchall()
    before = content(folder)
    with pytest.raises(duckdb.Error):
        connection.execute(filled(text, folder)).fetchall()
    assert content(folder) == before


@pytest.mark.parametrize("text", ALLOWED)
def test_a_select_is_let_through(connection, text: str):
    check(connection, text)


@pytest.mark.parametrize("text", ["SELECT 1 WHERE", "SELEC 1", "", "-- nothing"])
def test_what_is_no_statement_is_refused(connection, text: str):
    with pytest.raises(Refused):
        check(connection, text)


@pytest.mark.parametrize(
    ("text", "views"),
    [
        ("SELECT 1", {}),
        ("SELECT s.name FROM spans s WHERE s.kind = 'server'", {"spans": ["name", "kind"]}),
        ('SELECT "span.http.route", NAME FROM spans', {"spans": ["name", "span.http.route"]}),
        ("SELECT count(*) FROM spans", {"spans": ["trace_id"]}),
        (
            'SELECT body, "log.code" FROM logs JOIN spans USING (trace_id)',
            {"spans": ["trace_id"], "logs": ["body", "trace_id", "log.code"]},
        ),
    ],
)
def test_only_named_columns_are_asked_for(connection, text: str, views: dict[str, list[str]]):
    assert check(connection, text).views == views


@pytest.mark.parametrize(
    "text", ["SELECT * FROM spans", "FROM spans", "SELECT s FROM spans s", "SELECT s.* FROM spans s"]
)
def test_a_star_is_the_fixed_columns(connection, text: str):
    assert len(check(connection, text).views["spans"]) == 11


def test_columns_that_sql_takes_for_one_are_told_apart_in_words(connection):
    with pytest.raises(Refused, match="one of them at a time"):
        check(connection, 'SELECT "span.A", "span.a" FROM spans')


@pytest.mark.parametrize(
    "text",
    ["DESCRIBE spans", "SHOW TABLES", "SUMMARIZE logs", "PRAGMA table_info('spans')", "FROM information_schema.tables"],
)
def test_who_asks_for_tables_is_told_where_the_views_are(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    with pytest.raises(Refused) as refused:
        check(connection, text)
    assert "/api/otelier/v1/sql/views" in str(refused.value)
    assert "metrics has name, labels" in str(refused.value)


def test_no_setting_is_advised_where_none_may_be_set(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(Refused, match=r"depth limit of [0-9]+ exceeded[.] Write it with less nesting") as no:
        check(connection, f"SELECT {'(' * 2000}1{')' * 2000}")
    assert "SET" not in str(no.value)
