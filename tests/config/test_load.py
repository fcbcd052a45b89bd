import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.config import ConfigError, load


def refusal(*sources: str, sets=(), env=None) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load(sources, sets, env=env or {})
    return str(error.value).splitlines()


@pytest.mark.shared
def test_every_shared_configuration_loads_unchanged(shared: Path) -> None:
    files = sorted((shared / "configs").glob("*.yaml"))
    assert files
    for file in files:
        before = file.read_bytes()
        document = load([str(file)], env={})
        assert {"receivers", "service"} <= document.tree.keys()
        assert all("is not set" in warning.message for warning in document.warnings)
        assert file.read_bytes() == before


@pytest.mark.proves("collector.case_24")
def test_later_files_win_maps_join_lists_are_replaced_and_null_wins(write) -> None:
    first = write("a: {x: 1, y: [1, 2]}\nb: {keep: 1}\nc: {gone: 1}\n", "1.yaml")
    second = write("a: {y: [3], z: 2}\nb:\nd: 1\nc: {gone: }\n", "2.yaml")
    document = load([first, second], env={})
    assert document.tree == {"a": {"x": 1, "y": [3], "z": 2}, "b": None, "c": {"gone": None}, "d": 1}
    assert str(document.where(("a", "x"))) == "1.yaml:1:8"
    assert str(document.where(("a", "z"))) == "2.yaml:1:16"
    assert str(document.where(("a", "y"))) == "2.yaml:1:5"


@pytest.mark.proves("collector.case_24")
def test_a_set_comes_last_and_is_yaml(write) -> None:
    file = write("exporters: {otlp: {endpoint: x, tls: {insecure: false}}}\nlist: [1, 2]\n")
    sets = ["exporters.otlp.tls.insecure=true", "list=[9]", "new.deep.key=a=b", "exporters.otlp.n=${env:N}"]
    document = load([file], sets, env={"N": "7"})
    assert document.tree == {
        "exporters": {"otlp": {"endpoint": "x", "tls": {"insecure": True}, "n": 7}},
        "list": [9],
        "new": {"deep": {"key": "a=b"}},
    }
    assert str(document.where(("exporters", "otlp", "tls", "insecure"))) == "--set exporters.otlp.tls.insecure"
    assert str(document.where(("exporters", "otlp", "endpoint"))) == "c.yaml:1:30"


@pytest.mark.parametrize("setting", ["a.b", "=1", "a..b=1", ".=1", "a=[1", "a='", "a={x: 1, x: 2}", "a=*b"])
def test_a_set_that_is_none_is_refused_without_showing_its_value(setting: str) -> None:
    (line,) = refusal(sets=[setting])
    assert line.startswith("--set ")
    assert "=" not in line.split(": ")[0]


def test_a_helm_values_file_gives_what_is_under_config(write) -> None:
    file = write("mode: deployment\nimage: {tag: <tag>}\nconfig:\n  receivers: {otlp: {}}\n  service: {}\n")
    document = load([file], env={})
    assert document.tree == {"receivers": {"otlp": {}}, "service": {}}
    (warning,) = document.warnings
    assert (
        str(warning)
        == "c.yaml:3:1: read as a Helm values file: only what is under `config` counts, not `mode`, `image`"
    )
    assert str(document.where(("receivers", "otlp"))) == "c.yaml:4:15"


HELM = """
config:
  receivers: {jaeger: null, otlp: }
  processors: {batch: null, memory_limiter: null}
  exporters: {debug: {}}
  extensions: {health_check: , zpages: }
  service:
    extensions: [health_check]
    pipelines:
      logs: null
      traces: {receivers: [otlp], processors: [batch], exporters: [debug]}
"""


def test_null_in_a_helm_values_file_takes_away_what_no_pipeline_names(write) -> None:
    """The chart has receivers and pipelines of its own, which users switch off so."""
    tree = load([write(HELM)], env={}).tree
    assert tree["receivers"] == {"otlp": None}
    assert tree["processors"] == {"batch": None}
    assert tree["extensions"] == {"health_check": None}
    assert list(tree["service"]["pipelines"]) == ["traces"]


def test_null_in_a_helm_values_file_takes_away_what_an_earlier_one_has(write) -> None:
    first = write(
        "config: {exporters: {debug: {a: 1}, nop: {}}, service: {pipelines: {logs: {}, traces: {}}}}", "1.yaml"
    )
    second = write("config: {exporters: {debug: null}, service: {pipelines: {logs: null}}}", "2.yaml")
    assert load([first, second], env={}).tree == {"exporters": {"nop": {}}, "service": {"pipelines": {"traces": {}}}}


def test_null_in_any_other_file_is_a_component_with_defaults(write) -> None:
    text = "receivers: {jaeger: null}\nservice: {pipelines: {traces: null}}\n"
    assert load([write(text)], env={}).tree["receivers"] == {"jaeger": None}


def test_a_collector_file_may_have_a_key_called_config(write) -> None:
    assert load([write("receivers: {}\nconfig: {a: 1}\n")], env={}).tree == {"receivers": {}, "config": {"a": 1}}


def test_sources_of_every_provider(write) -> None:
    write("a: 1\n")
    document = load(["file:c.yaml", "env:MORE", "yaml:x::y: 2s", "yaml:x: {z: 3}"], env={"MORE": "b: {c: 1}"})
    assert document.tree == {"a": 1, "b": {"c": 1}, "x": {"y": "2s", "z": 3}}
    assert str(document.where(("b", "c"))) == "env:MORE:1:8"


@pytest.fixture
def web() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/c.yaml" else 404)
            self.end_headers()
            self.wfile.write(b"a: {b: 1}\n" if self.path == "/c.yaml" else b"")

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_source_on_the_web(web: str) -> None:
    document = load([f"{web}/c.yaml"], env={})
    assert document.tree == {"a": {"b": 1}}
    assert str(document.where(("a", "b"))) == f"{web}/c.yaml:1:8"
    assert "Not Found" in refusal(f"{web}/other.yaml")[0]


def test_yaml_on_the_command_line_is_named_without_its_values() -> None:
    (line,) = refusal("yaml:exporters::otlp::headers::authorization: [hunter2")
    assert line.startswith("yaml:exporters::otlp::headers::authorization:2:1: a list")
    assert "hunter2" not in line


def test_sources_that_cannot_be_read_are_named_all_at_once(write) -> None:
    write("a: [1\n", "broken.yaml")
    lines = refusal("missing.yaml", "broken.yaml", "s3:bucket", ".", "env:NONE-SUCH", "yaml:[1]")
    assert [line.split(": ")[0] for line in lines] == [
        ".",
        "broken.yaml:2:1",
        "env:NONE-SUCH",
        "missing.yaml",
        "s3:bucket",
        "yaml:[1]:1:1",
    ]
    assert "No such file" in lines[3]


def test_more_than_a_hundred_sources_are_refused() -> None:
    assert load(["yaml:a: 1"] * 100, env={}).tree == {"a": 1}
    assert "at most 100" in refusal(*["yaml:a: 1"] * 101)[0]


def test_an_empty_file_is_an_empty_configuration(write) -> None:
    assert load([write("# nothing yet\n")], env={}).tree == {}
    assert load([], env={}).tree == {}


@pytest.mark.parametrize(
    ("text", "place", "name"),
    [
        ("a: {{ .Values.host }}\n", "1:4", "{{ .Values.host }}"),
        ("b: 1\na: {{ .Values.host }}:4317\n", "2:4", "{{ .Values.host }}"),
        ("{{- if .Values.x }}\na: 1\n", "1:1", "{{- if .Values.x }}"),
        ("a: '{{ .host }}:4317'\n", "1:4", "{{ .host }}"),
        ("a:\n  - <your-endpoint>\n", "2:5", "<your-endpoint>"),
        ("a: https://<host>:4317/v1\n", "1:4", "<host>"),
        ("a: ...\n", "1:4", "..."),
        ("a: [...]\n", "1:5", "..."),
    ],
)
def test_an_unfilled_placeholder_is_called_that(write, text: str, place: str, name: str) -> None:
    expected = f"c.yaml:{place}: unfilled placeholder `{name}` (write the value that belongs here)"
    assert refusal(write(text)) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "^(?P<service>[a-z]+)$",
        'attributes["a"] < 5 and attributes["b"] > 3',
        'set(body, "{{x}} is <b>bold</b>")',
        "a...",
        "<",
        "<1>",
        "<redacted>",
        "<Unknown>",
        "<nil-service-name>",
        "{ {",
    ],
)
def test_what_only_looks_like_a_placeholder_is_a_value(write, text: str) -> None:
    quoted = "'" + text + "'"
    assert load([write(f"a: {quoted}\n")], env={}).tree == {"a": text}


def test_all_templates_of_a_file_that_is_no_yaml_are_named(write) -> None:
    file = write("a: {{ .One }}:1\n# {{ .Comment }}\nb: x{{ .Two }}: [\n")
    assert [line.split(" (")[0] for line in refusal(file)] == [
        "c.yaml:1:4: unfilled placeholder `{{ .One }}`",
        "c.yaml:3:5: unfilled placeholder `{{ .Two }}`",
    ]


def test_problems_can_be_gathered_with_those_of_the_caller(write) -> None:
    problems = []
    document = load([write("a: <x>\nb: 1\nb: 2\nc: ${1}\nd: 5\n")], env={}, problems=problems)
    assert sorted(problem.location.line for problem in problems) == [1, 3, 4]
    assert document.tree["d"] == 5
    with pytest.raises(ConfigError):
        load(["c.yaml"], env={})


scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["a", "b"])
trees = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        scalars | st.lists(scalars, max_size=2),
        lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=3,
)


def merged(*parts: dict) -> dict:
    import json

    return load([f"yaml:{json.dumps(part)}" for part in parts], env={}).tree


def joined(under: object, over: object) -> object:
    if isinstance(under, dict) and isinstance(over, dict):
        return {**under, **{k: joined(under[k], v) if k in under else v for k, v in over.items()}}
    return over


@given(trees, trees, trees)
def test_merging_is_deep_from_left_to_right(a: dict, b: dict, c: dict) -> None:
    assert merged(a, {}) == merged({}, a) == merged(a, a) == a
    assert merged(a, b, c) == joined(joined(a, b), c)
