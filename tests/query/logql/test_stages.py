"""What stages make of a line."""

from typing import Any

import pytest

from otelier.query.log_labels import Scope
from otelier.query.logql import ast
from otelier.query.logql.line import Line
from otelier.query.logql.parse import parse_lines
from otelier.query.logql.stages import compiled
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
    assert labels("| json", line) == {"a": "1.50", "b_c": "작업", "b_d_e": "true", "key_1st": "x"}


def test_json_by_paths_takes_what_is_there():
    line = '{"a": {"b": [10, {"c": "x"}]}, "d": {"e": 1}}'
    text = '| json first="a.b[0]", c="a.b[1].c", whole="d", missing="z.y"'
    assert labels(text, line) == {"first": "10", "c": "x", "whole": '{"e":"1"}', "missing": ""}


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
    assert made.parsed == {"m": "GET", "x": "1", "a": "1"}


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
