"""The small HTTP endpoint and the metrics page on it, over real sockets."""

import http.client
import threading
from collections.abc import Generator, Iterator

import pytest

from otelier.component import Meter, StartError
from otelier.server.endpoint import Handler, Headers, HttpEndpoint, HttpRequest, Response, Stream
from otelier.server.http import HttpServerSettings
from otelier.server.metrics_endpoint import MetricsEndpoint, PrometheusReader

LOCAL = HttpServerSettings(endpoint="127.0.0.1:0")


def ask(address: tuple[str, int], path: str = "/", method: str = "GET", body: bytes = b"", **headers: str):
    connection = http.client.HTTPConnection(*address, timeout=20)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    answer.text = answer.read().decode()
    connection.close()
    return answer


class Endpoints:
    def __init__(self) -> None:
        self.started: list[HttpEndpoint] = []

    def serve(self, handler: Handler, settings: HttpServerSettings = LOCAL, **options: int) -> HttpEndpoint:
        endpoint = HttpEndpoint(settings, handler, "test", **options)
        self.started.append(endpoint)
        endpoint.start()
        return endpoint


@pytest.fixture
def endpoints() -> Iterator[Endpoints]:
    endpoints = Endpoints()
    yield endpoints
    for endpoint in endpoints.started:
        endpoint.stop()


def test_a_request_reaches_the_handler_as_it_was_sent(endpoints: Endpoints):
    def handler(request: HttpRequest) -> Response:
        text = f"{request.method} {request.path} {request.query} {request.headers['x-a']} {request.body!r}"
        return Response(201, (("x-b", "2"),), text.encode())

    answer = ask(endpoints.serve(handler).address, "/p/q?x=1&y=%20", "PUT", b"body", **{"X-A": "1"})
    assert (answer.status, answer.headers["x-b"], answer.text) == (201, "2", "PUT /p/q x=1&y=%20 1 b'body'")


def test_a_bug_in_the_handler_is_a_500_without_details_and_the_endpoint_lives_on(
    endpoints: Endpoints, caplog: pytest.LogCaptureFixture
):
    def handler(request: HttpRequest) -> Response:
        return Response(200, (), str(1 / int(request.query)).encode())

    address = endpoints.serve(handler).address
    answer = ask(address, "/?0")
    assert (answer.status, "ZeroDivisionError" in answer.text) == (500, False)
    assert "ZeroDivisionError" in caplog.text
    assert ask(address, "/?1").text == "1.0"


@pytest.mark.parametrize(
    ("path", "headers", "status", "told"),
    [
        ("/", {"cookie": "c" * 66_000}, 431, "the URL and the headers of this request have more than 65536 bytes"),
        ("/?query=" + "q" * 66_000, {}, 431, "send a long query by POST, as a form"),
    ],
)
def test_a_request_with_too_large_a_head_is_told_which_limit_it_meets_and_what_to_do(
    endpoints: Endpoints, path: str, headers: dict[str, str], status: int, told: str
):
    address = endpoints.serve(lambda _: Response(200, (), b"x")).address
    answer = ask(address, path, **headers)
    assert (answer.status, answer.headers["content-type"]) == (status, "text/plain; charset=utf-8")
    assert told in answer.text
    assert answer.text.endswith("\n")
    assert int(answer.headers["content-length"]) == len(answer.text)
    assert ask(address).text == "x"


class Panic(BaseException):
    """As native code raises it."""


def test_a_panic_in_native_code_and_an_answer_that_cannot_be_sent_end_no_thread(
    endpoints: Endpoints, caplog: pytest.LogCaptureFixture
):
    def handler(request: HttpRequest) -> Response:
        if request.path == "/panic":
            raise Panic("secret")
        return Response(200, (("no header name", "x"),) if request.path == "/unsendable" else ())

    address = endpoints.serve(handler).address
    answer = ask(address, "/panic")
    assert (answer.status, "secret" in answer.text) == (500, False)
    assert "can't answer GET /panic" in caplog.text
    assert ask(address, "/unsendable").status == 500
    assert ask(address).status == 200


def test_two_threads_answer_while_one_is_busy(endpoints: Endpoints):
    meet = threading.Barrier(2, timeout=20)

    def handler(request: HttpRequest) -> Response:
        meet.wait()
        return Response()

    address = endpoints.serve(handler, threads=2).address
    other = threading.Thread(target=ask, args=(address,))
    other.start()
    assert ask(address).status == 200
    other.join()


def test_stop_answers_what_is_under_way(endpoints: Endpoints):
    entered, release = threading.Event(), threading.Event()

    def handler(request: HttpRequest) -> Response:
        entered.set()
        assert release.wait(20)
        return Response(200)

    endpoint = endpoints.serve(handler)
    answers: list[int] = []
    asker = threading.Thread(target=lambda: answers.append(ask(endpoint.address).status))
    asker.start()
    assert entered.wait(20)
    stopper = threading.Thread(target=endpoint.stop, args=(20,))
    stopper.start()
    release.set()
    asker.join()
    stopper.join()
    assert answers == [200]


def test_a_stream_is_sent_as_it_is_made(endpoints: Endpoints):
    seen = threading.Semaphore(0)

    def pieces() -> Generator[bytes, None, Headers]:
        yield b"first "
        assert seen.acquire(timeout=20)
        yield b"second"
        return ()

    address = endpoints.serve(lambda _: Stream((("x-a", "1"),), pieces(), 201)).address
    connection = http.client.HTTPConnection(*address, timeout=20)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["x-a"], answer.read(6)) == (201, "1", b"first ")
    seen.release()
    assert answer.read() == b"second"
    connection.close()


def test_a_stream_whose_maker_fails_breaks_off(endpoints: Endpoints, caplog: pytest.LogCaptureFixture):
    def pieces() -> Generator[bytes, None, Headers]:
        yield b"first "
        raise ZeroDivisionError

    address = endpoints.serve(lambda _: Stream((), pieces())).address
    for _ in range(2):
        with pytest.raises(http.client.HTTPException):
            ask(address)
    assert "can't send the answer to GET /" in caplog.text  # one thread answers: the first failure has been told


def test_a_stream_is_closed_early_when_its_reader_goes(endpoints: Endpoints):
    closed = threading.Event()

    def pieces() -> Generator[bytes, None, Headers]:
        try:
            while True:
                yield bytes(2**20)
        finally:
            closed.set()

    connection = http.client.HTTPConnection(*endpoints.serve(lambda _: Stream((), pieces())).address, timeout=20)
    connection.request("GET", "/")
    connection.getresponse().read(10)
    connection.close()
    assert closed.wait(20)


def test_a_port_in_use_is_a_start_error_that_names_it(endpoints: Endpoints):
    host, port = endpoints.serve(lambda _: Response()).address
    with pytest.raises(StartError, match=f"{host}:{port} is already in use by pid"):
        endpoints.serve(lambda _: Response(), HttpServerSettings(endpoint=f"{host}:{port}"))


def test_stop_without_start_is_allowed():
    HttpEndpoint(LOCAL, lambda _: Response(), "test").stop()


@pytest.fixture
def metrics() -> Iterator[MetricsEndpoint]:
    meter = Meter()
    meter.counter("otelcol_x", "", "An example.").add(1)
    endpoint = MetricsEndpoint(meter, PrometheusReader(host="127.0.0.1", port=0), {"service.name": "otelier"})
    endpoint.start()
    yield endpoint
    endpoint.stop()


def test_the_metrics_page_is_in_the_format_that_is_asked_for(metrics: MetricsEndpoint, parse):
    plain = ask(metrics.address, "/metrics")
    assert (plain.status, plain.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert parse(plain.text.encode(), "text")["otelcol_x"].value(service_name="otelier") == 1
    other = ask(metrics.address, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert other.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert parse(other.text.encode(), "openmetrics")["otelcol_x"].value(service_name="otelier") == 1


def test_the_metrics_page_is_only_at_its_path_and_only_read(metrics: MetricsEndpoint):
    assert ask(metrics.address, "/").status == 404
    assert ask(metrics.address, "/metrics", "POST").status == 405


def test_the_metrics_page_is_on_localhost_8888_by_default():
    assert (PrometheusReader().host, PrometheusReader().port) == ("localhost", 8888)
