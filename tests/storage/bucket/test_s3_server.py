"""The same against a real S3 server, versitygw over a folder: writers, readers elsewhere, kills, an empty cache.

`make conformance-s3` builds the server; where it is not there, these tests are skipped.
"""

import http.client
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import otelier
from otelier.component import Meter, StartError, SystemClock
from otelier.extensions.otelier_query import OtelierQuery, OtelierQueryConfig
from otelier.query.opened import Opened
from otelier.storage.local import StoreSettings, close_store, open_store
from otelier.storage.metrics.open import close_metrics, open_metrics
from otelier.storage.segmented.bucket.attach import read_only
from otelier.storage.segmented.bucket.bucket import BucketError
from otelier.storage.segmented.bucket.place import Place
from otelier.storage.segmented.bucket.s3 import S3Bucket
from otelier.storage.settings import BucketSettings
from otelier.testing import component_context, span, trace_id, traces

botocore = pytest.importorskip("botocore", reason="otelier[aws] is not installed")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "otelier" / "s3"
WAIT_S = 30

WRITER = """
import sys
from otelier.component import Meter, SystemClock
from otelier.storage.local import StoreSettings, FlushSettings, open_store
from otelier.storage.settings import BucketSettings
from otelier.component import Duration
from otelier.testing import span, traces
root, url, endpoint = sys.argv[1:4]
s3 = BucketSettings(endpoint=endpoint, cache_bytes=0)
flush = FlushSettings(max_age=Duration(0.1), idle=Duration(0))
settings = StoreSettings(data_dir=root, storage=url, s3=s3, flush=flush)
engine = open_store(settings, SystemClock(), Meter())
for line in sys.stdin:
    number = int(line)
    engine.append("default", traces(*(span(trace=number, number=n) for n in range(20))))
    print(number, flush=True)
"""

METRICS_WRITER = """
import sys
import numpy as np
from otelier._core import Samples
from otelier.component import Duration, Meter, SystemClock
from otelier.storage.metrics.open import open_metrics
from otelier.storage.settings import BucketSettings, MetricsFlushSettings, MetricsSettings, StoreSettings
root, url, endpoint = sys.argv[1:4]
s3 = BucketSettings(endpoint=endpoint, cache_bytes=0)
metrics = MetricsSettings(flush=MetricsFlushSettings(max_age=Duration(0.1)))
engine = open_metrics(StoreSettings(data_dir=root, storage=url, s3=s3, metrics=metrics), SystemClock(), Meter())
for line in sys.stdin:
    number = int(line)
    now_ms = np.array([SystemClock().time_ns() // 10**6], np.int64)
    labels = [("__name__", "kept"), ("number", str(number))]
    engine.append("default", Samples.of_arrays([labels], now_ms.tobytes(), np.array([float(number)]).tobytes()))
    print(number, flush=True)
"""


def server() -> str:
    """The program; skips where it isn't there."""
    if found := shutil.which("versitygw") or shutil.which("versitygw", path=CACHE):
        return found
    pytest.skip("versitygw is not installed: make conformance-s3 builds it")


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Its URL; credentials are in the environment, a bucket `otelier` is there."""
    program = server()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    key, secret = "test-access", secrets.token_hex(16)
    for name, value in {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "s3"
    (folder / "otelier").mkdir(parents=True)
    environment = os.environ | {"ROOT_ACCESS_KEY": key, "ROOT_SECRET_KEY": secret}
    words = [program, "--port", f"127.0.0.1:{port}", "posix", "--sidecar", str(tmp_path / "meta"), str(folder)]
    (tmp_path / "meta").mkdir()
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(port) or process.poll() is not None)
        assert process.poll() is None
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def until(true: Callable[[], object]) -> None:
    give_up = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def bucket(endpoint: str, url: str = "s3://otelier/a/b") -> S3Bucket:
    return S3Bucket(Place(url=url, endpoint=endpoint))


def spans(opened: Opened, number: int) -> int:
    found = opened.traceql(f'{{ trace:id = "{trace_id(number).hex()}" }}', limit=1)
    return len(found)


def test_objects_are_put_got_listed_and_deleted(s3, tmp_path):
    one, other = bucket(s3), bucket(s3, "s3://otelier")
    one.put("x/1", b"first")
    one.put("x/1", b"second")
    (tmp_path / "file").write_bytes(bytes(3_000_000))
    one.upload("x/2", tmp_path / "file")
    assert (one.get("x/1"), sorted(one.list("x/")), list(other.list("a/b/x/1"))) == (
        b"second",
        ["x/1", "x/2"],
        ["a/b/x/1"],
    )
    one.download("x/2", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == bytes(3_000_000)
    one.delete("x/1")
    one.delete("x/1")
    with pytest.raises(FileNotFoundError):
        one.get("x/1")
    with pytest.raises(FileNotFoundError):
        one.download("x/1", tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        one.upload("x/3", tmp_path / "no such file")
    with pytest.raises(BucketError):
        bucket("http://127.0.0.1:9", "s3://otelier").get("x")


def test_a_bucket_is_read_elsewhere_with_an_empty_cache_while_its_writer_goes_on(s3, tmp_path):
    url = "s3://otelier/shop"
    settings = StoreSettings(data_dir=str(tmp_path / "a"), storage=url, s3=BucketSettings(endpoint=s3))
    engine = open_store(settings, SystemClock(), Meter())
    try:
        with otelier.open(url, endpoint=s3, cache_dir=tmp_path / "b") as opened:
            for number in range(1, 7):
                engine.append("default", traces(*(span(trace=number, number=n) for n in range(3))))
                engine.flush(everything=True)
                until(lambda number=number: spans(opened, number) == 3)
            assert opened.sql("SELECT count(*) FROM spans").rows() == [[18]]
        began = time.monotonic()
        with otelier.open(url, endpoint=s3, cache_dir=tmp_path / "c") as opened:
            assert [spans(opened, number) for number in range(1, 7)] == [3] * 6
        print(f"an empty cache took {time.monotonic() - began:.2f} s")
    finally:
        close_store(engine)


@pytest.mark.proves("otelier.s3.endpoint")
@pytest.mark.proves("otelier.s3.region")
@pytest.mark.proves("otelier_query.storage")
@pytest.mark.proves("otelier_query.s3.endpoint")
@pytest.mark.proves("otelier_query.s3.region")
@pytest.mark.proves("otelier_query.s3.cache_bytes")
def test_a_query_process_elsewhere_answers_from_the_bucket(s3, tmp_path, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    url, reached = "s3://otelier/served", BucketSettings(endpoint=s3, region="us-east-1", cache_bytes=0)
    engine = open_store(StoreSettings(data_dir=str(tmp_path / "a"), storage=url, s3=reached), SystemClock(), Meter())
    config = OtelierQueryConfig(endpoint="127.0.0.1:0", storage=url, s3=reached, data_dir=str(tmp_path / "b"))
    query = OtelierQuery(config, component_context("otelier_query", clock=SystemClock()))
    query.start()
    try:
        host, port = query.address(wait_s=WAIT_S)

        def status(number: int) -> int:
            connection = http.client.HTTPConnection(host, port, timeout=WAIT_S)
            connection.request("GET", f"/api/traces/{trace_id(number).hex()}")
            return connection.getresponse().status

        for number in (1, 2):
            engine.append("default", traces(span(trace=number)))
            engine.flush(everything=True)
            until(lambda number=number: status(number) == 200)
        assert len(list((tmp_path / "b").rglob("*.parquet"))) <= 1
    finally:
        query.stop(time.monotonic() + WAIT_S)
        close_store(engine)


@pytest.mark.slow
def test_kills_lose_nothing_and_the_bucket_never_names_what_it_lacks(s3, tmp_path):
    url, root = "s3://otelier/killed", tmp_path / "a"
    taken = list[int]()
    there = bucket(s3, url)
    for life in range(4):
        words = [sys.executable, "-c", WRITER, str(root), url, s3]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
            for number in range(life * 100, life * 100 + 60):
                writer.stdin.write(f"{number}\n")
                writer.stdin.flush()
                taken.append(int(writer.stdout.readline()))
                time.sleep(0.05)
            writer.kill()
        cache = read_only(url, BucketSettings(endpoint=s3), tmp_path / f"reader-{life}")
        with otelier.open(url, endpoint=s3, cache_dir=cache) as opened:
            assert all(spans(opened, number) in (0, 20) for number in taken)
            assert any(spans(opened, number) for number in taken)
    settings = StoreSettings(data_dir=str(root), storage=url, s3=BucketSettings(endpoint=s3, cache_bytes=0))
    close_store(open_store(settings, SystemClock(), Meter()))
    with otelier.open(root) as opened:
        assert [spans(opened, number) for number in taken] == [20] * len(taken)
    with otelier.open(url, endpoint=s3, cache_dir=tmp_path / "last") as opened:
        assert [spans(opened, number) for number in taken] == [20] * len(taken)
    assert any(there.list("segments/"))


def values(opened: Opened) -> set[float]:
    kept = opened.promql("kept")
    value = kept.columns.index("value")
    return {row[value] for row in kept.rows()}


@pytest.mark.slow
def test_kills_lose_no_sample_and_the_bucket_never_names_what_it_lacks(s3, tmp_path):
    url, root = "s3://otelier/measured", tmp_path / "a"
    taken = set[float]()
    there = bucket(s3, f"{url}/metrics")
    for life in range(3):
        words = [sys.executable, "-c", METRICS_WRITER, str(root), url, s3]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
            for number in range(life * 100, life * 100 + 40):
                writer.stdin.write(f"{number}\n")
                writer.stdin.flush()
                taken.add(float(writer.stdout.readline()))
                time.sleep(0.05)
            writer.kill()
        with otelier.open(url, endpoint=s3, cache_dir=tmp_path / f"reader-{life}") as opened:
            assert values(opened)
            assert values(opened) <= taken
    settings = StoreSettings(data_dir=str(root), storage=url, s3=BucketSettings(endpoint=s3, cache_bytes=0))
    close_metrics(open_metrics(settings, SystemClock(), Meter()))
    with otelier.open(root) as opened:
        assert values(opened) == taken
    with otelier.open(url, endpoint=s3, cache_dir=tmp_path / "last") as opened:
        assert values(opened) == taken
    assert any(there.list("segments/"))


def test_without_botocore_or_a_region_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(StartError, match=r"otelier\[aws\]"):
        bucket("http://127.0.0.1:9")
