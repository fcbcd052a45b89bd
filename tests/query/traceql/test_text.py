"""What is written down reads as itself, in one normal form."""

import pytest
from hypothesis import given

from otelier.query.traceql import parse, read, written

from .trees import queries


@given(queries())
def test_a_written_query_reads_as_itself(query):
    assert parse(written(query)) == query


@given(queries())
def test_the_normal_form_stays(query):
    text = written(query)
    assert written(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("{}", "{ }"),
        ("{true}", "{ }"),
        ('{span:name="a"}', '{ name = "a" }'),
        ("{trace:rootService=`a`}", '{ rootServiceName = "a" }'),
        ("{duration>1m30s}", "{ duration > 90s }"),
        ("{span:duration>0.5us&&.a=.5}", "{ duration > 500ns && .a = 0.5 }"),
        ('{span."http.method"=1}', "{ span.http.method = 1 }"),
        ('{."a b"=1}', '{ ."a b" = 1 }'),
        ("({})", "{ }"),
        ("(({}|{.a})) && {}", "({ } | { .a }) && { }"),
        ("{}|rate()by(.a)", "{ } | rate() by (.a)"),
        ("(({}|rate())>1)>2", "{ } | rate() > 1 > 2"),
        ("count()>minInt", "count() > minInt"),
        ("{}|sort(duration desc,name)", "{ } | sort(duration desc, name asc)"),
        ("{}|compare({},10)", "{ } | compare({ })"),
        ("({}|rate())*(1/2)", "({ } | rate()) * 0"),
    ],
)
def test_there_is_one_form_of_everything(text, normal):
    assert written(read(text)) == normal
