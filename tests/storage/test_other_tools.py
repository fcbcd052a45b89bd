"""Segments open in other tools as docs/how-to/open-segments.md says. Spark, the largest, has `make spark-check`."""

import duckdb
import polars
import pytest

from otelier.component import Meter, SystemClock
from otelier.storage.local import StoreSettings, close_store, open_store
from otelier.testing import log_record, logs, span, traces
from otelier.testing.telemetry import START_NS

SPANS, ERRORS, ROUTES = 3000, 300, 7


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of the tenant; two segments of traces whose columns differ, one of logs."""
    root = tmp_path_factory.mktemp("data")
    engine = open_store(StoreSettings(data_dir=str(root)), SystemClock(), Meter())
    for half in range(2):
        engine.append("default", traces(*(one(n) for n in range(half, SPANS, 2))))
        engine.flush(everything=True)
    engine.append("default", logs(*(log_record(f"line {n}", number=9) for n in range(500))))
    close_store(engine)
    return root / "segments" / "default"


def one(n: int) -> object:
    attributes = {
        "http.route": f"/r{n % ROUTES}",
        f"half.{n % 2}": n,
        "f": n / 2,
        "ok": n % 4 == 0,
        f"k{n % 50}": "rare",
    }
    start_ns, status = START_NS + n * 1000, "ERROR" if n % 10 == 0 else "OK"
    return span("op", trace=n // 3, number=n, start_ns=start_ns, attributes=attributes, status=status)


def test_duckdb(folder):
    spans = f"read_parquet('{folder}/traces/*.parquet', union_by_name = true)"
    query = f'SELECT count(*), count(*) FILTER (status_code = 2), count(DISTINCT "s.http.route") FROM {spans}'
    assert duckdb.sql(query).fetchall() == [(SPANS, ERRORS, ROUTES)]
    assert duckdb.sql(f'SELECT count("i.half.0"), count("i.half.1") FROM {spans}').fetchall() == [(1500, 1500)]
    assert len(duckdb.sql(f"SELECT * FROM {spans}").fetchall()) == SPANS
    assert duckdb.sql(f"SELECT count(DISTINCT body) FROM '{folder}/logs/*.parquet'").fetchall() == [(500,)]


def test_polars(folder):
    files = sorted((folder / "traces").glob("*.parquet"))
    spans = polars.concat([polars.scan_parquet(file) for file in files], how="diagonal").collect()
    assert spans.height == SPANS
    assert spans.filter(polars.col("status_code") == 2).height == ERRORS
    assert spans["s.http.route"].n_unique() == ROUTES
    first = polars.scan_parquet(f"{folder}/traces/*.parquet", missing_columns="insert", extra_columns="ignore")
    assert first.collect().height == SPANS


def test_spark(folder):
    sql = pytest.importorskip("pyspark.sql", reason="run by make spark-check")
    spark = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        read = spark.read.option("mergeSchema", "true").option("pathGlobFilter", "*.parquet")
        spans = read.parquet(str(folder / "traces"))
        spans.createOrReplaceTempView("spans")
        found = spark.sql("SELECT count(*), count_if(status_code = 2), count(DISTINCT `s.http.route`) FROM spans")
        assert tuple(found.first()) == (SPANS, ERRORS, ROUTES)
        assert len(spans.collect()) == SPANS
    finally:
        spark.stop()
