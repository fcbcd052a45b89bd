"""The shared configuration that keeps chosen services, from outside: exactly the traces that its policies name."""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from otelier._core import GrpcClient
from otelier.telemetry import Batch

from .two_layers import seeded
from .two_layers.conftest import Pod, TraceStore

pytestmark = [pytest.mark.shared, pytest.mark.timeout(120)]
ADDRESS = "127.0.7.41"
COUNT = 4000


@pytest.fixture
def store() -> Iterator[TraceStore]:
    made = TraceStore()
    yield made
    made.close()


def corpus() -> list[seeded.Trace]:
    """As a shop's services send them; some spans take just a second or a little more, some traces three."""
    made = seeded.traces(COUNT, seed=7)
    rng = random.Random(8)
    for trace in made:
        if rng.random() < 0.2:
            _, span = rng.choice(trace.spans)
            span.end_time_unix_nano = span.start_time_unix_nano + rng.choice([10**9, 10**9 + 1, 999_999_999])
        if rng.random() < 0.1:
            # A slow trace of quick spans.
            _, span = trace.spans[-1]
            late = rng.choice([2_900, 3_100]) * 10**6
            span.start_time_unix_nano += late
            span.end_time_unix_nano = span.start_time_unix_nano + 10**6
    return made


def kept(trace: seeded.Trace) -> bool:
    spans = [span for _, span in trace.spans]
    took_ns = max(span.end_time_unix_nano for span in spans) - min(span.start_time_unix_nano for span in spans)
    return (
        any(service in ("payment", "checkout") for service, _ in trace.spans)
        or any(span.end_time_unix_nano - span.start_time_unix_nano > 10**9 for span in spans)
        or took_ns // 10**6 > 3000
        or any(span.status.code == Status.STATUS_CODE_ERROR for span in spans)
        or seeded.fnv1a(b"default-hash-seed" + trace.id) <= int((2**64 - 1) * 0.05)
    )


def test_the_kept_set_is_what_the_policies_say(shared, tmp_path, store):
    file = shared / "configs" / "layer2-tailsampling-services.yaml"
    pod = Pod(file, ADDRESS, tmp_path, TRACE_STORE_ENDPOINT=store.url(ADDRESS))
    try:
        pod.until_logged("everything is ready")
        made = corpus()
        expected = {trace.id: len(trace.spans) for trace in made if kept(trace)}
        assert COUNT // 2 < len(expected) < COUNT * 9 // 10, "both sides of the policies are there"
        options = {"target": f"{ADDRESS}:4317", "tls": {"insecure": True}, "compression": "none"}
        client = GrpcClient(json.dumps(options).encode())
        for request in seeded.requests(made):
            assert client.send(Batch.from_otlp("traces", request), [], 10).ok
        client.close()
        end = time.monotonic() + 60
        while store.all_spans().total() < sum(expected.values()) and time.monotonic() < end:
            time.sleep(0.2)
        assert store.all_spans() == Counter(expected), "to the last span"
        assert pod.counters(r"dropped|failed|refused|rejected|too_early|evicted") == {}
    finally:
        pod.end()
