"""What there is: the requests of Grafana's variables and its metric browser."""

import pytest

UP = ('up{job="a",service_name="x"} 1', 'up{job="b"} 1')
TRACE = (("trace_id", "0af7651916cd43dd8448eb211c80319c"),)


@pytest.fixture
def filled(prometheus):
    for line in (*UP, '{"http.server.duration","service.name"="x","a_b"="y"} 1', "old 1"):
        prometheus.metrics.load(line, 1000, 0 if line.startswith("old") else 100_000)
    return prometheus


def test_label_values_of_a_variable(filled):
    """`label_values(up{job="a"}, service_name)`: Grafana sends selector and time range."""
    assert filled.get("label/service_name/values", match='up{job="a"}', start=0, end=200).data == ["x"]
    assert filled.get("label/job/values").data == ["a", "b"]
    assert filled.get("label/job/values", match=['up{job="a"}', 'up{job="b"}'], start=0, end=99).data == []
    assert filled.get("label/__name__/values", start=50, end=200).data == ["http.server.duration", "up"]
    assert filled.get("label/nothing/values").data == []


@pytest.mark.parametrize(
    ("name", "values"),
    [("U__service_2e_name", ["x"]), ("U__a__b", ["y"]), ("service.name", ["x"]), ("U__a_zz_b", []), ("U__a_d800_", [])],
)
def test_names_of_labels_may_be_escaped(filled, name, values):
    assert filled.get(f"label/{name}/values").data == values


@pytest.mark.parametrize(
    ("name", "shown"),
    [("%ff", r"\xff"), ("a%ffb", r"a\xffb"), ("U__a_2e_%ff", r"a.\xff"), ("U__", ""), ("%22%ff", r"\"\xff")],
)
def test_a_name_that_can_be_none_is_told(filled, name, shown):
    answer = filled.get(f"label/{name}/values")
    assert (answer.status, answer.json["errorType"]) == (400, "bad_data")
    assert answer.json["error"] == f'invalid label name: "{shown}"'


@pytest.mark.parametrize("method", ["get", "post"])
def test_label_names(filled, method):
    ask = getattr(filled, method)
    assert ask("labels").data == ["__name__", "a_b", "job", "service.name", "service_name"]
    assert ask("labels", match="up", start=0, end=200).data == ["__name__", "job", "service_name"]
    limited = ask("labels", limit=2)
    assert limited.data == ["__name__", "a_b"]
    assert limited.json["warnings"] == ["results truncated due to limit"]


@pytest.mark.parametrize("method", ["get", "post"])
def test_series_of_several_selectors(filled, method):
    ask = getattr(filled, method)
    found = ask("series", match=["up", 'up{job="a"}', "old"], start="1970-01-01T00:00:00Z", end="200").data
    assert {each["__name__"] for each in found} == {"up", "old"}
    assert len(found) == 3
    assert {"__name__": "up", "job": "b"} in found
    limited = ask("series", match="up", limit=1)
    assert len(limited.data) == 1
    assert limited.json["warnings"] == ["results truncated due to limit"]


def test_metadata_by_family(prometheus):
    prometheus.metrics.describe("up", "gauge", "Whether it is up.")
    prometheus.metrics.describe("up", "unknown", "")
    prometheus.metrics.describe("size_bytes", "counter", "Size.", "bytes")
    up = [{"type": "gauge", "unit": "", "help": "Whether it is up."}, {"type": "unknown", "unit": "", "help": ""}]
    size = [{"type": "counter", "unit": "bytes", "help": "Size."}]
    assert prometheus.get("metadata").data == {"size_bytes": size, "up": up}
    assert prometheus.get("metadata", metric="up", limit_per_metric=1).data == {"up": up[:1]}
    assert prometheus.get("metadata", limit=1).data == {"size_bytes": size}
    assert prometheus.get("metadata", limit=0).data == {}
    assert prometheus.get("metadata", metric="nothing").data == {}
