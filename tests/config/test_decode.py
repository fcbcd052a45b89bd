from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, UnsetType, field

from otelier.component import ComponentID, Config, Duration, Secret
from otelier.config import ConfigError, decode, load


class Queue(Config):
    enabled: bool = True
    queue_size: Annotated[int, Meta(ge=1)] = 1000
    flush_timeout: Annotated[Duration, Meta(ge=0)] = Duration(0.2)
    max_size: int = 0

    def problems(self) -> Iterable[tuple[str, str]]:
        if 0 < self.max_size < self.queue_size:
            yield "max_size", "must not be less than queue_size"


class Grpc(Config):
    endpoint: str = "localhost:4317"


class Protocols(Config):
    grpc: Grpc | None = None
    http: Grpc | UnsetType | None = UNSET


class Policy(Config):
    name: Annotated[str, Meta(min_length=1)]
    values: tuple[str, ...] = ()


class Level(StrEnum):
    BASIC = "basic"
    DETAILED = "detailed"


class Everything(Config):
    endpoint: str = ""
    headers: dict[str, Secret] = field(default_factory=dict)
    password: Secret = Secret("")
    sending_queue: Queue = Queue(enabled=False, queue_size=7)
    protocols: Protocols = Protocols()
    policies: list[Policy] = field(default_factory=list)
    named: Mapping[str, Policy] = field(default_factory=dict)
    percentage: Annotated[float, Meta(ge=0, le=100)] = 5
    version: Literal["", "1.2", "1.3"] = ""
    level: Level = Level.BASIC
    storage: ComponentID | None = None
    wait: Duration | Literal["auto"] = "auto"
    tls: bool | Grpc = False
    from_: str = field(name="from", default="")
    pair: tuple[str, int] = ("", 0)
    keys: frozenset[str] = frozenset()
    options: Any = None


def decoded(text: str, **env: str) -> Everything:
    document = load(["env:CONFIG"], env={"CONFIG": text, **env})
    return decode(Everything, document.tree, (), document)


def refusal(text: str, kind: type[Config] = Everything, **env: str) -> list[str]:
    document = load(["env:CONFIG"], env={"CONFIG": text, **env})
    with pytest.raises(ConfigError) as error:
        decode(kind, document.tree, (), document)
    return [line.removeprefix("env:CONFIG:") for line in str(error.value).splitlines()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Everything()),
        ("endpoint: 0123", Everything(endpoint="0123")),
        ("endpoint: true", Everything(endpoint="true")),
        ("endpoint: 1.50", Everything(endpoint="1.50")),
        ("endpoint:", Everything(endpoint="")),
        ("percentage: 5", Everything(percentage=5.0)),
        ("percentage: '12.5'", Everything(percentage=12.5)),
        ("sending_queue: {queue_size: '0x10'}", Everything(sending_queue=Queue(enabled=False, queue_size=16))),
        ("sending_queue: {queue_size: 1e3}", Everything(sending_queue=Queue(enabled=False, queue_size=1000))),
        ("sending_queue: {enabled: 'true'}", Everything(sending_queue=Queue(enabled=True, queue_size=7))),
        ("sending_queue:", Everything()),
        (
            "sending_queue: {flush_timeout: 1m}",
            Everything(sending_queue=Queue(enabled=False, queue_size=7, flush_timeout=Duration(60))),
        ),
        ("headers: {a: 1, b: x}", Everything(headers={"a": Secret("1"), "b": Secret("x")})),
        ("headers:", Everything()),
        ("protocols: {grpc: }", Everything(protocols=Protocols(grpc=Grpc()))),
        ("protocols: {http: {endpoint: x}}", Everything(protocols=Protocols(http=Grpc(endpoint="x")))),
        (
            "policies: [{name: a, values: b}, {name: 1, values: [1, x]}]",
            Everything(policies=[Policy(name="a", values=("b",)), Policy(name="1", values=("1", "x"))]),
        ),
        ("policies: {name: a}", None),
        ("named: {x: {name: a}}", Everything(named={"x": Policy(name="a")})),
        ("version: 1.2", Everything(version="1.2")),
        ("level: detailed", Everything(level=Level.DETAILED)),
        ("level: Detailed", Everything(level=Level.DETAILED)),
        ("wait: AUTO", Everything(wait="auto")),
        ("storage: file_storage/a", Everything(storage=ComponentID("file_storage", "a"))),
        ("storage:", Everything()),
        ("wait: 5s", Everything(wait=Duration(5))),
        ("wait: auto", Everything()),
        ("tls: true", Everything(tls=True)),
        ("tls: {endpoint: x}", Everything(tls=Grpc(endpoint="x"))),
        ("from: x", Everything(from_="x")),
        ("pair: [a, 2]", Everything(pair=("a", 2))),
        ("keys: [a, b, a]", Everything(keys=frozenset({"a", "b"}))),
        ("keys: ''", Everything()),
        ("options: {any: [thing, 1]}", Everything(options={"any": ["thing", 1]})),
    ],
)
def test_values_are_taken_where_they_can_mean_one_thing(text: str, expected: Everything | None) -> None:
    if expected is None:
        assert refusal(text)
    else:
        found = decoded(text)
        assert found == expected
        assert [type(entry) for entry in found.headers.values()] == [Secret] * len(found.headers)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("endpont: x", "1:1: unknown key `endpont` (did you mean `endpoint`?)"),
        ("sendingQueue: x", "1:1: unknown key `sendingQueue` (did you mean `sending_queue`?)"),
        ("protocols: {grpc: {zzz: 1}}", "1:20: unknown key `zzz` (there is only `endpoint`)"),
        ("protocols: {zzz: 1}", "1:13: unknown key `zzz` (there are `grpc`, `http`)"),
        ("endpoint: [x]", "1:1: `endpoint`: expected text, got a list"),
        ("endpoint: {x: 1}", "1:1: `endpoint`: expected text, got keys and values"),
        ("percentage: abc", '1:13: `percentage`: expected a number, got the text "abc"'),
        ("percentage: true", "1:13: `percentage`: expected a number, got true"),
        ("percentage: 101", "1:13: `percentage`: must be at most 100, got the number 101"),
        ("percentage: .nan", "1:13: `percentage`: must be at least 0, got the number .nan"),
        ("percentage: ${env:P}", '1:13: `percentage`: expected a number, got the text "x" (from ${env:P})'),
        (
            "sending_queue: {flush_timeout: 7d}",
            "1:32: `flush_timeout`: not a duration: '7d'; hours are the longest unit: a day is 24h, a week 168h",
        ),
        (
            "sending_queue: {queue_size: 20GB}",
            '1:29: `queue_size`: expected a whole number, got the text "20GB" (20 GB is 20000000000)',
        ),
        ("sending_queue: {queue_size: 1.5}", "1:29: `queue_size`: expected a whole number, got the number 1.5"),
        ("sending_queue: {queue_size: 0}", "1:29: `queue_size`: must be at least 1, got the number 0"),
        (
            "sending_queue: {enabled: yes}",
            '1:26: `enabled`: expected true or false, got the text "yes" (write true or false)',
        ),
        ("sending_queue: {enabled: 1}", "1:26: `enabled`: expected true or false, got the number 1"),
        ("sending_queue: {flush_timeout: 5}", None),
        ("sending_queue: {flush_timeout: -1s}", '1:32: `flush_timeout`: must be at least 0s, got the text "-1s"'),
        (
            "sending_queue: {flush_timeout: 5 s}",
            "1:32: `flush_timeout`: not a duration: '5 s'; write a number and a unit, such as 200ms or 1m30s",
        ),
        ("sending_queue: {max_size: 5}", "1:27: `max_size`: must not be less than queue_size"),
        ("sending_queue: x", '1:16: `sending_queue`: expected keys and values, got the text "x"'),
        ("protocols: []", "1:1: `protocols`: expected keys and values, got a list"),
        ("policies: [{values: []}]", "1:12: key `name` is missing (it has no default)"),
        ("policies: [{name: }]", "1:13: key `name` has no value (it has no default)"),
        ("policies: [{name: ''}]", '1:19: `name`: must not be empty, got the text ""'),
        ("policies: [{name: a, values: [[b]]}]", "1:31: `values[0]`: expected text, got a list"),
        ("policies: [{name: a, values: [~]}]", "1:31: `values[0]`: expected text, got nothing"),
        ("named: {x: 5}", "1:12: `x`: expected keys and values, got the number 5"),
        ("version: 1.1", "1:10: `version`: expected one of `1.2`, `1.3`, got the number 1.1"),
        ("level: zzz", '1:8: `level`: expected one of `basic`, `detailed`, got the text "zzz"'),
        ("storage: ''", "1:10: `storage`: '' is not an id: write type or type/name; a type is letters, digits and _"),
        ("wait: atuo", '1:7: `wait`: expected a duration such as 200ms or 1m30s or `auto`, got the text "atuo"'),
        ("tls: {endpont: x}", "1:7: unknown key `endpont` (did you mean `endpoint`?)"),
        ("tls: x", '1:6: `tls`: expected true or false or keys and values, got the text "x"'),
        ("pair: [a]", "1:1: `pair`: expected a list of 2, got one of 1"),
        ("keys: {a: 1}", "1:1: `keys`: expected a list, got keys and values"),
        ("headers: {a: [hidden]}", "1:11: `a`: expected text, got a list"),
    ],
)
def test_a_wrong_value_is_told_with_its_place_and_what_was_expected(text: str, line: str | None) -> None:
    if line is None:
        assert decoded(text).sending_queue.flush_timeout == 5e-9
    else:
        assert refusal(text, P="x") == [line]


def test_all_problems_are_told_at_once_and_in_order(write) -> None:
    file = write(
        """\
sending_queue:
  queue_size: 0
  qeue: 1
protocols:
  grpc: {endpoint: []}
policies:
  - name: a
    values: {b: 1}
  - values: c
percentage: 200
"""
    )
    document = load([file], env={})
    with pytest.raises(ConfigError) as error:
        decode(Everything, document.tree, (), document)
    assert [str(problem.location) for problem in error.value.problems] == [
        "c.yaml:2:15",
        "c.yaml:3:3",
        "c.yaml:5:10",
        "c.yaml:8:5",
        "c.yaml:9:5",
        "c.yaml:10:13",
    ]


def test_a_secret_is_not_shown_by_its_own_error() -> None:
    class Short(Config):
        password: Annotated[Secret, Meta(max_length=3)]
        api_key: int

    lines = refusal("{password: hunter2, api_key: hunter2}", Short)
    assert lines == [
        "1:12: `password`: must have at most 3 characters, got a value that is not shown here",
        "1:30: `api_key`: expected a whole number, got a value that is not shown here",
    ]


def test_a_password_in_an_address_is_not_shown() -> None:
    assert refusal("percentage: http://u:hunter2@host/") == [
        '1:13: `percentage`: expected a number, got the text "http://u:***@host/"'
    ]


def test_a_bare_number_as_a_duration_is_warned_about() -> None:
    document = load(["yaml:wait: 5"], env={})
    assert decode(Everything, document.tree, (), document).wait == 5e-9
    (warning,) = document.warnings
    assert str(warning) == "yaml:wait:1:7: 5 without a unit is 5 nanoseconds (write 5s if that is meant)"


def test_a_struct_may_stand_anywhere_below_the_top(write) -> None:
    document = load([write("exporters:\n  otlp/a:\n    endpont: x\n")], env={})
    path = ("exporters", "otlp/a")
    with pytest.raises(ConfigError, match=r"^c.yaml:3:5: unknown key `endpont`"):
        decode(Grpc, document.tree["exporters"]["otlp/a"], path, document)


def test_the_rest_of_the_program_tells_its_problems_with_places(write) -> None:
    document = load([write("service:\n  pipelines:\n    traces:\n      exporters: [a, '${env:B}']\n")], env={"B": "b"})
    path = ("service", "pipelines", "traces", "exporters")
    assert str(document.where((*path, 1))) == "c.yaml:4:22"
    assert str(document.where(path)) == "c.yaml:4:7"
    assert str(document.where((*path, 7, "deeper"))) == "c.yaml:4:7"
    assert str(document.where(("nothing",))) == "c.yaml:1:1"
    assert str(document.where((*path, 1), key=True)) == "c.yaml:4:22"
    assert str(document.problem((*path, 1), "exporter `b` is not defined", "define it")) == (
        "c.yaml:4:22: exporter `b` is not defined (from ${env:B}) (define it)"
    )


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "x", "5", "5s", "true", "1.2"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*Everything.__struct_encode_fields__, "name", "grpc", "x"]), inner, max_size=5
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(Everything.__struct_encode_fields__), trees, max_size=8))
def test_any_tree_gives_a_struct_or_problems(tree: dict) -> None:
    document = load(["yaml:{}"], env={})
    try:
        found = decode(Everything, tree, (), document)
    except ConfigError as error:
        assert error.problems
    else:
        assert isinstance(found, Everything)
        assert not list(found.sending_queue.problems())
        assert 0 <= found.percentage <= 100
