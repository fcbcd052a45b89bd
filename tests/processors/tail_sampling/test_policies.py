"""Whatever the policies and the traces: columns decide as one trace after the other would."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier.processors.tail_sampling.compat import CHANGES, Rules
from otelier.processors.tail_sampling.decision import decide
from otelier.processors.tail_sampling.policies import PolicyConfig, make_policies
from otelier.processors.tail_sampling.policies.and_ import AndConfig
from otelier.processors.tail_sampling.policies.boolean_attribute import BooleanAttributeConfig
from otelier.processors.tail_sampling.policies.bytes_limiting import BytesLimitingConfig
from otelier.processors.tail_sampling.policies.composite import CompositeConfig, RateAllocation
from otelier.processors.tail_sampling.policies.drop import DropConfig
from otelier.processors.tail_sampling.policies.latency import LatencyConfig
from otelier.processors.tail_sampling.policies.not_ import NotConfig
from otelier.processors.tail_sampling.policies.numeric_attribute import NumericAttributeConfig
from otelier.processors.tail_sampling.policies.probabilistic import ProbabilisticConfig
from otelier.processors.tail_sampling.policies.rate_limiting import RateLimitingConfig
from otelier.processors.tail_sampling.policies.span_count import SpanCountConfig
from otelier.processors.tail_sampling.policies.status_code import StatusCodeConfig
from otelier.processors.tail_sampling.policies.string_attribute import StringAttributeConfig
from otelier.processors.tail_sampling.policies.trace_state import TraceStateConfig
from otelier.processors.tail_sampling.policy import all_matchers
from otelier.testing import component_context

from .due import Due, rows
from .one_by_one import OneByOne

small = st.integers(0, 12)
keys = st.sampled_from(["a", "b"])


def policy(type_: str, group: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[PolicyConfig]:
    field = f"{type_}_" if type_ in ("and", "not") else type_
    return st.builds(PolicyConfig, type=st.just(type_), **({field: group} if group is not None else {}))


latency = st.tuples(small, small).map(
    lambda ms: LatencyConfig(threshold_ms=ms[0], upper_threshold_ms=ms[1] and ms[0] + ms[1])
)
leaves = [
    policy("always_sample"),
    policy("trace_flags"),
    policy("latency", latency),
    policy(
        "status_code",
        st.builds(
            StatusCodeConfig,
            status_codes=st.lists(st.sampled_from(["OK", "ERROR", "UNSET"]), min_size=1, max_size=2).map(tuple),
        ),
    ),
    policy(
        "string_attribute",
        st.builds(StringAttributeConfig, key=keys, values=st.just(("x",)), invert_match=st.booleans()),
    ),
    policy(
        "numeric_attribute",
        st.builds(NumericAttributeConfig, key=keys, min_value=st.just(1), invert_match=st.booleans()),
    ),
    policy(
        "boolean_attribute",
        st.builds(BooleanAttributeConfig, key=keys, value=st.just(True), invert_match=st.booleans()),
    ),
    policy("trace_state", st.builds(TraceStateConfig, key=keys, values=st.just(("x",)))),
    policy(
        "probabilistic",
        st.builds(
            ProbabilisticConfig,
            sampling_percentage=st.sampled_from([0, 5, 33.3, 50, 100]),
            hash_salt=st.text(max_size=3),
        ),
    ),
    policy(
        "span_count", st.tuples(small, small).map(lambda n: SpanCountConfig(min_spans=n[0], max_spans=n[1] and sum(n)))
    ),
    policy("rate_limiting", st.builds(RateLimitingConfig, spans_per_second=st.integers(1, 20), burst_capacity=small)),
    policy(
        "bytes_limiting",
        st.builds(BytesLimitingConfig, bytes_per_second=st.integers(1, 2000), burst_capacity=st.integers(0, 3000)),
    ),
]


def composite(parts: list[PolicyConfig], percents: list[int | None], total: int) -> CompositeConfig:
    named = tuple(PolicyConfig(**{f: getattr(p, f) for f in p.__struct_fields__ if f != "name"}, name=str(at))
                  for at, p in enumerate(parts))  # fmt: skip
    shares = tuple(
        RateAllocation(policy=str(at), percent=percent)
        for at, percent in enumerate(percents[: len(parts)])
        if percent is not None
    )
    return CompositeConfig(max_total_spans_per_second=total, composite_sub_policy=named, rate_allocation=shares)


def nested(inner: st.SearchStrategy[PolicyConfig]) -> st.SearchStrategy[PolicyConfig]:
    some = st.lists(inner, min_size=1, max_size=3)
    return (
        policy("and", st.builds(AndConfig, and_sub_policy=some.map(tuple)))
        | policy("not", st.builds(NotConfig, not_sub_policy=inner))
        | policy(
            "composite",
            st.builds(
                composite,
                some,
                st.lists(st.sampled_from([None, 0, 10, 40]), min_size=3, max_size=3),
                st.integers(1, 60),
            ),
        )
    )


leaf = st.one_of(leaves)
part = st.recursive(leaf, nested, max_leaves=5)
dropping = policy("drop", st.builds(DropConfig, drop_sub_policy=st.lists(part, min_size=1, max_size=2).map(tuple)))
lists = st.lists(part | nested(leaf) | dropping, min_size=1, max_size=5)


@st.composite
def traces(draw: st.DrawFn, matchers: list[Any]) -> Due:
    return Due(
        number=draw(st.integers(0, 10**6)),
        took_ns=draw(st.integers(-1, 30)) * 10**6 + draw(st.sampled_from([0, -1, 1])),
        spans=draw(st.integers(1, 15)),
        size_bytes=draw(st.integers(1, 3000)),
        status_codes=draw(st.integers(1, 7)),
        flags=draw(st.sampled_from([0, 1, 256, 257])),
        found=dict(
            zip(matchers, draw(st.lists(st.booleans(), min_size=len(matchers), max_size=len(matchers))), strict=True)
        ),
    )


@pytest.mark.proves(
    "tail_sampling.sample_on_first_match",
    "tail_sampling.policies.latency.upper_threshold_ms",
    "tail_sampling.policies.{numeric,boolean}_attribute.invert_match",
    "tail_sampling.policies.rate_limiting.{spans_per_second,burst_capacity}",
    "tail_sampling.policies.bytes_limiting.{bytes_per_second,burst_capacity}",
    "tail_sampling.policies.composite.{composite_sub_policy,max_total_spans_per_second}",
    "tail_sampling.policies.composite.{rate_allocation.policy,rate_allocation.percent}",
    "tail_sampling.policies.drop.drop_sub_policy",
    "tail_sampling.{always_sample,latency,status_code}",
    "tail_sampling.{string_attribute,numeric_attribute,boolean_attribute}",
    "tail_sampling.{probabilistic,rate_limiting,bytes_limiting,span_count,trace_state}",
    "tail_sampling.{trace_flags,and,not,drop,composite}",
)
@settings(max_examples=400, deadline=None)
@given(st.data(), lists, st.booleans(), st.sets(st.sampled_from([change.rule for change in CHANGES])))
def test_columns_decide_as_one_trace_after_the_other_does(data, configured, first_match, old):
    rules = Rules(**dict.fromkeys(old, False))
    policies = make_policies(configured, rules, component_context())
    matchers = all_matchers(policies)
    reference = OneByOne(configured, rules)
    now_s = 0.0
    for due in data.draw(
        st.lists(st.lists(traces(list(dict.fromkeys(matchers))), max_size=12), min_size=1, max_size=3)
    ):
        now_s += data.draw(st.sampled_from([0.25, 1.0, 1.5]))
        found = decide(policies, rows(due, matchers), now_s, first_match=first_match)
        expected = [reference.decide(each, now_s, first_match=first_match) for each in due]
        assert found.verdicts.tolist() == [verdict for verdict, _, _ in expected]
        assert found.matrix.T.tolist() == [said for _, _, said in expected]
        assert [policies[at].name if at >= 0 else "" for at in found.deciders] == [name for _, name, _ in expected]
