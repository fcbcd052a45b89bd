"""Keys of policies: what is refused, and what is only remarked."""

from collections.abc import Iterable

import pytest

from otelier.component import Config, Duration
from otelier.config import ConfigError, decode, load
from otelier.processors.tail_sampling.advice import choices_that_matter
from otelier.processors.tail_sampling.compat import CHANGES, rules_of
from otelier.processors.tail_sampling.config import TailSamplingConfig
from otelier.processors.tail_sampling.policies import PolicyConfig, make_policies, name_problems
from otelier.processors.tail_sampling.policy import (
    BooleanMatcher,
    NumericMatcher,
    StringMatcher,
    TraceStateMatcher,
    all_matchers,
    encode_matchers,
)
from otelier.testing import component_context


class Listed(Config):
    policies: list[PolicyConfig]

    def problems(self) -> Iterable[tuple[str, str]]:
        return name_problems("policies", self.policies)


def policies(text: str) -> list[PolicyConfig]:
    document = load(["env:CONFIG"], env={"CONFIG": f"policies: [{text}]"})
    return decode(Listed, document.tree, (), document).policies


def refusal(text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        policies(text)
    return [problem.message for problem in error.value.problems]


def test_a_policy_of_each_type():
    configured = policies(
        """
        {name: all, type: always_sample},
        {name: slow, type: latency, latency: {threshold_ms: 500, upper_threshold_ms: 900}},
        {name: error, type: status_code, status_code: {status_codes: [ERROR, UNSET]}},
        {name: text, type: string_attribute, string_attribute:
            {key: http.target, values: ['\\/health', ok], enabled_regex_matching: true, invert_match: true}},
        {name: number, type: numeric_attribute, numeric_attribute: {key: n, min_value: 500}},
        {name: switch, type: boolean_attribute, boolean_attribute: {key: b, value: true}},
        {name: some, type: probabilistic, probabilistic: {sampling_percentage: 5, hash_salt: x}},
        {name: rate, type: rate_limiting, rate_limiting: {spans_per_second: 35}},
        {name: bytes, type: bytes_limiting, bytes_limiting: {bytes_per_second: 35, burst_capacity: 20}},
        {name: count, type: span_count, span_count: {min_spans: 2, max_spans: 20}},
        {name: state, type: trace_state, trace_state: {key: k, values: [v]}},
        {name: flagged, type: trace_flags},
        {name: cond, type: ottl_condition, ottl_condition: {span: ['name == "x"'], spanevent: ['name == "y"']}},
        {name: both, type: and, and: {and_sub_policy: [
            {name: a, type: always_sample}, {type: not, not: {not_sub_policy: {type: trace_flags}}}]}},
        {name: noise, type: drop, drop: {drop_sub_policy: [{type: span_count, span_count: {max_spans: 1}}]}},
        {name: shares, type: composite, composite: {max_total_spans_per_second: 100, policy_order: [c, d],
            composite_sub_policy: [{name: c, type: trace_flags}, {name: d, type: always_sample}],
            rate_allocation: [{policy: c, percent: 60}]}}
        """
    )
    made = make_policies(configured, rules_of(""), component_context())
    assert [policy.name for policy in made[:2]] == ["noise", "all"]
    assert len(made) == 16
    assert all_matchers(made) == [
        StringMatcher("http.target", ("\\/health", "ok"), regex=True),
        NumericMatcher("n", 500, 2**63 - 1),
        BooleanMatcher("b", value=True),
        TraceStateMatcher("k", ("v",)),
    ]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("{name: a, type: latency}", ["`type`: `latency` needs its keys in a group beside it, as `latency: {…}`"]),
        (
            "{type: always_sample}, {name: a, type: trace_flags}, {name: a, type: always_sample}",
            [
                "`name`: give each policy a name: metrics and decisions show it",
                "`name`: `a` is the name of an earlier policy; give this one another",
            ],
        ),
        (
            "{name: a, type: numeric_attribute, numeric_attribute: {key: n, min_value: 0}}",
            [
                "`numeric_attribute`: set min_value or max_value to something else than 0: "
                "0 means that there is no such limit"
            ],
        ),
        (
            "{name: a, type: composite, composite: {max_total_spans_per_second: 100, policy_order: [b, x], "
            "composite_sub_policy: [{name: b, type: trace_flags}, {type: trace_flags}], "
            "rate_allocation: [{policy: b, percent: 60}, {policy: b, percent: 60}, {policy: y}]}}",
            ["`name`: give each policy a name: metrics and decisions show it"],
        ),
        (
            "{name: a, type: not, not: {not_sub_policy: {type: drop, drop: {drop_sub_policy: [{type: trace_flags}]}}}}",
            ["`type`: `drop` can't be part of another policy; put it into `policies` itself"],
        ),
        (
            "{name: a, type: string_attribute, string_attribute: "
            "{key: k, values: ['(', '\\\\p{Greek}(?i)'], enabled_regex_matching: true}}",
            [
                '`values[0]`: "(" is no regular expression: unclosed group (at character 0)',
            ],
        ),
        (
            "{name: a, type: ottl_condition, ottl_condition: {span: [name == nil, nam == 1]}}, "
            "{name: b, type: ottl_condition, ottl_condition: {error_mode: ignore}}",
            [
                "`span[1]`: column 1: span has no path `nam`; did you mean `name`?",
                "`ottl_condition`: needs at least one condition in `span` or `spanevent`",
            ],
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(text, messages):
    assert refusal(text) == messages


@pytest.mark.proves("tail_sampling.policies.string_attribute.cache_max_size")
@pytest.mark.parametrize("size", [1, 10_000])
def test_the_size_of_the_collectors_cache_changes_nothing(size):
    (policy,) = policies(
        "{name: a, type: string_attribute, string_attribute: "
        f"{{key: k, values: [a, b, c], enabled_regex_matching: true, cache_max_size: {size}}}}}"
    )
    made = make_policies([policy], rules_of(""), component_context())
    assert all_matchers(made) == [StringMatcher("k", ("a", "b", "c"), regex=True)]


def test_shares_of_a_composite():
    (policy,) = policies(
        "{name: a, type: composite, composite: {max_total_spans_per_second: 1000, "
        "composite_sub_policy: [{name: b, type: trace_flags}, {name: c, type: trace_flags}, "
        "{name: d, type: trace_flags}], "
        "rate_allocation: [{policy: b, percent: 55}, {policy: c}]}}"
    )
    assert policy.composite
    assert policy.composite.shares(unnamed_too=True) == [550, 333, 333]
    assert policy.composite.shares(unnamed_too=False) == [550, 333, 0]


def test_matchers_are_told_to_the_core_as_json():
    assert encode_matchers(
        [StringMatcher("a", ("x",)), NumericMatcher("b", -(2**63), 5), BooleanMatcher("c", value=True)]
    ) == (
        b'[{"kind":"string","key":"a","values":["x"],"regex":false},'
        b'{"kind":"numeric","key":"b","min":-9223372036854775808,"max":5},'
        b'{"kind":"boolean","key":"c","value":true}]'
    )


EVERY_CHOICE = """
    {name: slow, type: latency, latency: {threshold_ms: 500}},
    {name: text, type: string_attribute, string_attribute: {key: k, values: [v], invert_match: true}},
    {name: both, type: and, and: {and_sub_policy: [{type: rate_limiting, rate_limiting: {spans_per_second: 5}}]}},
    {name: shares, type: composite, composite: {max_total_spans_per_second: 100,
        composite_sub_policy: [{name: c, type: trace_flags}]}}
"""
PATHS = [
    "policies.0.latency.threshold_ms",
    "policies.1.string_attribute.invert_match",
    "policies.2.and.and_sub_policy.0.rate_limiting",
    "policies.3.composite.rate_allocation",
]


@pytest.mark.parametrize("compat", ["", "0.143.0", "v0.155.0"])
@pytest.mark.proves("tail_sampling.compat")
def test_choices_that_versions_make_differently_are_told(compat):
    told = choices_that_matter(policies(EVERY_CHOICE), compat)
    assert [remark.path for remark in told] == PATHS
    followed = {change.rule: getattr(rules_of(compat), change.rule) for change in CHANGES}
    assert ["because of `compat`" not in remark.what for remark in told] == [
        followed["latency_above_threshold"],
        followed["plain_inversion"],
        followed["rate_limiting_bucket"],
        followed["composite_shares"],
    ]


def test_where_versions_agree_nothing_is_told():
    agreeing = """
        {name: slow, type: latency, latency: {threshold_ms: 500, upper_threshold_ms: 900}},
        {name: error, type: status_code, status_code: {status_codes: [ERROR]}}
    """
    assert choices_that_matter(policies(agreeing), "") == []
    alone = "{name: text, type: string_attribute, string_attribute: {key: k, values: [v], invert_match: true}}"
    assert choices_that_matter(policies(alone), "") == []


def test_traps_are_told():
    told = choices_that_matter(
        policies(
            """
            {name: a, type: trace_flags, latency: {threshold_ms: 500}},
            {name: b, type: numeric_attribute, numeric_attribute: {key: n, min_value: 0, max_value: 9}},
            {name: c, type: composite, composite: {max_total_spans_per_second: 100, policy_order: [e, d],
                composite_sub_policy: [{name: d, type: trace_flags}, {name: e, type: trace_flags}],
                rate_allocation: [{policy: d, percent: 50}, {policy: e, percent: 50}]}}
            """
        ),
        "",
    )
    assert [remark.path for remark in told] == [
        "policies.0.latency",
        "policies.1.numeric_attribute.min_value",
        "policies.2.composite.policy_order",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "{name: a, type: latency, latency: {threshold_ms: 5, upper_threshold_ms: 5}}",
            ["upper_threshold_ms: is not above threshold_ms (5): this policy samples nothing, as in the Collector"],
        ),
        (
            "{name: a, type: span_count, span_count: {min_spans: 5, max_spans: 4}}",
            ["max_spans: is less than min_spans (5): this policy samples nothing, as in the Collector"],
        ),
        (
            "{name: a, type: composite, composite: {max_total_spans_per_second: 100, policy_order: [b, x], "
            "composite_sub_policy: [{name: b, type: trace_flags}], "
            "rate_allocation: [{policy: b, percent: 60}, {policy: b, percent: 60}, {policy: y}]}}",
            [
                "policy_order.1: `x` has no effect: it is none of composite_sub_policy (`b`)",
                "rate_allocation.0.policy: `b` is named again below, and only that counts",
                "rate_allocation.2.policy: `y` has no effect: it is none of composite_sub_policy (`b`)",
                "rate_allocation: the percentages add up to 120: together the policies may sample more than the total",
            ],
        ),
        ("{name: a, type: span_count, span_count: {min_spans: 5, max_spans: 5}}", []),
    ],
)
def test_what_runs_in_the_collector_but_can_hardly_be_meant_is_remarked(text, told):
    (policy,) = policies(text)
    assert [f"{path}: {what}" for path, what, _ in policy.keys_of(policy.type).remarks()] == told


@pytest.mark.parametrize("text", ["latest", "155", "0.1.2.3"])
def test_compat_is_a_version(text):
    with pytest.raises(ValueError, match="not a version of the Collector"):
        rules_of(text)


def test_a_configuration_tells_what_its_policies_tell_and_what_the_expected_rate_means():
    listed = policies("{name: slow, type: latency, latency: {threshold_ms: 500}}")
    wait = Duration(30)
    enough = TailSamplingConfig(policies=listed, decision_wait=wait, num_traces=100, expected_new_traces_per_sec=3)
    assert [remark.path for remark in enough.remarks()] == ["policies.0.latency.threshold_ms"]
    few = TailSamplingConfig(policies=listed, decision_wait=wait, num_traces=100, expected_new_traces_per_sec=4)
    assert [remark.path for remark in few.remarks()] == ["policies.0.latency.threshold_ms", "num_traces"]
    assert "fewer than the 120 traces" in list(few.remarks())[-1].what
