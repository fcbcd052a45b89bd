"""The inbox: what comes together, what waits, and that memory is bounded whatever clients do."""

import http.client
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from otelier._core import Delivery, Inbox
from otelier.testing import decode, log_record, logs, span, traces

from ..client.peers import settled
from .served import Served

Serve = Callable[..., Served]
PROTOBUF = {"content-type": "application/x-protobuf"}


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as threads:
        yield threads


def send(served: Served, data: bytes, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(served.host, served.port, timeout=30)
    try:
        signal = headers.pop("signal", "traces")
        connection.request("POST", f"/v1/{signal}", data, {**PROTOBUF, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def named(name: str, size: int = 0) -> bytes:
    return traces(span(name, attributes={"filler": "x" * size})).to_otlp()


def names(delivery: Delivery | None) -> list[str]:
    assert delivery
    request: Any = decode(delivery.batch)
    return [s.name for r in request.resource_spans for scope in r.scope_spans for s in scope.spans]


def received(served: Served, max_bytes: int = 4 << 20, signal: Any = "traces") -> Delivery:
    delivery = served.inbox.receive(signal, max_bytes, 20)
    assert delivery
    return delivery


def gathered(served: Served, pool: ThreadPoolExecutor, sends: list[tuple[bytes, dict[str, str]]]) -> list[Future[Any]]:
    """Requests of which all are in the inbox, in this order: each is seen there before the next is sent."""
    futures: list[Future[Any]] = []
    for number, (body, headers) in enumerate(sends, 1):
        futures.append(pool.submit(send, served, body, **headers))
        settled(lambda number=number: served.inbox.waiting("traces") == number)
    return futures


# -- what comes together ------------------------------------------------------------------------


def test_requests_that_wait_come_as_one_delivery_and_each_is_answered(serve: Serve, pool: ThreadPoolExecutor) -> None:
    served = serve("otlp_http", threads=False)
    waiting = gathered(served, pool, [(named(n), {}) for n in "abc"])
    delivery = received(served)
    assert delivery.requests == 3
    assert names(delivery) == ["a", "b", "c"]
    assert delivery.batch.items == 3
    delivery.accept()
    assert [each.result()[0] for each in waiting] == [200, 200, 200]


@pytest.mark.parametrize("included", [True, False])
def test_only_requests_with_equal_metadata_come_together(
    serve: Serve, pool: ThreadPoolExecutor, included: bool
) -> None:
    served = serve("otlp_http", threads=False, include_metadata=included)
    tenants = ["x", "x", "y", "x"]
    waiting = gathered(served, pool, [(named(str(n)), {"x-tenant": t}) for n, t in enumerate(tenants)])
    groups: list[list[str]] = []
    while sum(map(len, groups)) < 4:
        delivery = received(served)
        groups.append(names(delivery))
        assert delivery.batch.metadata.get("x-tenant", ("x",))[0] == tenants[int(groups[-1][0])] or not included
        delivery.accept()
    assert groups == ([["0", "1"], ["2"], ["3"]] if included else [["0", "1", "2", "3"]])
    assert all(each.result()[0] == 200 for each in waiting)


def test_a_delivery_is_not_larger_than_asked_unless_it_is_one_request(serve: Serve, pool: ThreadPoolExecutor) -> None:
    served = serve("otlp_http", threads=False)
    sizes = [100, 100, 5_000, 100, 100, 100]
    waiting = gathered(served, pool, [(named(str(n), size), {}) for n, size in enumerate(sizes)])
    groups: list[list[str]] = []
    while sum(map(len, groups)) < len(sizes):
        delivery = received(served, max_bytes=500)
        groups.append(names(delivery))
        assert delivery.batch.size_bytes <= 500 or delivery.requests == 1
        delivery.accept()
    assert groups == [["0", "1"], ["2"], ["3", "4"], ["5"]]
    assert all(each.result()[0] == 200 for each in waiting)


def test_parts_are_answered_one_by_one(serve: Serve, pool: ThreadPoolExecutor) -> None:
    served = serve("otlp_http", threads=False)
    waiting = gathered(served, pool, [(named(n), {}) for n in "abc"])
    delivery = received(served)
    first, second, third = delivery.parts()
    assert [names(part) for part in (first, second, third)] == [["a"], ["b"], ["c"]]
    with pytest.raises(RuntimeError, match="answered already"):
        delivery.accept()
    first.accept()
    second.refuse("bad", retryable=False)
    third.refuse("later", retryable=True)
    assert [each.result()[0] for each in waiting] == [200, 500, 503]


def test_rejected_items_are_told_to_requests_in_order_and_no_more_than_each_has(
    serve: Serve, pool: ThreadPoolExecutor
) -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    served = serve("otlp_http", threads=False)
    two = traces(span(), span(number=2)).to_otlp()
    waiting = gathered(served, pool, [(two, {}) for _ in range(3)])
    received(served).accept(3, "too old")
    told = [ExportTraceServiceResponse.FromString(each.result()[1]).partial_success for each in waiting]
    assert [(t.rejected_spans, t.error_message) for t in told] == [(2, "too old"), (1, "too old"), (0, "")]


def test_signals_do_not_wait_for_each_other(serve: Serve, pool: ThreadPoolExecutor) -> None:
    served = serve("otlp_http", threads=False)
    stuck = pool.submit(send, served, named("stuck"))
    delivery = received(served)
    answered = pool.submit(send, served, logs(log_record("hi")).to_otlp(), signal="logs")
    received(served, signal="logs").accept()
    assert answered.result()[0] == 200
    assert not stuck.done()
    delivery.accept()
    assert stuck.result()[0] == 200


def test_several_threads_share_one_signal(serve: Serve, pool: ThreadPoolExecutor) -> None:
    served = serve("otlp_http", threads=False)
    takers = [pool.submit(served.inbox.receive, "traces", 1, 20) for _ in range(3)]
    waiting = [pool.submit(send, served, named("x")) for _ in range(3)]
    for taker in takers:
        delivery = taker.result()
        assert delivery
        delivery.accept()
    assert [each.result()[0] for each in waiting] == [200] * 3


def test_a_request_whose_client_has_gone_is_not_delivered(serve: Serve, held: Callable[[], int]) -> None:
    served = serve("otlp_http", threads=False)
    connection = http.client.HTTPConnection(served.host, served.port, timeout=20)
    connection.request("POST", "/v1/traces", named("gone"), PROTOBUF)
    settled(lambda: served.inbox.waiting("traces") == 1)
    connection.close()
    settled(lambda: served.count("refused_requests", reason="cancelled") == 1)
    assert served.inbox.receive("traces", 1, 0.05) is None
    assert held() == 0


# -- how it ends --------------------------------------------------------------------------------


def test_waiting_ends_with_the_timeout_and_with_the_inbox() -> None:
    inbox = Inbox(1000)
    assert inbox.receive("logs", 1, 0) is None
    woken: list[Any] = []
    threads = [threading.Thread(target=lambda: woken.append(inbox.receive("traces", 1, 60))) for _ in range(2)]
    threads.append(threading.Thread(target=lambda: woken.append(inbox.receive_http(60))))
    for thread in threads:
        thread.start()
    assert not inbox.closed
    inbox.close()
    for thread in threads:
        thread.join()
    assert woken == [None, None, None]
    assert inbox.closed


def test_a_closed_inbox_gives_what_it_has_and_refuses_more(serve: Serve, pool: ThreadPoolExecutor) -> None:
    served = serve("otlp_http", threads=False)
    waiting = gathered(served, pool, [(named("last"), {})])
    served.inbox.close()
    assert send(served, named("late"))[0] == 503
    assert served.count("refused_requests", reason="stopping") == 1
    received(served).accept()
    assert waiting[0].result()[0] == 200
    assert served.inbox.receive("traces", 1, 60) is None


def test_a_signal_that_does_not_exist_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="traces"):
        Inbox(1).receive("profiles", 1, 0)  # type: ignore[arg-type]


# -- how much it holds --------------------------------------------------------------------------


def test_a_full_inbox_tells_new_requests_to_try_again(
    serve: Serve, pool: ThreadPoolExecutor, held: Callable[[], int]
) -> None:
    served = serve("otlp_http", threads=False, inbox_bytes=100_000, limits={"inbox_wait_s": 0.05})
    waiting = gathered(served, pool, [(named("a", 90_000), {}), (named("b", 90_000), {})])  # the second overdraws
    status, _ = send(served, named("c", 90_000))
    assert status == 503
    assert served.count("refused_requests", reason="inbox_full") == 1
    assert held() < 200_000
    received(served).accept()
    assert {each.result()[0] for each in waiting} == {200}


def test_requests_wait_for_room_and_then_pass(serve: Serve, pool: ThreadPoolExecutor, held: Callable[[], int]) -> None:
    served = serve("otlp_http", threads=False, inbox_bytes=100_000, limits={"inbox_wait_s": 20})
    bodies = [named(str(n), 60_000) for n in range(12)]
    waiting = [pool.submit(send, served, body) for body in bodies]
    most, seen = 0, 0
    while seen < len(bodies):
        delivery = received(served, max_bytes=1)
        most = max(most, held())
        seen += delivery.requests
        delivery.accept()
        del delivery
    assert {each.result()[0] for each in waiting} == {200}
    assert most < 300_000  # the budget, one request beyond it, one delivery


def test_a_request_larger_than_the_whole_inbox_passes_alone(serve: Serve) -> None:
    served = serve("otlp_http", inbox_bytes=1000)
    for _ in range(3):
        assert send(served, named("large", 1_000_000))[0] == 200
    assert served.items == 3


def test_all_room_is_given_back(serve: Serve, pool: ThreadPoolExecutor, held: Callable[[], int]) -> None:
    served = serve("otlp_http", inbox_bytes=100_000, limits={"inbox_wait_s": 20})
    bodies = [named("ok", 70_000), b"\xff" * 70_000, named("large", 200_000)] * 6
    statuses = list(pool.map(lambda body: send(served, body)[0], bodies))
    assert statuses == [200, 400, 200] * 6
    served.batches.clear()
    assert held() == 0
    assert send(served, named("ok", 70_000))[0] == 200
