"""The files are Parquet as `docs/spec/metrics-segment.md` says: DuckDB reads them with the query that stands there."""

import re
from pathlib import Path

import duckdb
import numpy as np

from otelier._core import Disk

from .stores import FOREVER, TENANT, Labels, Store, arrays

SPEC = Path(__file__).parents[3] / "docs/spec/metrics-segment.md"


def test_duckdb_reads_samples_with_the_query_of_the_specification(tmp_path: Path) -> None:
    store = Store(Disk.real(str(tmp_path)))
    rng = np.random.default_rng(2)
    labels: list[Labels] = [(("__name__", f"m{n % 7}"), ("instance", f"i{n}")) for n in range(100)]
    values = np.cumsum(rng.integers(-3, 30, (300, 100)), axis=0) / [[1, 10, 100, 1] * 25]
    for at, row in enumerate(values):
        late = [n for n in range(100) if n % 9 or at > 130]
        store.append(arrays([(labels[n], at * 15_000, int(row[n : n + 1].view(np.uint64)[0])) for n in late]))
    store.flush()
    store.refresh()
    (segment,) = store.segments
    found = re.search(r"```sql\n(.*?)```", SPEC.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    stem = str(tmp_path / str(segment["path"])).removesuffix(".index")
    query = found[1].replace("….", f"{stem}.").replace('SELECT s."l.__name__"', 'SELECT s."l.__name__", s."l.instance"')
    rows = duckdb.connect().execute(query).fetchall()
    answered = {((("__name__", name), ("instance", instance)), ms): value for name, instance, ms, value in rows}
    expected = {
        (each, ms): np.array(bits, np.uint64).view(np.float64)
        for each, own in store.select([], *FOREVER).items()
        for ms, bits in own.items()
    }
    assert len(rows) == len(expected) == segment["samples"]
    assert all(abs(answered[key] - value) < 1e-9 for key, value in expected.items())
    assert store.view.series(TENANT, [], *FOREVER, [], 0) == sorted(labels)
