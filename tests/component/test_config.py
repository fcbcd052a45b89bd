import copy
import json
import logging
import pickle

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from otelier.component import Config, Duration, Secret


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("-0", 0),
        ("+0", 0),
        ("0s", 0),
        ("5s", 5),
        ("+5s", 5),
        ("-5s", -5),
        ("200ms", 0.2),
        ("1m30s", 90),
        ("1h1m1s1ms1us1ns", 3661.001001001),
        ("1s1s", 2),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("1.s", 1),
        ("10us", 1e-5),
        ("10µs", 1e-5),
        ("10μs", 1e-5),
        ("0.1s", 0.1),
        ("1.5ns", 1e-9),
        ("-1m0.5s", -60.5),
        (" 5s ", 5),
        (0, 0),
        (5_000_000_000, 5),
        (1.5e9, 1.5),
    ],
)
def test_a_duration_is_read_as_go_reads_it(text: object, seconds: float) -> None:
    assert Duration.parse(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "5", "s", "-", "+-5s", "--5s", "1 s", "5 m", "1d", "1S", "1e3s", ".s", "5s ,", "1s2", "٣s", "1,5s"),
        *("9" * 90 + "h", "9" * 101 + "ns", "300000000h", True, None, [], float("nan"), float("inf"), 10**30),
    ],
)
def test_what_go_refuses_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        Duration.parse(text)


@given(st.integers(-(10**15), 10**15))
def test_a_duration_prints_as_what_it_was_read_from(ns: int) -> None:
    duration = Duration.parse(f"{ns}ns")
    assert Duration.parse(str(duration)) == duration


def test_a_duration_prints_in_the_largest_whole_unit() -> None:
    seconds = [0, 0.2, 1, 1.5, 90, 300, 7200, -60, 1e-9, 1e-5]
    printed = ["0s", "200ms", "1s", "1500ms", "90s", "5m", "2h", "-1m", "1ns", "10us"]
    assert [str(Duration(value)) for value in seconds] == printed


class Login(Config):
    password: Secret


def shown(secret: Secret) -> list[str]:
    struct = Login(password=secret)
    logged = logging.LogRecord("n", 1, "p", 1, "%s %r", (secret, struct), None).getMessage()
    formatted = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret!s:>9}",
        f"{secret:20}",
        "%s" % secret,  # noqa: UP031
        format(secret),
    ]
    dumped = [
        json.dumps({"a": secret}),
        json.dumps([secret], indent=1),
        json.dumps({secret: 1}),
        repr(struct),
        str(msgspec.structs.asdict(struct)),
        msgspec.json.encode(struct, enc_hook=str).decode(),
        yaml.dump(str(secret)),
    ]
    joined = [secret + "", "" + secret, "".join([secret, "x"]), secret.upper(), secret[:], secret.encode().decode()]
    return [logged, *formatted, *dumped, *joined]


def test_a_secret_shows_itself_nowhere() -> None:
    for text in shown(Secret("hunter2")):
        assert "hunter2" not in text.lower()
        assert "***" in text


def test_a_secret_that_a_serializer_does_not_know_is_refused_without_showing_it() -> None:
    for encode in (msgspec.json.encode, msgspec.msgpack.encode, yaml.safe_dump):
        with pytest.raises(Exception, match=r"Secret|cannot represent") as error:
            encode({"a": Secret("hunter2")})
        assert "hunter2" not in str(error.value)


def test_a_secret_survives_copies_and_struct_replacement() -> None:
    struct = Login(password=Secret("hunter2"))
    for twin in (
        copy.copy(struct),
        copy.deepcopy(struct),
        pickle.loads(pickle.dumps(struct)),
        msgspec.structs.replace(struct),
    ):
        assert twin == struct
        assert twin.password.reveal() == "hunter2"
        assert type(twin.password.reveal()) is str
    assert Secret(Secret("hunter2")).reveal() == "hunter2"


def test_secrets_compare_by_their_value() -> None:
    assert Secret("a") == Secret("a") == "a"
    assert Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a")
    assert not Secret("")
    assert str(Secret("")) == ""
