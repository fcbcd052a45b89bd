import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.component import ComponentID


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("otlp", ComponentID("otlp")),
        ("otlp/2", ComponentID("otlp", "2")),
        ("tail_sampling/drop_unneeded_traces", ComponentID("tail_sampling", "drop_unneeded_traces")),
        ("otlp/a/b", ComponentID("otlp", "a/b")),
        (" otlp / 2 ", ComponentID("otlp", "2")),
        ("otlp/수신기", ComponentID("otlp", "수신기")),
        ("a" * 63, ComponentID("a" * 63)),
    ],
)
def test_type_and_name_are_split_at_the_first_slash(text: str, expected: ComponentID) -> None:
    assert ComponentID.parse(text) == expected
    assert ComponentID.parse(str(expected)) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "write type or type/name"),
        ("/2", "write type or type/name"),
        ("2otlp", "write type or type/name"),
        ("ot-lp", "write type or type/name"),
        ("수신기", "write type or type/name"),
        ("a" * 64, "write type or type/name"),
        ("otlp/", "no name after the slash"),
        ("otlp/ ", "no name after the slash"),
        ("otlp/a b", "can't stand in a name"),
        ("otlp/a\x00", "can't stand in a name"),
        ("otlp/a$", "can't stand in a name"),
        ("otlp/" + "a" * 1025, "more than 1024"),
    ],
)
def test_what_is_no_id_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        ComponentID.parse(text)


@given(st.text())
def test_an_id_that_parses_prints_as_one_that_parses_to_the_same(text: str) -> None:
    try:
        parsed = ComponentID.parse(text)
    except ValueError:
        return
    assert ComponentID.parse(str(parsed)) == parsed
