import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from otelier.component import ConfigError, Problem
from otelier.config import load
from otelier.config.compose import compose, read_text
from otelier.config.nodes import Node


def refusal(text: str | bytes) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    problems: list[Problem] = []
    try:
        compose(read_text(data, "c.yaml"), "c.yaml", problems)
    except ConfigError as error:
        problems = error.problems
    assert problems
    return str(ConfigError(problems)).splitlines()


def tree(text: str) -> object:
    problems: list[Problem] = []
    root = compose(text, "c.yaml", problems)
    assert problems == []
    return root.plain()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a:\n\tb: 1\n", "c.yaml:2:1: a tab; YAML takes only spaces for indentation (replace it by spaces)"),
        ("a: 1\nb: \x07\n", "c.yaml:2:4: the control character 0x07 is not allowed (remove it)"),
        ("a: 1\r\nb: c: d\r\n", "c.yaml:2:5: a `:` that can't stand here"),
        ("a: 1\n b: 2\n", "c.yaml:2:3: a `:` that can't stand here"),
        ("a: [1,\n  2\nb: 3\n", "c.yaml:3:2: a list that began with `[` is not closed; it began at line 1"),
        ("a: {x: 1\n", "c.yaml:2:1: a mapping that began with `{` is not closed; it began at line 1"),
        ("- a\nb: 1\n", "c.yaml:2:1: a key in the middle of a list; it began at line 1"),
        ("a: 'x\nb: 1\n", "c.yaml:3:1: a quote is opened and never closed; it began at line 1"),
        ('a: "\\d"\n', "c.yaml:1:5: unknown escape in double quotes"),
        ("a: @x\n", "c.yaml:1:4: a value can't begin with `@` (quote it)"),
        ("a: %x\n", "c.yaml:1:4: a value can't begin with `%` (quote it)"),
        ("a: `x`\n", "c.yaml:1:4: a value can't begin with ``` (quote it)"),
        ("abc\ndef: 1\n", "c.yaml:2:4: a `:` that can't stand here"),
        ("한글: *x\n", "c.yaml:1:5: `*x` names no anchor"),
        ("a: &x [*x]\n", "c.yaml:1:8: `*x` stands inside the value that it names"),
        ("a: 1\n---\nb: 2\n", "c.yaml:2:1: a second YAML document begins here"),
        ("? [a]\n: 1\n", "c.yaml:1:3: a key must be text, not a list or a mapping"),
        ("a: {<<: 1}\n", "c.yaml:1:9: `<<` takes a mapping or a list of mappings"),
        ("a: !!python/object/apply:os.system ['x']\n", "c.yaml:1:4: the tag `!!python/object/apply:os.system`"),
        ("a: !x 1\n", "c.yaml:1:4: the tag `!x` is not supported"),
        ("a: !!int x\n", "c.yaml:1:4: `x` is no value of the tag `!!int`"),
        ("a: !!binary x\n", "c.yaml:1:4: `!!binary` is not base64 of UTF-8 text"),
        (b"a: 1\nb: \xe9t\xe9\n", "c.yaml:2:4: byte 0xe9 is not UTF-8 (save it as UTF-8)"),
        ("a: 1\n".encode("utf-16"), "c.yaml:1:1: the file is UTF-16, not UTF-8 (save it as UTF-8)"),
        (b"a: " + b"x" * (1 << 20), "c.yaml: larger than 1 MiB"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_place_and_what_to_do(text: str | bytes, line: str) -> None:
    (found,) = refusal(text)
    assert found.startswith(line)


def test_all_duplicate_keys_are_told_with_both_places() -> None:
    assert refusal("a: 1\nb:\n  c: 1\n  c: 2\n'a': 3\n") == [
        "c.yaml:4:3: key `c` is given twice; first at line 3 (remove one of them)",
        "c.yaml:5:1: key `a` is given twice; first at line 1 (remove one of them)",
    ]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[" * 1000, "nested deeper than 64 levels"),
        ("{a: " * 1000, "nested deeper than 64 levels"),
        ("- " * 500_000, "nested deeper than 64 levels"),
        ("a: [" + "1," * 100_001 + "]", "more than 100,000 values"),
        (
            "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)),
            "aliases stand for more than 10,000 values",
        ),
        ("a: &a {k: 1}\nb: [" + "{<<: *a}," * 5000 + "]", "aliases stand for more than 10,000 values"),
    ],
)
def test_bombs_are_refused(text: str, part: str) -> None:
    assert part in refusal(text)[0]


def test_sixty_four_levels_are_fine() -> None:
    assert tree("[" * 64 + "]" * 64)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\r\nb:\r\n  - c\r\n", {"a": 1, "b": ["c"]}),
        ("---\na: 1\n...\n", {"a": 1}),
        ("a: 1\n---\n", {"a": 1}),
        ("", None),
        ("# nothing\n", None),
        ("1: a\ntrue: b\n0x1: c\n~: d\n'': e\n", {"1": "a", "true": "b", "0x1": "c", "~": "d", "": "e"}),
        ("a: &x [1, 2]\nb: *x\n", {"a": [1, 2], "b": [1, 2]}),
        ("x: &x {a: 1, b: 1}\ny: {<<: *x, b: 2}\n", {"x": {"a": 1, "b": 1}, "y": {"a": 1, "b": 2}}),
        ("y: {<<: [{a: 1}, {a: 2, b: 2}], '<<': 3}\n", {"y": {"a": 1, "b": 2, "<<": 3}}),
        ("a: !!str 12\nb: !!int '12'\nc: !!float 1\nd: ! 12\n", {"a": "12", "b": 12, "c": 1.0, "d": "12"}),
        ("a: !!binary aGk=\nb: !!bool true\nc: !!null ''\nd: !!map {}\n", {"a": "hi", "b": True, "c": None, "d": {}}),
        ("a: |\n  x\n  y\nb: >\n  x\n  y\n", {"a": "x\ny\n", "b": "x y\n"}),
    ],
)
def test_yaml_is_read_as_the_collector_reads_it(text: str, expected: object) -> None:
    assert tree(text) == expected


def test_a_byte_order_mark_does_not_count() -> None:
    text = read_text(b"\xef\xbb\xbfa: 1\n", "c.yaml")
    assert str(compose(text, "c.yaml", []).child("a").at) == "c.yaml:1:4"


words = st.text(st.sampled_from("abyno01239.-_ :#'\"[]{}|>&*!%@`,?~\nés한"), max_size=8)
leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | words
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4), max_leaves=20
)


@given(st.dictionaries(words, values, max_size=4), st.sampled_from([True, False, None]))
def test_what_pyyaml_writes_with_quotes_is_read_as_pyyaml_reads_it(value: dict, flow: bool | None) -> None:
    class Quoting(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return True

    Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))
    text = yaml.dump(value, Dumper=Quoting, default_flow_style=flow, allow_unicode=True)
    assert tree(text) == yaml.safe_load(text) == value


plain = st.text(st.sampled_from("abcxyz한é"), min_size=1, max_size=5)
plain_values = st.recursive(
    plain | st.integers(0, 99).map(str),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(plain, inner, min_size=1, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(plain, plain_values, min_size=1, max_size=4), st.sampled_from([True, False]))
def test_every_place_is_where_its_text_is(value: dict, flow: bool) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True, width=1000)
    lines = text.splitlines()

    def check(node: Node, key: str | None) -> None:
        if key is not None:
            assert node.key_at is not None
            assert lines[node.key_at.line - 1][node.key_at.column - 1 :].startswith(key)
        if isinstance(node.value, dict):
            for name, child in node.value.items():
                check(child, name)
        elif isinstance(node.value, list):
            for child in node.value:
                check(child, None)
        else:
            assert lines[node.at.line - 1][node.at.column - 1 :].lstrip("'\"").startswith(node.text)

    check(compose(text, "c.yaml", []), None)


@given(st.text(st.sampled_from("ab:-[]{},&*!|>'\"%@`#?<~ \n\t$0"), max_size=60))
def test_any_text_is_a_configuration_or_problems_with_places(text: str) -> None:
    try:
        load(["env:TEXT"], env={"TEXT": text})
    except ConfigError as error:
        assert error.problems
        assert all(problem.location.line >= 1 for problem in error.problems)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_configuration_or_problems(data: bytes) -> None:
    try:
        compose(read_text(data, "c.yaml"), "c.yaml", [])
    except ConfigError as error:
        assert error.problems


def test_infinities_are_numbers() -> None:
    assert tree("[.inf, -.inf]") == [math.inf, -math.inf]
