"""Both clients against Otelier's own server: what one end writes, the other reads."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier._core import Batch, Delivery, GrpcClient, HttpClient, live_bytes
from otelier.testing import decode, gauge, items, log_record, logs, metrics, span, traces

from ..server.served import Served
from .peers import Authority, large, settled

PLAIN: dict[str, Any] = {"insecure": True}


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Start servers that end with the test."""
    started: list[Served] = []

    def start(*args: Any, **options: Any) -> Served:
        started.append(Served(*args, **options))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def grpc_client(target: str, **options: Any) -> GrpcClient:
    return GrpcClient(json.dumps({"target": target, "tls": PLAIN, **options}).encode())


def http_client(**options: Any) -> HttpClient:
    return HttpClient(json.dumps(options).encode())


def url(served: Served, batch: Batch, scheme: str = "http") -> str:
    return f"{scheme}://{served.target}/v1/{batch.signal}"


EACH = [traces(span()), metrics(gauge("m", 1, 2)), logs(log_record("hello")), large()]


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd", "snappy", "deflate"])
def test_every_compression_of_grpc_arrives_equal(serve: Any, compression: str) -> None:
    served = serve(limits={"max_message_bytes": 64 << 20})
    client = grpc_client(served.target, compression=compression)
    for batch in EACH:
        result = client.send(batch, [], 20)
        assert result.ok, result
        assert decode(served.batches[-1]) == decode(batch)


@pytest.mark.parametrize("encoding", ["proto", "json"])
@pytest.mark.parametrize("compression", ["none", "gzip", "zstd", "snappy", "zlib", "deflate", "lz4"])
def test_every_compression_of_http_arrives_equal(serve: Any, compression: str, encoding: Any) -> None:
    served = serve("otlp_http")
    client = http_client(compression=compression)
    for batch in EACH:
        result = client.send(url(served, batch), batch, encoding, [], 20)
        assert result.ok, result
        assert decode(served.batches[-1]) == decode(batch)


@settings(max_examples=30, deadline=None)
@given(sizes=st.lists(st.integers(0, 2000), min_size=1, max_size=40), text=st.integers(0, 3000))
def test_any_list_of_segments_arrives_as_their_sum(sizes: list[int], text: int) -> None:
    parts = [traces(span(attributes={"text": "x" * text}))] + [items("traces", size % 60, first=size) for size in sizes]
    batch = Batch.join(parts)
    served = Served(limits={"max_message_bytes": 64 << 20}, delivery_bytes=64 << 20)
    try:
        client = grpc_client(served.target)
        assert client.send(batch, [], 20).ok
        client.close()
        assert [each.to_otlp() for each in served.batches] == [batch.to_otlp()]
    finally:
        served.stop()


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_refusals_and_partial_success_come_back(serve: Any, transport: str) -> None:
    answers = iter(
        [
            lambda delivery: delivery.refuse("the queue is full", retryable=True, retry_after_s=7),
            lambda delivery: delivery.refuse("it never will", retryable=False),
            lambda delivery: delivery.accept(1, "one bad id"),
        ]
    )
    served = serve("grpc" if transport == "grpc" else "otlp_http", lambda delivery: next(answers)(delivery))
    batch = traces(span(), span(number=2))
    if transport == "grpc":
        client = grpc_client(served.target)
        results = [client.send(batch, [], 20) for _ in range(3)]
    else:
        http = http_client()
        results = [http.send(url(served, batch), batch, "proto", [], 20) for _ in range(3)]
    later, never, partial = results
    codes = (14, 13) if transport == "grpc" else (503, 500)
    assert (later.code, later.message, later.retry_after_s) == (codes[0], "the queue is full", 7)
    assert (never.code, never.message, never.retry_after_s) == (codes[1], "it never will", None)
    assert (partial.ok, partial.rejected, partial.message) == (True, 1, "one bad id")


def test_https_speaks_http2_and_shares_one_connection(serve: Any, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.issue("server", "127.0.0.1")
    served = serve("otlp_http", tls={"cert_file": str(cert), "key_file": str(key)})
    client = http_client(tls={"ca_file": str(authority.file)})
    batch = large(4)
    assert client.send(url(served, batch, "https"), batch, "proto", [], 20).ok
    with ThreadPoolExecutor(4) as pool:
        sent = pool.map(lambda _: client.send(url(served, batch, "https"), batch, "proto", [], 20).ok, range(20))
        assert all(sent)
    assert served.items == 21 * batch.items
    assert served.count("connections_open") <= 4  # those who came first each began one


def test_old_connections_end_without_a_lost_request(serve: Any) -> None:
    served = serve(keepalive={"max_connection_age_s": 0.05, "max_connection_age_grace_s": 5})
    client = grpc_client(served.target)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: client.send(traces(span()), [], 20), range(2000)))
    assert {result.message for result in results} == {""}
    assert served.items == 2000


def test_a_silent_receiver_holds_nothing_after_the_timeout(serve: Any) -> None:
    kept: list[Delivery] = []
    served = serve("grpc", kept.append)
    client, batch = grpc_client(served.target), large(2)
    before = live_bytes()
    for _ in range(20):
        assert client.send(batch, [], 0.02).code == 4
    kept.clear()
    served.batches.clear()
    settled(lambda: live_bytes() == before)
