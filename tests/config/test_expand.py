import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.component import Config
from otelier.config import ConfigError, decode, load


def value(text: str, **env: str) -> object:
    return load(["yaml:a: " + text], env=env).tree["a"]


def refusal(text: str, **env: str) -> str:
    with pytest.raises(ConfigError) as error:
        value(text, **env)
    return str(error.value)


@pytest.mark.proves("collector.case_24")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${env:NUM}", 83),
        ("${NUM}", 83),
        ("'${env:NUM}'", 83),
        ("x${env:NUM}", "x0123"),
        ("${env:NUM}${env:NUM}", "01230123"),
        ("$$literal", "$literal"),
        ("$${env:NUM}", "${env:NUM}"),
        ("$$${env:NUM}", "$0123"),
        ("$$$${env:NUM}", "$${env:NUM}"),
        ("${env:UNSET:-dflt}", "dflt"),
        ("${UNSET:-dflt}", "dflt"),
        ("${env:UNSET:-5}", 5),
        ("${env:UNSET:-}", None),
        ("${env:EMPTY:-dflt}", None),
        ("${env:UNSET:-${env:NUM}}", 83),
        ("${env:UNSET:-a${env:NUM}b}", "a0123b"),
        ("${env:${env:NAME}}", 83),
        ("${env:UNSET}", None),
        ("${env:UNSET}:4317", ":4317"),
        ("^foo$", "^foo$"),
        ("$1 $a", "$1 $a"),
        ("cost$", "cost$"),
        ("${env:BOOL}", True),
        ("${env:LIST}", [1, "two", 83]),
        ("x${env:LIST}", "x[1, two, '0123']"),
        ("${env:MAP}", {"k": {"deep": "v"}}),
        ("${env:QUOTED}", '"quoted"'),
        ("${env:NOYAML}", "[x: {"),
        ("${env:DOLLARS}", "a$b"),
        ("${env:NESTED}", 83),
        ("${env:URL}", "http://host/0123"),
        ("${yaml:[1, 2]}", [1, 2]),
    ],
)
def test_references_mean_what_they_mean_to_the_collector(text: str, expected: object) -> None:
    env = {
        "NUM": "0123",
        "NAME": "NUM",
        "EMPTY": "",
        "BOOL": "true",
        "LIST": "[1, two, '${NUM}']",
        "MAP": "{k: {deep: v}}",
        "QUOTED": '"quoted"',
        "NOYAML": "[x: {",
        "DOLLARS": "a$$b",
        "NESTED": "${env:NUM}",
        "URL": "http://host/${NUM}",
    }
    assert value(text, **env) == expected


class Fields(Config):
    text: str = ""
    number: int = 0


def test_a_text_field_gets_the_text_that_a_reference_stood_for() -> None:
    env = {"NUM": "0123", "MAP": "{a: '${NUM}'}", "NULL": "null"}
    for name, text in [("NUM", "0123"), ("MAP", "{a: '0123'}"), ("NULL", "null"), ("UNSET", "")]:
        document = load([f"yaml:{{text: '${{env:{name}}}', number: '${{env:NUM}}'}}"], env=env)
        assert decode(Fields, document.tree, (), document) == Fields(text=text, number=83)


def test_an_unset_variable_is_warned_about_once_with_its_first_place(write) -> None:
    file = write("a: ${env:MY_POD_IP}:4317\nb: [x, '${MY_POD_IP}']\nc: ${env:OTHER:-1}\n")
    document = load([file], env={})
    assert document.tree == {"a": ":4317", "b": ["x", None], "c": 1}
    assert [str(warning) for warning in document.warnings] == [
        "c.yaml:1:4: environment variable MY_POD_IP is not set; using an empty string"
    ]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("${}", "`` is no name of an environment variable"),
        ("${1}", "`1` is no name"),
        ("'${env:A B}'", "`A B` is no name"),
        ("${env:A", "`${env:A` is not closed"),
        ("'a ${env:A $b'", "`${env:A $b` is not closed"),
        ("${s3:bucket/key}", "`s3:` is no known provider"),
        ("${file:none.txt}", "can't read `none.txt`: No such file"),
        ("${file:/}", "`/` is not a file"),
        ("${file:/dev/zero}", "`/dev/zero` is not a file"),
    ],
)
def test_a_reference_that_is_none_is_named_with_its_place(text: str, part: str) -> None:
    line = refusal(text)
    assert line.startswith("yaml:a:1:4: ")
    assert part in line


def test_references_in_keys_stay_as_they_are() -> None:
    assert load(["yaml:{'${env:A}': 1}"], env={"A": "b"}).tree == {"${env:A}": 1}


def test_a_file_reference_brings_a_tree_with_its_own_places(write) -> None:
    write("x:\n  y: ${env:Y}\n  z: [1]\n", "part.yaml")
    document = load([write("a:\n  b: ${file:part.yaml}\n")], env={"Y": "2"})
    assert document.tree == {"a": {"b": {"x": {"y": 2, "z": [1]}}}}
    assert str(document.where(("a", "b"))) == "c.yaml:2:3"
    assert str(document.where(("a", "b", "x", "y"))) == "part.yaml:2:6"
    assert document.origin(("a", "b", "x", "z", 0)) == "${file:part.yaml}"


def test_a_file_of_text_loses_its_last_line_break_if_it_is_one_line(write) -> None:
    write("s3cr3t\n", "token")
    write("-----BEGIN: x\nabc\n", "pem")
    document = load([write("a: ${file:token}\nb: Bearer ${file:token}\nc: ${file:pem}\n")], env={})
    assert document.tree == {"a": "s3cr3t", "b": "Bearer s3cr3t", "c": "-----BEGIN: x\nabc\n"}


def test_a_broken_yaml_file_behind_a_reference_is_told_with_its_place(write) -> None:
    write("x: [1\n", "part.yaml")
    with pytest.raises(ConfigError, match=r"part.yaml:2:1: a list"):
        load([write("a: ${file:part.yaml}\n")], env={})


def test_a_file_reference_reads_at_most_a_mebibyte(write) -> None:
    write("x" * (1 << 20), "fits")
    write("x" * ((1 << 20) + 1), "big")
    assert len(load([write("a: ${file:fits}\n")], env={}).tree["a"]) == 1 << 20
    with pytest.raises(ConfigError, match=r"c.yaml:1:4: `big` is larger than 1 MiB"):
        load([write("a: ${file:big}\n")], env={})


def test_a_reference_to_itself_ends() -> None:
    assert "refers to itself" in refusal("${A}", A="${A}")
    assert "refers to itself" in refusal("x${A}", A="y${B}", B="z${A}")
    assert "refers to itself" in refusal("${A}", A="[1, {k: '${A}'}]")
    assert "refers to itself" in refusal("${yaml:${A}}", A="a${yaml:${A}}")


def test_references_that_grow_end() -> None:
    doubling = {f"A{i}": f"${{A{i + 1}}}${{A{i + 1}}}" for i in range(40)} | {"A40": "x" * 1000}
    assert "references" in refusal("${A0}", **doubling)
    doubling = {f"A{i}": f"['${{A{i + 1}}}', '${{A{i + 1}}}']" for i in range(40)} | {"A40": "[1]"}
    assert "references" in refusal("${A0}", **doubling)
    assert "references" in refusal("${A0}", A0="${A1}" * 900, A1="x" * 1200)
    with pytest.raises(ConfigError, match="more than 100,000 values"):
        load(["yaml:a: [" + ", ".join(["'${L}'"] * 3000) + "]"], env={"L": "[" + "1," * 50 + "]"})


names = st.sampled_from("ABC")
pieces = st.sampled_from(
    [
        "${A}",
        "${B}",
        "${env:C}",
        "${A:-x}",
        "${env:Q:-${B}}",
        "$$",
        "$",
        "{",
        "}",
        "${",
        "x",
        "[",
        "]",
        ",",
        "'",
        ":",
        " ",
    ]
)
texts = st.lists(pieces, max_size=6).map("".join)


@given(texts, st.dictionaries(names, texts))
def test_expansion_always_ends_with_a_value_or_a_problem(text: str, env: dict[str, str]) -> None:
    try:
        tree = load(["env:SOURCE"], env={**env, "SOURCE": "a: '" + text.replace("'", "''") + "'"}).tree
    except ConfigError as error:
        assert error.problems
    else:
        assert set(tree) == {"a"}


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
def test_a_value_whose_dollars_are_doubled_stays_itself(text: str) -> None:
    import json

    source = json.dumps({"a": text.replace("$", "$$")}, ensure_ascii=False)
    try:
        tree = load(["yaml:" + source], env={}).tree
    except ConfigError as error:
        assert "placeholder" in str(error)
    else:
        assert tree == {"a": text}
