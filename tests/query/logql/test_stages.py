"""What stages make of a line."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier.query.errors import BadQuery
from otelier.query.log_labels import Scope
from otelier.query.logql import ast
from otelier.query.logql.format_functions import FUNCTIONS
from otelier.query.logql.line import Line
from otelier.query.logql.parse import parse_lines
from otelier.query.logql.stages import compiled
from otelier.query.templates.builtins import BUILTINS
from otelier.testing import log_record

from ..plain_logs import logged


def run(text: str, line: Any, **attributes: Any) -> Line | None:
    known = logged(log_record(line, severity="", attributes=attributes), {"service.name": "shop"})
    made = Line(known.record, {"service_name": "shop"}, Scope("", "", ()))
    kept = all(compiled(stage)(made) for stage in parse_lines("{} " + text).stages)
    return made if kept else None


def labels(text: str, line: Any, **attributes: Any) -> dict[str, str]:
    made = run(text, line, **attributes)
    assert made
    return made.parsed


def test_json_gives_members_nested_ones_with_underscores():
    line = '{"a": 1.50, "b": {"c": "작업", "d-e": true}, "list": [1], "none": null, "1st": "x"}'
    assert labels("| json", line) == {"a": "1.50", "b_c": "작업", "b_d_e": "true", "_1st": "x"}


def test_json_by_paths_takes_what_is_there():
    line = '{"a": {"b": [10, {"c": "x"}]}, "d": {"e": 1}}'
    text = '| json first="a.b[0]", c="a.b[1].c", whole="d", missing="z.y"'
    assert labels(text, line) == {"first": "10", "c": "x", "whole": '{"e": 1}', "missing": ""}


@pytest.mark.parametrize("line", ["no json", "[1]", '"text"', "{", '{"a":' * 100_000])
def test_what_is_no_json_object_stays_and_is_marked(line: str):
    assert labels("| json", line)["__error__"] == "JSONParserErr"


def test_logfmt_gives_pairs():
    line = 'level=error msg="can\\"t \\n pay" empty= flag took=1.5s 키=값'
    assert labels("| logfmt", line) == {"level": "error", "msg": 'can"t \n pay', "took": "1.5s", "_": "값"}
    assert labels("| logfmt --keep-empty", line)["flag"] == ""
    assert labels('| logfmt m="msg", took', line) == {"m": 'can"t \n pay', "took": "1.5s"}
    assert labels("| logfmt", 'a=1 "" b=2') == {"a": "1", "b": "2"}
    assert labels("| logfmt --strict", 'a=1 "" b=2')["__error__"] == "LogfmtParserErr"


def test_a_label_that_the_record_has_stays_beside_what_a_parser_finds():
    made = run("| json", '{"service_name": "other", "code": 5}', code="R")
    assert made
    assert made.labels()["service_name"] == "shop"
    assert (made.get("service_name_extracted"), made.get("code"), made.get("code_extracted")) == ("other", "R", "5")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("| json | status >= 500", True),
        ("| json | status > 500", False),
        ("| json | status == 500 and took < 2s", True),
        ("| json | took > 90ms", True),
        ("| json | size <= 1KB", True),
        ("| json | missing > 1", False),
        ("| json | missing = `` and nothing != `x`", True),
        ("| json | method =~ `G.*`", True),
        ("| json | method =~ `G`", False),
        ("| json | method !~ `P.*` or status = 1", True),
        ("| json | (method = `x` or status = 500), size < 1MB", True),
    ],
)
def test_label_filters(text: str, kept: bool):
    line = '{"status": 500, "took": "100ms", "size": "1KB", "method": "GET"}'
    assert (run(text, line) is not None) is kept


def test_a_number_that_can_not_be_read_keeps_the_line_and_marks_it():
    assert labels("| json | took > 5s", '{"took": "soon"}')["__error__"] == "LabelFilterErr"
    assert run('| json | took > 5s | __error__ = ""', '{"took": "soon"}') is None


def test_formats():
    made = run(
        '| json | line_format "{{.method}} → {{.none}}{{__line__}}" | label_format m=method, x="{{.m}}{{.a}}"',
        '{"method":"GET","a":1}',
    )
    assert made
    assert made.text == 'GET → {"method":"GET","a":1}'
    assert made.parsed == {"m": "GET", "x": "GET1", "a": "1"}


def test_a_format_that_fails_leaves_the_line_and_marks_it():
    made = run("| json | line_format `{{ .took | duration }}`", '{"took": "soon"}')
    assert made
    assert (made.text, made.get("__error__")) == ('{"took": "soon"}', "TemplateFormatErr")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ .a | upper | trunc 3 }}", "HEL"),
        ('{{ default "none" .nothing }}', "none"),
        ("{{ if eq .n `7` }}seven{{ end }}", "seven"),
        ("{{ add .n 1 }} {{ div 7 2 }} {{ mulf 1.15 503 }} {{ round 2.567 2 }}", "8 3 578.45 2.57"),
        ('{{ regexReplaceAll "l(.)" .a "<$1>" }} {{ regexReplaceAllLiteral "l+" .a "$1" }}', "he<l>o he$1o"),
        ('{{ .took | duration_seconds }} {{ .size | bytes }} {{ count "l" .a }}', "1.5 1024 2"),
        ('{{ alignLeft 7 .a }}|{{ alignRight 3 .a }}|{{ repeat 2 "ab" }}', "hello  |llo|abab"),
        ('{{ __timestamp__ | date "2006-01-02T15:04:05Z07:00" }}', "2023-11-14T22:13:20Z"),
        ('{{ toDate "2006-01-02 15:04" "2026-11-26 11:15" | unixEpoch }}', "1795691700"),
        ('{{ toDateInZone "2006-01-02" "Asia/Seoul" "2026-11-26" | unixEpochMillis }}', "1795618800000"),
        ('{{ unixToTime "1700000000" | unixEpochNanos }}', "1700000000000000000"),
        ("{{ range $k, $v := fromJson __line__ }}{{ $k }}={{ $v }};{{ end }}", "a=hello;n=7;size=1KiB;took=1.5s;"),
        (
            '{{ .a | b64enc }} {{ "aGk=" | b64dec }} {{ urlencode "a b/c" }} {{ urldecode "a%20b+c" }}',
            "aGVsbG8= hi a+b%2Fc a b c",
        ),
        ('{{ "작업" | b64dec }}', "Only base64 data is allowed"),
        (
            '{{ trimAll "ho" .a }} {{ hasPrefix "he" .a }} {{ contains "x" .a }} {{ replace "l" "L" .a }}',
            "ell true false heLLo",
        ),
        ("{{ substr 1 3 .a }} {{ title .a }} {{ indent 2 .a }} {{ int 7.9 }} {{ max 3 .n }}", "el Hello   hello 7 7"),
    ],
)
def test_functions_of_templates(template: str, text: str):
    made = run(f"| json | line_format {json.dumps(template)}", '{"a":"hello","n":"7","took":"1.5s","size":"1KiB"}')
    assert made
    assert (made.text, made.get("__error_details__")) == (text, "")


_ODD = [
    "__line__", '"작업"', r'"\xff\xfe"', "-1", "0", "1", "1.5", "1e300", "99999999999999999999", "9223372036854775807",
    "-9223372036854775808", "nil", "true", '""', ".nope", ".n", '"["', "__timestamp__", '"2006-01-02"', '"{"',
    '(fromJson "[1,2]")', '(fromJson "{}")', '(fromJson "[{\\"a\\":[1]}]")', '(b64dec "//79")',
]  # fmt: skip


@settings(max_examples=2_000)
@given(st.sampled_from(sorted({*FUNCTIONS, *BUILTINS})), st.lists(st.sampled_from(_ODD), max_size=4))
def test_a_function_makes_a_text_or_tells_what_is_wrong(name: str, arguments: list[str]):
    try:
        made = run(f"| json | line_format `{{{{ {' '.join([name, *arguments])} }}}}`", '작업 {"n":"7"}')
    except BadQuery:
        return
    assert made
    made.text.encode()
    made.get("__error_details__").encode()


@pytest.mark.parametrize(
    ("pattern", "line", "found"),
    [
        ("<ip> - <_> <path>", "::1 - alice /x y", {"ip": "::1", "path": "/x y"}),
        ("<a>: <b>;", "x: y", {"a": "x", "b": "y"}),
        ("at <a>", "x", {}),
        ("<_>k=<a> ", "k=1 ", {"a": "1"}),
        ("<a>", "", {"a": ""}),
    ],
)
def test_patterns_cut_lines(pattern: str, line: str, found: dict[str, str]):
    assert labels(f"| pattern `{pattern}`", line) == found


def test_regular_expressions_give_their_named_groups():
    assert labels("| regexp `(?P<m>GET|POST) (?P<path>\\S+)( (?P<v>x))?`", "POST /a z") == {
        "m": "POST",
        "path": "/a",
        "v": "",
    }
    assert labels("| regexp `(?P<m>GET)`", "PUT /a") == {}


def test_unpack_brings_back_a_line_and_its_labels():
    made = run("| unpack", '{"_entry": "작업", "pod": "p-1", "n": 5}')
    assert made
    assert (made.text, made.parsed) == ("작업", {"pod": "p-1"})
    assert labels("| unpack", '{"pod": "p-1"}') == {}


def test_decolorize():
    made = run("| decolorize", "\x1b[1;31mred\x1b[0m \x1b]0;title\x07end")
    assert made
    assert made.text == "red end"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("|> `<_> - <_>`", True),
        ("|> `10.1.2.3 <_>`", True),
        ("|> `<_> alice`", False),
        ("|> `<_> alice` or `10.<_>`", True),
        ("!> `10.<_>`", False),
        ("|= ip(`10.0.0.0/8`)", True),
        ("!= ip(`10.1.2.3`)", False),
        ("|= ip(`10.1.2.4-10.1.2.9`)", False),
        ("|= ip(`2001:db8::/32`)", True),
        ("|= `nothing` or ip(`10.1.2.3`)", True),
        ("| regexp `^(?P<a>\\S+)` | a = ip(`10.1.0.0/16`)", True),
        ("| regexp `^(?P<a>\\S+)` | a != ip(`10.1.0.0/16`)", False),
        ("| a = ip(`10.1.0.0/16`)", False),
    ],
)
def test_patterns_and_addresses_of_line_filters(text: str, kept: bool):
    assert (run(text, "10.1.2.3 - alice [2001:db8::7] GET") is not None) is kept


def test_what_is_cut_off_gives_the_members_in_front():
    found = labels("| json", '{"a": 1, "b": {"c": "x", "d": 2')
    assert found.pop("__error__") == "JSONParserErr"
    found.pop("__error_details__")
    assert found == {"a": "1", "b_c": "x"}
    assert labels('| json c="b.c", d="z"', '{"b": {"c": "x"}, "z": [1') == {"c": "x", "d": ""}


def test_a_parser_with_nothing_behind_it_may_be_followed_by_a_line_filter():
    assert run('| json != "a"', '{"b": 1}') is not None
    assert run('| logfmt !~ "a"', "a=1") is None


def test_drop_and_keep():
    made = run('| drop http_method, code="S", level', "x", **{"http.method": "GET", "code": "R"})
    assert made
    assert made.get("http_method") == ""
    assert made.labels() == {"service_name": "shop", "code": "R", "detected_level": "unknown"}
    kept = run("| keep code", "x", **{"http.method": "GET", "code": "R"})
    assert kept
    assert kept.labels() == {"code": "R"}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('|= "업을"', True),
        ('|= "x" or "작"', True),
        ('!= "x" or "작"', False),
        ('|~ "^작.+"', True),
        ('!~ "작"', False),
        ('| words "작업"', True),
    ],
)
def test_line_filters_behind_a_stage_that_changes_the_line(text: str, kept: bool):
    assert (run(f'| line_format "{{{{.task}}}}" {text}', "?", task="작업을 시작") is not None) is kept


def test_every_stage_is_compiled():
    assert all(compiled(stage) for stage in parse_lines("{} | json | logfmt | drop a | keep b | a=`b` |= `c`").stages)
    assert isinstance(parse_lines("{} | words `a`").stages[0], ast.WordFilter)
