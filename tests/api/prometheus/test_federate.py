"""`/federate` is a page that another Prometheus scrapes: current values, with their times."""

from urllib.parse import urlencode

from .conftest import Prometheus


def page(prometheus, *matches, accept=""):
    query = urlencode({"match[]": matches}, doseq=True)
    return prometheus.ask("GET", f"/federate?{query}", headers={"accept": accept} if accept else {})


def load(prometheus, *lines):
    now_ms = prometheus.clock.time_ns() // 10**6
    for line in lines:
        prometheus.metrics.load(line, 10_000, now_ms - 20_000)
    return now_ms


def test_current_values_by_name(prometheus):
    now_ms = load(prometheus, 'up{job="b"} 1 1 0', 'a_total{path="x\\"y"} 1 2.5', "gone 1 stale", "{job='nameless'} 1")
    prometheus.metrics.load("old 1", 1000, now_ms - 400_000)
    answer = page(prometheus, '{__name__=~".+"}', "up", '{job="nameless"}')
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.body.decode().splitlines() == [
        "# TYPE a_total untyped",
        f'a_total{{path="x\\"y",instance=""}} 2.5 {now_ms - 10_000}',
        "# TYPE up untyped",
        f'up{{job="b",instance=""}} 0 {now_ms}',
    ]


def test_openmetrics_for_who_asks(prometheus):
    now_ms = load(prometheus, "up 1 1 1")
    answer = page(prometheus, "up", accept="application/openmetrics-text;version=1.0.0")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.body.decode() == f'# TYPE up unknown\nup{{instance=""}} 1 {now_ms // 1000}\n# EOF\n'


def test_external_labels_fill_in_what_is_missing():
    prometheus = Prometheus(external_labels={"region": "eu", "job": "outer"})
    try:
        now_ms = load(prometheus, 'up{job="a",instance="i"} 1 1 1')
        lines = page(prometheus, "up").body.decode().splitlines()
    finally:
        prometheus.stop()
    assert lines[1] == f'up{{instance="i",job="a",region="eu"}} 1 {now_ms}'


def test_custom_buckets_become_classic_ones_and_others_stay_away(prometheus):
    now_ms = load(
        prometheus,
        "h {{schema:-53 count:6 sum:9 custom_values:[1 2.5] buckets:[1 2 3]}}x2",
        "exponential {{schema:0 count:1 sum:1 buckets:[1]}}x2",
    )
    assert page(prometheus, "h", "exponential").body.decode().splitlines() == [
        "# TYPE h histogram",
        f'h_bucket{{instance="",le="1"}} 1 {now_ms}',
        f'h_bucket{{instance="",le="2.5"}} 3 {now_ms}',
        f'h_bucket{{instance="",le="+Inf"}} 6 {now_ms}',
        f'h_sum{{instance=""}} 9 {now_ms}',
        f'h_count{{instance=""}} 6 {now_ms}',
    ]


def test_names_that_scrapers_do_not_know_are_quoted(prometheus):
    now_ms = load(prometheus, '{"http.server","service.name"="x"} 1 1 1')
    assert page(prometheus, '{"http.server"}').body.decode().splitlines() == [
        '# TYPE "http.server" untyped',
        f'{{"http.server","service.name"="x",instance=""}} 1 {now_ms}',
    ]


def test_nothing_is_asked_for(prometheus):
    load(prometheus, "up 1 1 1")
    assert page(prometheus).body == b""
    assert page(prometheus, "sum(up)").status == 400
