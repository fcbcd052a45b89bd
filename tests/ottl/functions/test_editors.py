"""Editors change a span's attributes as they were observed to on the reference 0.155.0, or as documentation says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.ottl import OttlError

from .evaluation import edit

A = 'attributes["r"]'
M = {"a": "x", "b": 1, "c": "y"}
ABSENT = object()
ADDRESS = {
    "address": {"street": {"number": "first"}, "house": "1234"},
    "address.street": {"number": ["second", "third"]},
    "address.street.number": "fourth",
    "occupants": ["u1", "u2"],
}
FLAT_ADDRESS = {
    "address.street.number": "first",
    "address.house": "1234",
    "address.street.number.0": "second",
    "address.street.number.1": "third",
    "address.street.number.2": "fourth",
    "occupants": "u1",
    "occupants.0": "u2",
}
SHA_R = "8c2574892063f995fdf756bce07f46c1a5193e54cd52837ed91e32008ccf41ac"
SHA_C = "2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6"
URL = {"a": "/user/1/list/2", "b": 1}
BC = {"a": "xbcx", "bc": "q"}
FAILS = object()


def check(before, call, after):
    statement = call.replace("(", f"({A}, ", 1).replace(", )", ")")
    attributes = {} if before is ABSENT else {"r": before}
    if after is FAILS:
        with pytest.raises(OttlError):
            edit(statement, **attributes)
    else:
        assert edit(statement, **attributes).get("r", ABSENT) == after


@pytest.mark.proves("ottl.set", "ottl.clear", "ottl.append", "ottl.delete_index")
@pytest.mark.parametrize(
    ("before", "call", "after"),
    [
        ("s", 'set("t")', "t"),
        ("s", "set(nil)", "s"),
        (ABSENT, "set([1])", [1]),
        (M, "clear()", {}),
        ([1], "clear()", []),
        ("s", 'append("v")', ["s", "v"]),
        (ABSENT, 'append("v")', ["v"]),
        ([1], 'append(values=["a", "b"])', [1, "a", "b"]),
        ([1], 'append("v", ["a"])', [1, "v", "a"]),
        ([1], "append()", FAILS),
        ([1], "append(nil)", [1, None]),
        (5, "append(1.5)", [5, 1.5]),
        ([1], "append([2, 3])", [1, [2, 3]]),
        (b"\x01", 'append("z")', [b"\x01", "z"]),
        ([1, 2, 3], "delete_index(0)", [2, 3]),
        ([1, 2, 3], "delete_index(0, 2)", [3]),
        ([1, 2, 3], "delete_index(1, 3)", [1]),
        ([1, 2, 3], "delete_index(1, 1)", [1, 2, 3]),
        ([1, 2, 3], "delete_index(3)", FAILS),
        ([1, 2, 3], "delete_index(-1)", FAILS),
        ([1, 2, 3], "delete_index(2, 1)", FAILS),
        ([1, 2, 3], "delete_index(1, 9)", FAILS),
        ("x", "delete_index(0)", FAILS),
    ],
)
def test_values(before, call, after):
    check(before, call, after)


@pytest.mark.proves(
    "ottl.delete_key",
    "ottl.delete_keys",
    "ottl.delete_matching_keys",
    "ottl.keep_keys",
    "ottl.keep_matching_keys",
    "ottl.limit",
    "ottl.merge_maps",
)
@pytest.mark.parametrize(
    ("before", "call", "after"),
    [
        (M, 'delete_key("a")', {"b": 1, "c": "y"}),
        (M, 'delete_key("zz")', M),
        ("x", 'delete_key("zz")', FAILS),
        (ABSENT, 'delete_key("zz")', FAILS),
        (M, 'delete_keys(["a", "c", "zz"])', {"b": 1}),
        (M, 'delete_matching_keys("[ab]")', {"c": "y"}),
        (M, 'delete_matching_keys("(")', FAILS),
        (M, 'keep_matching_keys("[ab]")', {"a": "x", "b": 1}),
        (M, 'keep_keys(["c", "zz"])', {"c": "y"}),
        (M, "keep_keys([])", {}),
        (M, 'limit(2, ["c"])', {"a": "x", "c": "y"}),
        (M, "limit(2, [])", {"a": "x", "b": 1}),
        (M, "limit(0, [])", {}),
        (M, "limit(5, [])", M),
        (M, 'limit(1, ["c", "a"])', FAILS),
        (M, "limit(-1, [])", FAILS),
        (M, 'merge_maps({"a": 9, "z": 1}, "insert")', {**M, "z": 1}),
        (M, 'merge_maps({"a": 9, "z": 1}, "update")', {**M, "a": 9}),
        (M, 'merge_maps({"a": 9, "z": 1}, "upsert")', {**M, "a": 9, "z": 1}),
        (M, 'merge_maps({"a": 9, "z": 1}, "nope")', FAILS),
    ],
)
def test_maps(before, call, after):
    check(before, call, after)


@pytest.mark.proves("ottl.flatten")
@pytest.mark.parametrize(
    ("before", "call", "after"),
    [
        ({"n": "t", "d": {"s": 1}, "o": ["u", "v"]}, "flatten()", {"n": "t", "d.s": 1, "o.0": "u", "o.1": "v"}),
        ({"n": "t", "d": {"s": 1}}, 'flatten("app")', {"app.n": "t", "app.d.s": 1}),
        ({"0": {"1": {"2": {"3": 1}}}}, "flatten(depth=2)", {"0.1.2": {"3": 1}}),
        ({"a": [[1, [2]]]}, "flatten(depth=1)", {"a.0": [1, [2]]}),
        ({"a": {"b": [1, 2]}}, "flatten(depth=1)", {"a.b": [1, 2]}),
        ({"0": {"1": 1}}, "flatten(depth=0)", FAILS),
        ({"a.b": 2, "a": {"b": 1}}, "flatten()", {"a.b": 1}),
        (ADDRESS, "flatten(resolveConflicts=true)", FLAT_ADDRESS),
        (
            {"a": [{"b": 1}, {"c": [1, 2]}], "e": {}, "f": []},
            "flatten(resolveConflicts=true)",
            {"a.0.b": 1, "a.1.c": 1, "a.1.c.0": 2},
        ),
    ],
)
def test_flatten(before, call, after):
    check(before, call, after)


@pytest.mark.proves("ottl.replace_match", "ottl.replace_all_matches")
@pytest.mark.parametrize(
    ("before", "call", "after"),
    [
        (URL, 'replace_all_matches("/user/*/list/*", "/user/{userId}")', {"a": "/user/{userId}", "b": 1}),
        (URL, 'replace_all_matches("/user/*", "R", SHA256, "/user/%s")', {"a": f"/user/{SHA_R}", "b": 1}),
        (URL, 'replace_all_matches("/user/*", "R", SHA256)', {"a": SHA_R, "b": 1}),
        (URL, 'replace_all_matches("/user/*", "R", SHA256, "x")', FAILS),
        (URL, 'replace_all_matches("/user/*", "R", replacementFormat="x%s")', {"a": "R", "b": 1}),
        ("/user/1", 'replace_match("/user/*", "R")', "R"),
        ("/user/1", 'replace_match("/us", "R")', "/user/1"),
        (5, 'replace_match("*", "R")', 5),
        ("a/b", 'replace_match("a?b", "R")', "R"),
        ("ab", 'replace_match("[!x]?", "R")', "R"),
        ("ab", 'replace_match("a[!b]", "R")', "ab"),
        ("ac", 'replace_match("a[b-d]", "R")', "R"),
        ("ab", 'replace_match("{ab,cd}*", "R")', "R"),
        ("ab", 'replace_match("a,b", "R")', "ab"),
        ("abc", 'replace_match("a**c", "R")', "R"),
        ("b", 'replace_match("[^b]", "R")', "R"),
        ("a*", 'replace_match("a\\\\*", "R")', "R"),
        ("ab", 'replace_match("[", "R")', FAILS),
    ],
)
def test_globs(before, call, after):
    check(before, call, after)


@pytest.mark.proves("ottl.replace_pattern", "ottl.replace_all_patterns")
@pytest.mark.parametrize(
    ("before", "call", "after"),
    [
        ("pw=abc d", 'replace_pattern("pw\\\\=[^\\\\s]*(\\\\s?)", "pw=***$1")', "pw=*** d"),
        ("kube_x_y", 'replace_pattern("^kube_([0-9A-Za-z]+_)", "k8s.$1.")', "k8s.x_.y"),
        ("bcbc", 'replace_pattern("b(c)", "$1", SHA256)', SHA_C * 2),
        ("bcbc", 'replace_pattern("b(c)", "${1}", SHA256, "k.%s")', f"k.{SHA_C}" * 2),
        ("bcbc", 'replace_pattern("b(c)", "$1", replacementFormat="<%s>")', "cc"),
        ("bcbc", 'replace_pattern("b(c)", "$$1$")', "$1$$1$"),
        ("bcbc", 'replace_pattern("x", "$1", SHA256)', "bcbc"),
        ("bc", 'replace_pattern("b(c)", "$1", Len)', FAILS),
        (5, 'replace_pattern("5", "6")', 5),
        (BC, 'replace_all_patterns("value", "b(c)", "<$1>")', {"a": "x<c>x", "bc": "q"}),
        (BC, 'replace_all_patterns("key", "b(c)", "<$1>")', {"a": "xbcx", "<c>": "q"}),
        (BC, 'replace_all_patterns("value", "b(c)", "$1", SHA256, "k.%s")', {"a": f"xk.{SHA_C}x", "bc": "q"}),
        (BC, 'replace_all_patterns("nope", "b(c)", "<$1>")', FAILS),
        ({"b1": "x", "b2": "y"}, 'replace_all_patterns("key", "b.", "z")', {"z": "y"}),
        ({"a": ["bc"]}, 'replace_all_patterns("value", "b(c)", "-")', {"a": ["bc"]}),
    ],
)
def test_patterns(before, call, after):
    check(before, call, after)


@pytest.mark.proves("ottl.stringify_all", "ottl.truncate_all")
@pytest.mark.parametrize(
    ("before", "call", "after"),
    [
        (
            {"a": 1, "b": 1.5, "c": True, "e": {"z": 1, "y": 2}, "f": None, "g": b"\1\2", "h": "s", "i": 1e8},
            "stringify_all()",
            {"a": "1", "b": "1.5", "c": "true", "e": '{"y":2,"z":1}', "f": "", "g": "AQI=", "h": "s", "i": "100000000"},
        ),
        ({"a": "abcdef", "c": "한글", "d": ["abcdef"]}, "truncate_all(4)", {"a": "abcd", "c": "한", "d": ["abcdef"]}),
        ({"a": "abcdef"}, "truncate_all(0)", {"a": ""}),
        ({"a": "abcdef"}, "truncate_all(-1)", FAILS),
        ({"a": "abcdef", "c": "한글"}, 'truncate_all(4, true, "..")', {"a": "ab..", "c": ".."}),
        ({"a": "abcdef"}, 'truncate_all(2, truncation_marker="..")', {"a": ".."}),
        ({"a": "abcdef"}, 'truncate_all(1, truncation_marker="..")', FAILS),
    ],
)  # fmt: skip
def test_all_strings(before, call, after):
    check(before, call, after)


def test_an_unsafe_cut_keeps_the_bytes_of_half_a_character():
    cut = edit("truncate_all(attributes, 4, false)", r="한글")["r"]
    assert cut.encode("utf-8", "surrogateescape") == "한글".encode()[:4]


@given(st.text(), st.integers(0, 20))
def test_a_cut_never_breaks_a_character_and_loses_at_most_three_bytes(text, limit):
    cut = edit(f"truncate_all(attributes, {limit})", r=text)["r"]
    assert text.startswith(cut)
    assert cut == text or limit - 3 <= len(cut.encode()) <= limit
