"""Functions that the reference 0.155.0 has not, or whose answer is never the same; and what we do otherwise on purpose.

Where it crashes, prints addresses of memory or contradicts its own documentation, documentation counts.
"""

import re
import uuid
from contextlib import suppress

import pytest

from otelier.ottl import OttlError
from otelier.ottl.values import Time, TimeSpan

from .evaluation import evaluate, frame_of

NO_SPAN, A_SPAN = "SpanID(0x0000000000000000)", "SpanID(0x0000000000000001)"


@pytest.mark.proves("ottl.IsEmpty", "ottl.IsDouble", "ottl.ProfileID", "ottl.TraceID", "ottl.SpanID", "ottl.Duration")
@pytest.mark.parametrize(
    ("expression", "value"),
    [
        *[(f"IsEmpty({each})", True) for each in ('""', "0", "0.0", "false", "nil", "[]", "{}", NO_SPAN)],
        *[(f"IsEmpty({each})", False) for each in ('" "', "1", "true", "[nil]", '{"a": nil}', A_SPAN)],
        ("IsDouble(1.0)", True),
        ("IsDouble(1)", False),
        ("ProfileID(0x00112233445566778899aabbccddeeff)", bytes.fromhex("00112233445566778899aabbccddeeff")),
        ('TraceID("a389023abaa839283293ed323892389d")', bytes.fromhex("a389023abaa839283293ed323892389d")),
        ('SpanID("0102030405060708")', bytes(range(1, 9))),
        ('Duration("1h10m10s")', TimeSpan(4210 * 10**9)),
    ],
)  # fmt: skip
def test_values(expression, value):
    assert evaluate(expression) == value


@pytest.mark.proves("ottl.SliceToMap")
@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ("", {"0": {"name": "foo", "m": {"k": "K"}}}),
        (', ["name"]', {"foo": {"name": "foo", "m": {"k": "K"}}}),
        (', ["m", "k"], ["name"]', {"K": "foo"}),
    ],
)
def test_a_slice_of_maps(arguments, value):
    things = [{"name": "foo", "m": {"k": "K"}}]
    assert evaluate(f'SliceToMap(attributes["things"]{arguments})', {"things": things}) == value
    for path in ('["nope"]', '["m"]', '["name", "k"]', '["name"], ["nope"]'):
        with pytest.raises(OttlError):
            evaluate(f'SliceToMap(attributes["things"], {path})', {"things": things})


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        # Upstream prints addresses of memory.
        ('Format("%v", [{"b": "x", "a": 1}])', "map[a:1 b:x]"),
        # Upstream writes `_7`.
        ('FormatTime(Unix(1688900001), "%o")', " 7"),
        # Upstream panics, or reads capital letters only in English.
        ('UnixSeconds(Time("2023-05-26 01:11:12 PM", "%F %r"))', 1685063472 + 43200),
        ('UnixSeconds(Time("2002년 2월 25일", "%Y년 %B %d일", "", "ko"))', 1014595200),
        # Upstream takes the first piece of text only, and ignores results that are elements.
        ('ParseSimplifiedXML("<a>x<!-- c -->y</a>")', {"a": "xy"}),
        ("ConvertAttributesToElementsXML(\"<l i='1'><r i='2'/></l>\", \"/l/r\")", '<l i="1"><r><i>2</i></r></l>'),
        ('GetXML("<a><b>1</b></a>", "//b/text() | //a/b")', "<b>1</b>1"),
        # Fields may be called anything, and SYSLOGPROG's have names.
        ('ExtractGrokPatterns("a b", "%{WORD:x.y} %{WORD:@z}")', {"x.y": "a", "@z": "b"}),
        ('ExtractGrokPatterns("sshd[12]", "%{SYSLOGPROG}", true)', {"process.name": "sshd", "process.pid": 12}),
    ],
)
def test_differences_on_purpose(expression, value):
    assert evaluate(expression) == value


def test_a_day_that_does_not_exist_is_an_error_and_no_crash():
    with pytest.raises(OttlError, match="day"):
        evaluate('Time("2023-02-30", "%Y-%m-%d")')


@pytest.mark.proves("ottl.Now", "ottl.UUIDv7", "ottl.UUID")
def test_what_looks_at_the_clock():
    now = frame_of().clock.time_ns()
    assert evaluate("Now()") == Time(now)
    first, second = (uuid.UUID(evaluate("UUIDv7()")) for _ in range(2))
    assert first != second
    assert (first.version, first.variant, first.int >> 80) == (7, uuid.RFC_4122, now // 10**6)
    assert uuid.UUID(evaluate("UUID()")).version == 4


@pytest.mark.proves("ottl.IsRootSpan")
@pytest.mark.parametrize(("parent", "root"), [(b"", True), (bytes(8), True), (b"\1" * 8, False)])
def test_a_root_has_no_parent(parent, root):
    assert evaluate("IsRootSpan()", parent_span_id=parent) is root


@pytest.mark.proves("ottl.Time")
def test_a_time_without_year_is_never_more_than_a_week_ahead():
    assert re.match(r"20\d\d-", evaluate('FormatTime(Now(), "%F")'))
    now = evaluate("UnixSeconds(Now())")
    for days in (-200, -1, 6, 8, 200):
        written = evaluate(f'FormatTime(Unix({now + days * 86400}), "%b %d %T")')
        read = evaluate(f'UnixSeconds(Time("{written}", "%b %d %T"))')
        assert now - 366 * 86400 <= read <= now + 7 * 86400


@pytest.mark.parametrize("text", ["<!" + "a" * 200_000, "<" + "a" * 200_000, "<a " + "b" * 200_000, "<!--" * 50_000])
def test_what_is_no_xml_is_refused_without_trying_everything(text):
    """With backtracking this would take hours."""
    with pytest.raises(OttlError, match="this is no XML"):
        evaluate('ParseXML(attributes["x"])', {"x": text})


def test_many_elements_beside_each_other():
    """With a look at all the others for each of them this would take hours."""
    document = f"<a>{'<b>1</b>' * 50_000}</a>"
    assert len(evaluate('ParseSimplifiedXML(attributes["x"])', {"x": document})["a"]["b"]) == 50_000
    assert evaluate('RemoveXML(attributes["x"], "/a/b")', {"x": document}) == "<a></a>"


def test_a_width_beyond_all_measure_is_none():
    assert evaluate('Format("%9999999999d", [1])') == "%!(BADWIDTH)1"


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ('Double(attributes["x"])', "1" * 200_000 + "x"),
        ('Double(attributes["x"])', "0x" + "1" * 200_000),
        ('ParseInt(attributes["x"], 0)', "0" + "7" * 200_000 + "x"),
        ('Duration(attributes["x"])', "1" * 200_000),
        ('Time(attributes["x"], "%b %e")', "Jan" + " " * 200_000),
        ('URL(attributes["x"])', "http://" + "a" * 200_000 + "<"),
        ('ParseKeyValue(attributes["x"])', "a" * 200_000),
        ('ParseCSV(attributes["x"], "a,b")', '"' * 200_001),
        ('ParseJSON(attributes["x"])', "[" * 200_000),
    ],
)
def test_long_texts_that_mean_nothing_are_read_once(expression, text):
    """With backtracking some of these would take hours."""
    with suppress(OttlError):
        assert evaluate(expression, {"x": text}) is None


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('Double("1_0.5_0e1")', 105.0),
        ('Double("1.")', 1.0),
        ('Double(".5")', 0.5),
        ('Double("1__0")', None),
        ('Double("0x1.8p1")', 3.0),
        ('Double("0x.p1")', None),
        ('ParseInt("0_1_7", 0)', 15),
        ('ParseInt("0o17", 0)', 15),
        ('ParseInt("0", 0)', 0),
        ('Duration("1.5h.5m")', TimeSpan(5430 * 10**9)),
    ],
)
def test_numbers_are_spelled_as_in_go(expression, value):
    assert evaluate(expression) == value
