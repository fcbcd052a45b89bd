"""Relabelling against the rules as Prometheus documents them, a table of its actions, and properties."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.scrape.relabel import Relabelling, RelabelRule

BASE = {"a": "foo", "b": "bar", "c": "baz"}


def run(labels: dict[str, str], *rules: RelabelRule, names: str = "utf8") -> dict[str, str] | None:
    found = dict(labels)
    return found if Relabelling(rules, names)(found) else None  # type: ignore[arg-type]


def rule(**keys: object) -> RelabelRule:
    return RelabelRule(**keys)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        # replace
        (
            [rule(source_labels=("a",), regex="f(.*)", target_label="d", replacement="ch${1}-ch${1}")],
            {"d": "choo-choo"},
        ),
        (
            [rule(source_labels=("a", "b"), regex="f(.*);(.*)r", target_label="a", replacement="b${1}${2}m")],
            {"a": "boobam"},
        ),
        ([rule(source_labels=("a",), target_label="d", replacement="$1-$$-$x-${2}")], {"d": "foo-$--"}),
        ([rule(source_labels=("a",), regex="o", target_label="d", replacement="no")], {}),
        ([rule(source_labels=("a",), regex=".*o.*", target_label="d", replacement="x")], {"d": "x"}),
        ([rule(source_labels=("nothing",), target_label="c")], {"c": None}),
        ([rule(target_label="d", replacement="fixed")], {"d": "fixed"}),
        (
            [rule(source_labels=("a",), regex="(f)(?P<rest>.*)", target_label="d", replacement="${rest}$1")],
            {"d": "oof"},
        ),
        ([rule(source_labels=("a",), regex="(f).*", target_label="l_$1", replacement="v")], {"l_f": "v"}),
        ([rule(source_labels=("a",), target_label="d", replacement="$1x")], {"d": None}),
        # keep and drop
        ([rule(source_labels=("a",), regex="fo+", action="keep")], {}),
        ([rule(source_labels=("a",), regex="f", action="keep")], None),
        ([rule(source_labels=("a", "b"), regex="foo;bar", action="drop")], None),
        ([rule(source_labels=("a",), regex="no", action="drop")], {}),
        # equal
        ([rule(source_labels=("a",), target_label="b", action="keepequal")], None),
        ([rule(source_labels=("a",), target_label="b", action="dropequal")], {}),
        ([rule(source_labels=("a",), target_label="a", action="keepequal")], {}),
        ([rule(source_labels=("gone",), target_label="gone", action="dropequal")], None),
        # values
        ([rule(source_labels=("a",), target_label="d", action="uppercase")], {"d": "FOO"}),
        ([rule(source_labels=("c",), target_label="d", action="hashmod", modulus=1000)], {"d": "976"}),
        # names
        ([rule(regex="(b|c)", replacement="x_$1", action="labelmap")], {"x_b": "bar", "x_c": "baz"}),
        ([rule(regex="b|c", action="labeldrop")], {"b": None, "c": None}),
        ([rule(regex="a", action="labelkeep")], {"b": None, "c": None}),
        # one behind the other
        (
            [
                rule(source_labels=("a",), target_label="d", regex="f(.*)", replacement="$1"),
                rule(source_labels=("d",), regex="oo", action="keep"),
                rule(regex="a", action="labeldrop"),
            ],
            {"d": "oo", "a": None},
        ),
    ],
)
def test_actions(rules: list[RelabelRule], wanted: dict[str, str | None] | None) -> None:
    found = run(BASE, *rules)
    if wanted is None:
        assert found is None
    else:
        assert found == {k: v for k, v in (BASE | wanted).items() if v is not None}


def test_legacy_names_are_not_made() -> None:
    dotted = rule(source_labels=("a",), target_label="with.dot")
    assert run(BASE, dotted) == BASE | {"with.dot": "foo"}
    assert run(BASE, dotted, names="legacy") == BASE


@given(st.dictionaries(st.text(min_size=1), st.text(min_size=1)), st.integers(1, 2**63))
def test_hashmod_is_the_last_half_of_md5(labels: dict[str, str], modulus: int) -> None:
    found = run(labels, rule(source_labels=tuple(labels), target_label="h", action="hashmod", modulus=modulus))
    text = ";".join(labels.values())
    digest = hashlib.md5(text.encode()).hexdigest()
    assert found is not None
    assert found["h"] == str(int(digest[16:], 16) % modulus)


@given(st.dictionaries(st.text(), st.text(min_size=1)))
def test_the_default_rule_copies_any_text(labels: dict[str, str]) -> None:
    """Newlines and what is no BMP character fit `(.*)`, too."""
    found = run(labels | {"s": "x\n🙂"}, rule(source_labels=("s",), target_label="t"))
    assert found is not None
    assert found["t"] == "x\n🙂"


@pytest.mark.parametrize(
    ("keys", "at"),
    [
        ({"action": "hashmod", "target_label": "x"}, "modulus"),
        ({"action": "replace"}, "target_label"),
        ({"action": "keepequal", "source_labels": ("a",)}, "target_label"),
        ({"action": "lowercase", "target_label": "x", "replacement": "y"}, "replacement"),
        ({"action": "labeldrop", "source_labels": ("a",)}, "source_labels"),
        ({"action": "dropequal", "target_label": "x", "regex": "y"}, "regex"),
        ({"action": "keep", "regex": "(?=x)"}, "regex"),
    ],
)
def test_what_an_action_can_not_have(keys: dict[str, object], at: str) -> None:
    assert at in [path for path, _ in rule(**keys).problems()]


def test_each_step_can_be_shown() -> None:
    steps = Relabelling([rule(regex="b", action="labeldrop"), rule(source_labels=("b",), regex=".+", action="keep")])
    found = steps.explained(dict(BASE))
    assert [(kept, "b" in labels) for _, kept, labels in found] == [(True, False), (False, False)]
