"""From configuration to policies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ....component import Context
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
from .ottl_condition import OttlCondition
from .probabilistic import Probabilistic
from .rate_limiting import RateLimiting
from .span_count import SpanCount
from .status_code import StatusCode
from .trace_flags import TraceFlags


def make_policies(policies: Sequence[PolicyConfig], rules: Rules, ctx: Context) -> list[Policy]:
    """In the order in which they are asked: those that drop first, otherwise as configured."""
    maker = _Maker(rules, ctx)
    return [maker.policy(each) for each in sorted(policies, key=lambda each: each.type != "drop")]


@dataclass(frozen=True, slots=True)
class _Maker:
    rules: Rules
    ctx: Context

    def policy(self, config: PolicyConfig) -> Policy:
        """One policy with its parts."""
        parts = [self.policy(part) for _, part in config.parts()]
        return _MAKE[config.type](config.name, config.keys_of(config.type), parts, self)


def _inverting(name: str, keys: Any, _: Sequence[Policy], maker: _Maker) -> Policy:
    return MatchPolicy(name, keys.matcher(), invert=keys.invert_match, plain=maker.rules.plain_inversion)


_MAKE: dict[str, Callable[[str, Any, Sequence[Policy], _Maker], Policy]] = {
    "always_sample": lambda name, _keys, _parts, _maker: AlwaysSample(name),
    "latency": lambda name, keys, _, maker: Latency(name, keys, above=maker.rules.latency_above_threshold),
    "status_code": lambda name, keys, _parts, _maker: StatusCode(name, keys),
    "string_attribute": _inverting,
    "numeric_attribute": _inverting,
    "boolean_attribute": _inverting,
    "probabilistic": lambda name, keys, _parts, _maker: Probabilistic(name, keys),
    "rate_limiting": lambda name, keys, _, maker: RateLimiting(name, keys, bucket=maker.rules.rate_limiting_bucket),
    "bytes_limiting": lambda name, keys, _parts, _maker: BytesLimiting(name, keys),
    "span_count": lambda name, keys, _parts, _maker: SpanCount(name, keys),
    "trace_state": lambda name, keys, _parts, _maker: MatchPolicy(name, keys.matcher()),
    "trace_flags": lambda name, _keys, _parts, _maker: TraceFlags(name),
    "ottl_condition": lambda name, keys, _, maker: OttlCondition(name, keys, maker.ctx),
    "and": lambda name, _keys, parts, _maker: And(name, parts),
    "not": lambda name, _keys, parts, _maker: Not(name, parts[0]),
    "drop": lambda name, _keys, parts, _maker: Drop(name, parts),
    "composite": lambda name, keys, parts, maker: Composite(
        name, parts, keys.shares(unnamed_too=maker.rules.composite_shares)
    ),
}
