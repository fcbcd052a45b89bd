"""Converters give what they were observed to give on the reference 0.155.0.

One file of cases for each module of functions; `test_against_the_reference` asks the reference again where it is
installed. What differs on purpose is in `test_own_ways.py`.
"""

import math
from typing import Any

import pytest

from otelier.ottl import OttlError

from .evaluation import ERROR, OBSERVED, evaluate, observed


def check(expression: str, value: Any) -> None:
    if value is ERROR:
        with pytest.raises(OttlError):
            evaluate(expression)
        return
    found = evaluate(expression)
    assert found == value or (isinstance(value, float) and math.isclose(found, value, rel_tol=1e-15))
    assert type(found) is type(value)


def cases(group: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("expression", "value"), observed(group))


@pytest.mark.proves(
    "ottl.Bool",
    "ottl.Double",
    "ottl.Int",
    "ottl.IsBool",
    "ottl.IsInt",
    "ottl.IsList",
    "ottl.IsMap",
    "ottl.IsString",
    "ottl.Len",
    "ottl.String",
)
@cases("conversions")
def test_conversions(expression, value):
    check(expression, value)


@pytest.mark.proves(
    "ottl.Duration",
    "ottl.Hours",
    "ottl.Microseconds",
    "ottl.Milliseconds",
    "ottl.Minutes",
    "ottl.Nanoseconds",
    "ottl.Seconds",
)
@cases("durations")
def test_durations(expression, value):
    check(expression, value)


@pytest.mark.proves(
    "ottl.ConvertAttributesToElementsXML",
    "ottl.ConvertTextToElementsXML",
    "ottl.GetXML",
    "ottl.InsertXML",
    "ottl.RemoveXML",
)
@cases("edit_xml")
def test_edit_xml(expression, value):
    check(expression, value)


@pytest.mark.proves("ottl.Base64Decode", "ottl.Base64Encode", "ottl.Decode", "ottl.Hex")
@cases("encodings")
def test_encodings(expression, value):
    check(expression, value)


@pytest.mark.proves("ottl.Format")
@cases("go_format")
def test_go_format(expression, value):
    check(expression, value)


@pytest.mark.proves("ottl.ExtractGrokPatterns")
@cases("grok")
def test_grok(expression, value):
    check(expression, value)


@pytest.mark.proves(
    "ottl.FNV",
    "ottl.MD5",
    "ottl.Murmur3Hash",
    "ottl.Murmur3Hash128",
    "ottl.SHA1",
    "ottl.SHA256",
    "ottl.SHA512",
    "ottl.XXH128",
    "ottl.XXH3",
)
@cases("hashes")
def test_hashes(expression, value):
    check(expression, value)


@pytest.mark.proves("ottl.IsRootSpan", "ottl.SpanID", "ottl.TraceID")
@cases("ids")
def test_ids(expression, value):
    check(expression, value)


@pytest.mark.proves("ottl.ParseKeyValue", "ottl.ToKeyValueString")
@cases("key_value")
def test_key_value(expression, value):
    check(expression, value)


@pytest.mark.proves("ottl.ConvertCase", "ottl.ToCamelCase", "ottl.ToLowerCase", "ottl.ToSnakeCase", "ottl.ToUpperCase")
@cases("letter_case")
def test_letter_case(expression, value):
    check(expression, value)


@pytest.mark.proves(
    "ottl.Coalesce", "ottl.ContainsValue", "ottl.Index", "ottl.Keys", "ottl.SliceToMap", "ottl.Sort", "ottl.Values"
)
@cases("lists")
def test_lists(expression, value):
    check(expression, value)


@pytest.mark.proves(
    "ottl.Day",
    "ottl.Hour",
    "ottl.Minute",
    "ottl.Month",
    "ottl.Nanosecond",
    "ottl.Second",
    "ottl.TruncateTime",
    "ottl.Unix",
    "ottl.UnixMicro",
    "ottl.UnixMilli",
    "ottl.UnixNano",
    "ottl.UnixSeconds",
    "ottl.Weekday",
    "ottl.Year",
)
@cases("moments")
def test_moments(expression, value):
    check(expression, value)


@pytest.mark.proves("ottl.CommunityID", "ottl.IsInCIDR", "ottl.URL")
@cases("network")
def test_network(expression, value):
    check(expression, value)


@pytest.mark.proves("ottl.IsValidLuhn", "ottl.Log", "ottl.ParseInt")
@cases("numbers")
def test_numbers(expression, value):
    check(expression, value)


@pytest.mark.proves("ottl.ParseCSV")
@cases("parse_csv")
def test_parse_csv(expression, value):
    check(expression, value)


@pytest.mark.proves("ottl.ParseJSON")
@cases("parse_json")
def test_parse_json(expression, value):
    check(expression, value)


@pytest.mark.proves("ottl.ParseSimplifiedXML", "ottl.ParseXML")
@cases("parse_xml")
def test_parse_xml(expression, value):
    check(expression, value)


@pytest.mark.proves("ottl.ParseSeverity")
@cases("severity")
def test_severity(expression, value):
    check(expression, value)


@pytest.mark.proves(
    "ottl.Concat",
    "ottl.ExtractPatterns",
    "ottl.HasPrefix",
    "ottl.HasSuffix",
    "ottl.IsMatch",
    "ottl.Split",
    "ottl.Substring",
    "ottl.Trim",
    "ottl.TrimPrefix",
    "ottl.TrimSuffix",
)
@cases("text")
def test_text(expression, value):
    check(expression, value)


@pytest.mark.proves("ottl.FormatTime", "ottl.Time")
@cases("time_text")
def test_time_text(expression, value):
    check(expression, value)


@pytest.mark.proves("ottl.UserAgent")
@cases("user_agent")
def test_user_agent(expression, value):
    check(expression, value)


def test_every_file_of_cases_is_read():
    assert {path.stem for path in OBSERVED.iterdir()} == {
        "conversions",
        "durations",
        "edit_xml",
        "encodings",
        "go_format",
        "grok",
        "hashes",
        "ids",
        "key_value",
        "letter_case",
        "lists",
        "moments",
        "network",
        "numbers",
        "parse_csv",
        "parse_json",
        "parse_xml",
        "severity",
        "text",
        "time_text",
        "user_agent",
    }
