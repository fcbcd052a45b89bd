"""From configuration to policies."""

from collections.abc import Callable, Sequence
from typing import Any

from ..compat import Rules
from ..policy import Policy
from .always_sample import AlwaysSample
from .and_ import And
from .bytes_limiting import BytesLimiting
from .composite import Composite
from .config import PolicyConfig
from .drop import Drop
from .latency import Latency
from .match import MatchPolicy
from .not_ import Not
from .probabilistic import Probabilistic
from .rate_limiting import RateLimiting
from .span_count import SpanCount
from .status_code import StatusCode
from .trace_flags import TraceFlags


def make_policies(policies: Sequence[PolicyConfig], rules: Rules) -> list[Policy]:
    """In the order in which they are asked: those that drop first, otherwise as configured."""
    return [make_policy(each, rules) for each in sorted(policies, key=lambda each: each.type != "drop")]


def make_policy(policy: PolicyConfig, rules: Rules) -> Policy:
    """One policy with its parts."""
    return _MAKE[policy.type](policy.name, policy.keys_of(policy.type), rules, policy)


def _parts(policy: PolicyConfig, rules: Rules) -> list[Policy]:
    return [make_policy(part, rules) for _, part in policy.parts()]


def _inverting(name: str, keys: Any, rules: Rules, _: PolicyConfig) -> Policy:
    return MatchPolicy(name, keys.matcher(), invert=keys.invert_match, plain=rules.plain_inversion)


_MAKE: dict[str, Callable[[str, Any, Rules, PolicyConfig], Policy]] = {
    "always_sample": lambda name, _keys, _rules, _policy: AlwaysSample(name),
    "latency": lambda name, keys, rules, _: Latency(name, keys, above=rules.latency_above_threshold),
    "status_code": lambda name, keys, _rules, _policy: StatusCode(name, keys),
    "string_attribute": _inverting,
    "numeric_attribute": _inverting,
    "boolean_attribute": _inverting,
    "probabilistic": lambda name, keys, _rules, _policy: Probabilistic(name, keys),
    "rate_limiting": lambda name, keys, rules, _: RateLimiting(name, keys, bucket=rules.rate_limiting_bucket),
    "bytes_limiting": lambda name, keys, _rules, _policy: BytesLimiting(name, keys),
    "span_count": lambda name, keys, _rules, _policy: SpanCount(name, keys),
    "trace_state": lambda name, keys, _rules, _policy: MatchPolicy(name, keys.matcher()),
    "trace_flags": lambda name, _keys, _rules, _policy: TraceFlags(name),
    "and": lambda name, _, rules, policy: And(name, _parts(policy, rules)),
    "not": lambda name, _, rules, policy: Not(name, _parts(policy, rules)[0]),
    "drop": lambda name, _, rules, policy: Drop(name, _parts(policy, rules)),
    "composite": lambda name, keys, rules, policy: Composite(
        name, _parts(policy, rules), keys.shares(unnamed_too=rules.composite_shares)
    ),
}
